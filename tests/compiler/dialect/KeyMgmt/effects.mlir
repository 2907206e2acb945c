// RUN: keymemrt-opt %s --canonicalize --cse --loop-invariant-code-motion --control-flow-sink | FileCheck %s

// The general passes of MLIR keep the lifetimes of keys.

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

// Equal loads are not merged: each acquires, and each is released.
// CHECK-LABEL: func.func @loads_stay
func.func @loads_stay(%x: !ct, %i: index) -> !ct {
  // CHECK: %[[K0:.*]] = key_mgmt.load_key
  %k0 = key_mgmt.load_key %i : index -> <>
  // CHECK: %[[K1:.*]] = key_mgmt.load_key
  %k1 = key_mgmt.load_key %i : index -> <>
  // CHECK: %[[X0:.*]] = key_mgmt.rotate %ct, %[[K0]]
  %0 = key_mgmt.rotate %x, %k0 : !ct, <> -> !ct
  // CHECK: key_mgmt.clear_key %[[K0]]
  key_mgmt.clear_key %k0 : <>
  // CHECK: %[[X1:.*]] = key_mgmt.rotate %[[X0]], %[[K1]]
  %1 = key_mgmt.rotate %0, %k1 : !ct, <> -> !ct
  // CHECK: key_mgmt.clear_key %[[K1]]
  key_mgmt.clear_key %k1 : <>
  // CHECK: key_mgmt.load_key
  %k2 = key_mgmt.load_key : !key_mgmt.relin_key
  // CHECK-NEXT: key_mgmt.load_key
  %k3 = key_mgmt.load_key : !key_mgmt.relin_key
  key_mgmt.clear_key %k2 : !key_mgmt.relin_key
  key_mgmt.clear_key %k3 : !key_mgmt.relin_key
  return %1 : !ct
}

// Equal rotations are merged, unused ones dropped; the load and its clear remain.
// CHECK-LABEL: func.func @rotations_are_values
func.func @rotations_are_values(%x: !ct, %i: index) -> !ct {
  // CHECK: %[[K:.*]] = key_mgmt.load_key
  %k = key_mgmt.load_key %i : index -> <>
  // CHECK-NEXT: %[[R:.*]] = key_mgmt.rotate %ct, %[[K]]
  %0 = key_mgmt.rotate %x, %k : !ct, <> -> !ct
  %1 = key_mgmt.rotate %x, %k : !ct, <> -> !ct
  %unused = key_mgmt.rotate %0, %k : !ct, <> -> !ct
  // CHECK-NEXT: key_mgmt.clear_key %[[K]]
  key_mgmt.clear_key %k : <>
  // CHECK-NEXT: ckks.add %[[R]], %[[R]]
  %2 = ckks.add %0, %1 : (!ct, !ct) -> !ct
  return %2 : !ct
}

// Neither a load that no value uses is dropped (a name by assume_loaded may need it), nor a prefetch.
// CHECK-LABEL: func.func @unused_load
func.func @unused_load(%x: !ct, %i: i64) -> !ct {
  // CHECK-NEXT: key_mgmt.prefetch_key
  key_mgmt.prefetch_key %i
  // CHECK-NEXT: key_mgmt.load_key
  %k = key_mgmt.load_key %i : i64 -> <>
  // CHECK-NEXT: %[[K:.*]] = key_mgmt.assume_loaded
  %l = key_mgmt.assume_loaded %i : i64 -> <>
  // CHECK-NEXT: key_mgmt.rotate %ct, %[[K]]
  %0 = key_mgmt.rotate %x, %l : !ct, <> -> !ct
  // CHECK-NEXT: key_mgmt.clear_key %[[K]]
  key_mgmt.clear_key %l : <>
  return %0 : !ct
}

// Two names of one index on the two sides of a load, or of a clear, stay two.
// CHECK-LABEL: func.func @names_stay
func.func @names_stay(%x: !ct, %i: i64) -> !ct {
  // CHECK: key_mgmt.assume_loaded
  %k0 = key_mgmt.assume_loaded %i : i64 -> <>
  // CHECK-NEXT: key_mgmt.rotate
  %0 = key_mgmt.rotate %x, %k0 : !ct, <> -> !ct
  // CHECK-NEXT: key_mgmt.clear_key
  key_mgmt.clear_key %k0 : <>
  // CHECK-NEXT: key_mgmt.load_key
  %k1 = key_mgmt.load_key %i : i64 -> <>
  // CHECK-NEXT: key_mgmt.assume_loaded
  %k2 = key_mgmt.assume_loaded %i : i64 -> <>
  // CHECK-NEXT: key_mgmt.rotate
  %1 = key_mgmt.rotate %0, %k2 : !ct, <> -> !ct
  // CHECK-NEXT: key_mgmt.clear_key
  key_mgmt.clear_key %k1 : <>
  return %1 : !ct
}

// A load in a loop, or under a condition, is not moved out of it, nor are its uses.
// CHECK-LABEL: func.func @invariant
func.func @invariant(%x: !ct, %i: i64, %n: index, %p: i1) -> !ct {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: scf.for
  %sum = scf.for %j = %c0 to %n step %c1 iter_args(%s = %x) -> !ct {
    // CHECK: scf.if
    %1 = scf.if %p -> !ct {
      // CHECK-NEXT: %[[K:.*]] = key_mgmt.load_key
      %k = key_mgmt.load_key %i : i64 -> <>
      // CHECK-NEXT: key_mgmt.rotate
      %0 = key_mgmt.rotate %x, %k : !ct, <> -> !ct
      // CHECK-NEXT: key_mgmt.clear_key %[[K]]
      key_mgmt.clear_key %k : <>
      scf.yield %0 : !ct
    } else {
      scf.yield %s : !ct
    }
    scf.yield %1 : !ct
  }
  return %sum : !ct
}

// One decomposition serves all, and leaves a loop; a keyed operation stays between load and clear.
// CHECK-LABEL: func.func @loop
func.func @loop(%x: !ct, %n: index) -> !ct {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: %[[D:.*]] = key_mgmt.decompose %ct
  // CHECK-NOT: key_mgmt.decompose
  // CHECK: scf.for
  %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x) -> !ct {
    // CHECK-NEXT: %[[K:.*]] = key_mgmt.load_key
    %k = key_mgmt.load_key %n : index -> <>
    %d = key_mgmt.decompose %x : !ct -> !key_mgmt.digits
    // CHECK-NEXT: key_mgmt.rotate_hoisted %ct, %[[D]], %[[K]]
    %0 = key_mgmt.rotate_hoisted %x, %d, %k : !ct, <> -> !ct
    // CHECK-NEXT: key_mgmt.clear_key %[[K]]
    key_mgmt.clear_key %k : <>
    %1 = ckks.add %s, %0 : (!ct, !ct) -> !ct
    scf.yield %1 : !ct
  }
  return %sum : !ct
}

// Clears stay where they are.
// CHECK-LABEL: func.func @clears_stay
func.func @clears_stay(%x: !ct) -> !ct {
  // CHECK: ckks.negate
  %0 = ckks.negate %x : !ct
  // CHECK-NEXT: key_mgmt.clear %ct
  key_mgmt.clear %x : !ct
  // CHECK-NEXT: ckks.add
  %1 = ckks.add %0, %0 : (!ct, !ct) -> !ct
  // CHECK-NEXT: key_mgmt.clear
  key_mgmt.clear %0 : !ct
  return %1 : !ct
}
