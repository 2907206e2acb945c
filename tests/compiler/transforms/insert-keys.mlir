// RUN: keymemrt-opt %s --insert-keys | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @keys
  // CHECK-SAME: (%[[X:.*]]: !ct
  func.func @keys(%x: !ct) -> (!ct, !ct) {
    // CHECK-NEXT: %[[C5:.*]] = arith.constant 5 : i64
    // CHECK-NEXT: %[[K5:.*]] = key_mgmt.load_key %[[C5]] : i64 -> <rotation_index = 5>
    // CHECK-NEXT: %[[A:.*]] = key_mgmt.rotate %[[X]], %[[K5]] {kmrt.level = 2 : i64, kmrt.scale = 3.000000e+00 : f64}
    // CHECK-NEXT: key_mgmt.clear_key %[[K5]] : <rotation_index = 5>
    %a = ckks.rotate %x {kmrt.level = 2 : i64, kmrt.scale = 3.0 : f64, static_shift = 5 : i64} : !ct
    // CHECK-NEXT: %[[S:.*]] = ckks.mul %[[X]], %[[A]]
    %s = ckks.mul %x, %a : (!ct, !ct) -> !ct3
    // CHECK-NEXT: %[[RK:.*]] = key_mgmt.load_key
    // CHECK-NEXT: %[[R:.*]] = key_mgmt.relinearize %[[S]], %[[RK]]
    // CHECK-NEXT: key_mgmt.clear_key %[[RK]] : !key_mgmt.relin_key
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    // The same rotation of the same ciphertext is not made again.
    %b = ckks.rotate %x {static_shift = 5 : i64} : !ct
    // CHECK-NEXT: return %[[R]], %[[A]]
    return %r, %b : !ct, !ct
  }

  // What was known of a shift before it became a constant says nothing of the key.
  // CHECK-LABEL: func.func @constant
  // CHECK: key_mgmt.load_key %{{[^ ]*}} : i64 -> <rotation_index = 3>
  func.func @constant(%x: !ct) -> !ct {
    %a = ckks.rotate %x {indices = array<i64: 1, 2>, static_shift = 3 : i64} : !ct
    return %a : !ct
  }
}
