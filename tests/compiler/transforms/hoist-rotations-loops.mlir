// RUN: keymemrt-opt %s --hoist-rotations | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // A ciphertext that does not change in two loops: decomposed once before both.
  // CHECK-LABEL: func.func @invariant
  // CHECK-SAME: (%[[X:.*]]: !ct{{[^,]*}}, %[[S:.*]]: !ct
  // CHECK: %[[D:.*]] = key_mgmt.decompose %[[X]]
  // CHECK-NEXT: affine.for
  // CHECK-NEXT: affine.for
  // CHECK: key_mgmt.rotate_hoisted %[[X]], %[[D]]
  // What changes in each iteration is decomposed where it is rotated, once or not at all.
  // CHECK: key_mgmt.rotate %
  // CHECK-NOT: key_mgmt.decompose
  func.func @invariant(%x: !ct, %s: !ct) -> !ct {
    %y = affine.for %i = 0 to 4 iter_args(%a = %s) -> (!ct) {
      %z = affine.for %j = 0 to 4 iter_args(%b = %a) -> (!ct) {
        %k = key_mgmt.load_key %j : index -> <>
        %r = key_mgmt.rotate %x, %k : !ct, <> -> !ct
        %t = key_mgmt.rotate %b, %k : !ct, <> -> !ct
        key_mgmt.clear_key %k : <>
        %u = ckks.add %r, %t : (!ct, !ct) -> !ct
        affine.yield %u : !ct
      }
      affine.yield %z : !ct
    }
    return %y : !ct
  }

  // In two branches: before the branch, so that the digits are there on both ways.
  // CHECK-LABEL: func.func @branches
  // CHECK: key_mgmt.decompose
  // CHECK-NEXT: scf.if
  // CHECK: key_mgmt.rotate_hoisted
  // CHECK: } else {
  // CHECK: key_mgmt.rotate_hoisted
  // A loop that runs once is none.
  // CHECK: affine.for
  // CHECK: key_mgmt.rotate %
  func.func @branches(%x: !ct, %w: !ct, %b: i1) -> (!ct, !ct) {
    %c1 = arith.constant 1 : i64
    %k = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %y = scf.if %b -> (!ct) {
      %r = key_mgmt.rotate %x, %k : !ct, <rotation_index = 1> -> !ct
      scf.yield %r : !ct
    } else {
      %n = key_mgmt.rotate %x, %k : !ct, <rotation_index = 1> -> !ct
      %r = ckks.negate %n : !ct
      scf.yield %r : !ct
    }
    %z = affine.for %j = 0 to 1 iter_args(%a = %y) -> (!ct) {
      %r = key_mgmt.rotate %w, %k : !ct, <rotation_index = 1> -> !ct
      affine.yield %r : !ct
    }
    key_mgmt.clear_key %k : <rotation_index = 1>
    return %y, %z : !ct, !ct
  }
}
