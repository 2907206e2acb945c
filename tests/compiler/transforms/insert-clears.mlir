// RUN: keymemrt-opt %s --insert-clears | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @clears
  // CHECK-SAME: (%[[X:.*]]: !ct{{.*}}, %[[U:.*]]: !ct{{.*}}, %[[R:.*]]: !ct{{.*}}, %[[W:.*]]: tensor<512xf64>)
  func.func @clears(%x: !ct, %unused: !ct, %returned: !ct, %w: tensor<512xf64>) -> (!ct, !ct) {
    // CHECK-NEXT: key_mgmt.clear %[[U]]
    // CHECK-NEXT: %[[C:.*]] = arith.constant
    // CHECK-NEXT: %[[P:.*]] = lwe.rlwe_encode %[[W]]
    // CHECK-NEXT: %[[D:.*]] = key_mgmt.decompose %[[X]]
    // CHECK-NEXT: %[[K:.*]] = key_mgmt.load_key
    // CHECK-NEXT: %[[A:.*]] = key_mgmt.rotate_hoisted %[[X]], %[[D]], %[[K]]
    // CHECK-NEXT: key_mgmt.clear %[[X]]
    // CHECK-NEXT: key_mgmt.clear %[[D]] : !key_mgmt.digits
    // CHECK-NEXT: key_mgmt.clear_key %[[K]]
    // CHECK-NEXT: %[[M:.*]] = ckks.mul_plain %[[A]], %[[P]]
    // CHECK-NEXT: key_mgmt.clear %[[P]] : !pt
    // Used twice by one operation, cleared once.
    // CHECK-NEXT: %[[B:.*]] = ckks.add %[[A]], %[[A]]
    // CHECK-NEXT: key_mgmt.clear %[[A]]
    // CHECK-NEXT: %[[Y:.*]] = ckks.sub %[[M]], %[[B]]
    // CHECK-NEXT: key_mgmt.clear %[[M]]
    // CHECK-NEXT: key_mgmt.clear %[[B]]
    // CHECK-NEXT: return %[[Y]], %[[R]]
    %c1 = arith.constant 1 : i64
    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    %d = key_mgmt.decompose %x : !ct -> !key_mgmt.digits
    %k = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %a = key_mgmt.rotate_hoisted %x, %d, %k : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 1>
    %m = ckks.mul_plain %a, %p : (!ct, !pt) -> !ct
    %b = ckks.add %a, %a : (!ct, !ct) -> !ct
    %y = ckks.sub %m, %b : (!ct, !ct) -> !ct
    return %y, %returned : !ct, !ct
  }
}
