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

  // CHECK-LABEL: func.func @hoist
  // CHECK-SAME: (%[[X:.*]]: !ct
  func.func @hoist(%x: !ct) -> (!ct, !ct, !ct) {
    // CHECK: %[[K1:.*]] = key_mgmt.load_key
    // CHECK-NEXT: %[[D:.*]] = key_mgmt.decompose %[[X]] : !ct{{.*}} -> !key_mgmt.digits
    // CHECK-NEXT: %[[A:.*]] = key_mgmt.rotate_hoisted %[[X]], %[[D]], %[[K1]]
    // CHECK: key_mgmt.rotate_hoisted %[[X]], %[[D]]
    // Its only rotation.
    // CHECK: key_mgmt.rotate %[[A]]
    // CHECK-NOT: key_mgmt.decompose
    %c1 = arith.constant 1 : i64
    %c2 = arith.constant 2 : i64
    %c3 = arith.constant 3 : i64
    %ka = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %a = key_mgmt.rotate %x, %ka : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %ka : <rotation_index = 1>
    %kb = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %b = key_mgmt.rotate %x, %kb : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %kb : <rotation_index = 2>
    %kc = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %c = key_mgmt.rotate %a, %kc : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %kc : <rotation_index = 1>
    return %a, %b, %c : !ct, !ct, !ct
  }
}
