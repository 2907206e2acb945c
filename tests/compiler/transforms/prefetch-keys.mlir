// RUN: keymemrt-opt %s --prefetch-keys=distance=2 | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // Two key switches before, or as early as can be.
  // CHECK-LABEL: func.func @line
  // CHECK-DAG: key_mgmt.prefetch_key %c5_i64
  // CHECK-DAG: key_mgmt.prefetch_key %c7_i64
  // CHECK: %[[C9:.*]] = arith.constant 9 : i64
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 5>
  // CHECK-NEXT: key_mgmt.prefetch_key %[[C9]]
  // CHECK-NEXT: key_mgmt.rotate
  // CHECK-NOT: key_mgmt.prefetch_key
  // CHECK: return
  func.func @line(%x: !ct) -> !ct {
    %c5 = arith.constant 5 : i64
    %c7 = arith.constant 7 : i64
    %c9 = arith.constant 9 : i64
    %k5 = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    %a = key_mgmt.rotate %x, %k5 : !ct, <rotation_index = 5> -> !ct
    key_mgmt.clear_key %k5 : <rotation_index = 5>
    %k7 = key_mgmt.load_key %c7 : i64 -> <rotation_index = 7>
    %b = key_mgmt.rotate %a, %k7 : !ct, <rotation_index = 7> -> !ct
    key_mgmt.clear_key %k7 : <rotation_index = 7>
    %k9 = key_mgmt.load_key %c9 : i64 -> <rotation_index = 9>
    %c = key_mgmt.rotate %b, %k9 : !ct, <rotation_index = 9> -> !ct
    key_mgmt.clear_key %k9 : <rotation_index = 9>
    return %c : !ct
  }

  // The key of the next iteration: before the loop for the first, in each for the one after it, where there is one.
  // CHECK-LABEL: func.func @loop
  // CHECK: %[[LAST:.*]] = affine.min
  // CHECK: arith.cmpi slt, %{{.*}}, %[[LAST]]
  // CHECK-NEXT: scf.if
  // CHECK: affine.apply
  // CHECK-NEXT: key_mgmt.prefetch_key
  // CHECK-NEXT: }
  // CHECK: affine.for %[[I:.*]] = 2 to 6
  // CHECK-NEXT: %[[NEXT:.*]] = arith.addi %[[I]]
  // CHECK-NEXT: arith.cmpi slt, %[[NEXT]], %[[LAST]]
  // CHECK-NEXT: scf.if
  // CHECK-NEXT: %[[INDEX:.*]] = affine.apply {{.*}}(%[[NEXT]])
  // CHECK-NEXT: key_mgmt.prefetch_key %[[INDEX]] : index
  // CHECK-NEXT: }
  // CHECK: key_mgmt.load_key
  func.func @loop(%x: !ct) -> !ct {
    %y = affine.for %i = 2 to 6 iter_args(%a = %x) -> (!ct) {
      %j = affine.apply affine_map<(d0) -> (d0 * 3)>(%i)
      %k = key_mgmt.load_key %j : index -> <>
      %r = key_mgmt.rotate %a, %k : !ct, <> -> !ct
      key_mgmt.clear_key %k : <>
      affine.yield %r : !ct
    }
    return %y : !ct
  }

  // A loop of scf, and one whose iterations cost nothing: the key of the next iteration as well.
  // CHECK-LABEL: func.func @free
  // CHECK: scf.for
  // CHECK: scf.if
  // CHECK: key_mgmt.prefetch_key
  // CHECK: key_mgmt.load_key
  func.func @free(%x: !ct) -> !ct {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    scf.for %i = %c0 to %c4 step %c1 {
      %k = key_mgmt.load_key %i : index -> <>
      key_mgmt.clear_key %k : <>
    }
    return %x : !ct
  }

  // An index that cannot be computed any earlier is hinted at where it is known, not dropped.
  // CHECK-LABEL: func.func @late
  // CHECK: %[[I:.*]] = memref.load
  // CHECK-NEXT: key_mgmt.prefetch_key %[[I]] : index
  func.func @late(%x: !ct, %m: memref<index>) -> !ct {
    %c5 = arith.constant 5 : i64
    %k5 = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    %a = key_mgmt.rotate %x, %k5 : !ct, <rotation_index = 5> -> !ct
    key_mgmt.clear_key %k5 : <rotation_index = 5>
    %i = memref.load %m[] : memref<index>
    %b = ckks.negate %a : !ct
    %k = key_mgmt.load_key %i : index -> <>
    %c = key_mgmt.rotate %b, %k : !ct, <> -> !ct
    key_mgmt.clear_key %k : <>
    return %c : !ct
  }
}
