// Keys around loops and branches. What merging does is sound: verify-key-lifetimes proves it.
// RUN: keymemrt-opt %s --merge-key-lifetimes --verify-key-lifetimes=report=false | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: keymemrt-opt %s --rotation-index-analysis --merge-key-lifetimes=max-live-keys=2 --verify-key-lifetimes=report=false | FileCheck %s --check-prefixes=CHECK,TWO

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // A key before a loop, in it and after it: one load. In nested loops too.
  // CHECK-LABEL: func.func @around
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 3>
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: affine.for
  // CHECK: affine.for
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: key_mgmt.clear_key
  // CHECK-NEXT: return
  func.func @around(%x: !ct) -> !ct {
    %c3 = arith.constant 3 : i64
    %k = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 3>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %t = affine.for %j = 0 to 4 iter_args(%u = %s) -> (!ct) {
        %l = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
        %v = key_mgmt.rotate %u, %l : !ct, <rotation_index = 3> -> !ct
        key_mgmt.clear_key %l : <rotation_index = 3>
        affine.yield %v : !ct
      }
      affine.yield %t : !ct
    }
    %m = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 3>
    return %c : !ct
  }

  // A loop that loads the key of its iteration. A key from before it stays alive through it only where the bound
  // allows two, and where the loop's keys are known to be others: then there is no second load of one key at once.
  // CHECK-LABEL: func.func @beside
  // ONE: key_mgmt.load_key
  // ONE: key_mgmt.clear_key
  // ONE: affine.for
  // ONE: key_mgmt.load_key {{.*}} -> <>
  // ONE: key_mgmt.clear_key
  // ONE: key_mgmt.load_key
  // ONE: key_mgmt.clear_key
  // TWO: key_mgmt.load_key {{.*}} -> <rotation_index = 9>
  // TWO-NOT: key_mgmt.clear_key
  // TWO: affine.for
  // TWO: key_mgmt.load_key {{.*}} {indices = array<i64: 0, 1, 2, 3>} {{.*}} -> <>
  // TWO: key_mgmt.clear_key
  // TWO: }
  // TWO-NOT: key_mgmt.load_key
  // TWO: key_mgmt.clear_key
  func.func @beside(%x: !ct) -> !ct {
    %c9 = arith.constant 9 : i64
    %k = key_mgmt.load_key %c9 : i64 -> <rotation_index = 9>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 9> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 9>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %l = key_mgmt.load_key %i : index -> <>
      %v = key_mgmt.rotate %s, %l : !ct, <> -> !ct
      key_mgmt.clear_key %l : <>
      affine.yield %v : !ct
    }
    %m = key_mgmt.load_key %c9 : i64 -> <rotation_index = 9>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 9> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 9>
    return %c : !ct
  }

  // The same with a key that the loop loads too, in its third iteration: it is cleared before the loop.
  // CHECK-LABEL: func.func @among
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // CHECK: key_mgmt.clear_key
  // CHECK: affine.for
  // CHECK: key_mgmt.load_key {{.*}} -> <>
  // CHECK: key_mgmt.clear_key
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // CHECK: key_mgmt.clear_key
  func.func @among(%x: !ct) -> !ct {
    %c2 = arith.constant 2 : i64
    %k = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 2>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %l = key_mgmt.load_key %i : index -> <>
      %v = key_mgmt.rotate %s, %l : !ct, <> -> !ct
      key_mgmt.clear_key %l : <>
      affine.yield %v : !ct
    }
    %m = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 2>
    return %c : !ct
  }

  // Both ways of a branch load it; a loop that runs once gains nothing.
  // CHECK-LABEL: func.func @ways
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 5, level = 2>
  // CHECK-NEXT: scf.if
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: key_mgmt.clear_key {{.*}} : <rotation_index = 5, level = 2>
  // CHECK: affine.for
  // CHECK-NEXT: arith.constant
  // CHECK-NEXT: key_mgmt.load_key
  func.func @ways(%x: !ct, %b: i1) -> !ct {
    %c5 = arith.constant 5 : i64
    %y = scf.if %b -> (!ct) {
      %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5, level = 2>
      %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 5, level = 2> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 5, level = 2>
      scf.yield %a : !ct
    } else {
      %n = ckks.negate %x : !ct
      %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5, level = 2>
      %a = key_mgmt.rotate %n, %k : !ct, <rotation_index = 5, level = 2> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 5, level = 2>
      scf.yield %a : !ct
    }
    %z = affine.for %i = 0 to 1 iter_args(%s = %y) -> (!ct) {
      %c7 = arith.constant 7 : i64
      %k = key_mgmt.load_key %c7 : i64 -> <rotation_index = 7>
      %a = key_mgmt.rotate %s, %k : !ct, <rotation_index = 7> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 7>
      affine.yield %a : !ct
    }
    return %z : !ct
  }

  // Of one key at two levels, the joined one is good for both.
  // CHECK-LABEL: func.func @levels
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 1, level = 2>
  // CHECK-NOT: key_mgmt.load_key
  func.func @levels(%x: !ct) -> !ct {
    %c1 = arith.constant 1 : i64
    %k = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1, level = 2>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 1, level = 2> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 1, level = 2>
    %l = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1, level = 2>
    %b = key_mgmt.rotate %a, %l : !ct, <rotation_index = 1, level = 2> -> !ct
    key_mgmt.clear_key %l : <rotation_index = 1, level = 2>
    return %b : !ct
  }
}
