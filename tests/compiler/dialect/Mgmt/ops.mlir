// RUN: %roundtrip | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @f
  // CHECK-SAME: mgmt.mgmt = #mgmt.mgmt<level = 1>
  // CHECK-SAME: attributes {mgmt.openfhe_params = #mgmt.openfhe_params<evalAddCount = 3, keySwitchCount = 2>}
  func.func @f(%x: !ct {mgmt.mgmt = #mgmt.mgmt<level = 1>}, %p: !pt) -> !ct
      attributes {mgmt.openfhe_params = #mgmt.openfhe_params<evalAddCount = 3, keySwitchCount = 2>} {
    // CHECK: mgmt.init %{{.*}} {mgmt.mgmt = #mgmt.mgmt<level = 2, scale = 45>} : !pt
    %q = mgmt.init %p {mgmt.mgmt = #mgmt.mgmt<scale = 45, level = 2, dimension = 2>} : !pt
    // CHECK: ckks.add_plain {{.*}} {mgmt.mgmt = #mgmt.mgmt<level = 2, dimension = 3>}
    %y = ckks.add_plain %x, %q {mgmt.mgmt = #mgmt.mgmt<level = 2, dimension = 3>} : (!ct, !pt) -> !ct
    return %y : !ct
  }
}
