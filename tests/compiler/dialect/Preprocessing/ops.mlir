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
  func.func @f(%p: !pt, %i: index, %j: index) -> !pt {
    // CHECK: %[[S:.*]] = preprocessing.empty : <!pt, tensor<2x!pt>>
    %s = preprocessing.empty : !preprocessing.storage<!pt, tensor<2x!pt>>
    // CHECK: preprocessing.store %{{.*}}, %[[S]][] site 0<!pt> : !pt, <!pt, tensor<2x!pt>>
    preprocessing.store %p, %s[] site 0<!pt> : !pt, !preprocessing.storage<!pt, tensor<2x!pt>>
    // CHECK: preprocessing.store %{{.*}}, %[[S]][%{{.*}}, %{{.*}}] site 1<!pt>
    preprocessing.store %p, %s[%i, %j] site 1 <!pt> : !pt, !preprocessing.storage<!pt, tensor<2x!pt>>
    // CHECK: preprocessing.load %[[S]][%{{.*}}, %{{.*}}] site 1<!pt>
    %q = preprocessing.load %s[%i, %j] site 1 <!pt> : !preprocessing.storage<!pt, tensor<2x!pt>>, !pt
    // CHECK: preprocessing.load_resource "weights/conv1.bin" : tensor<4x8xf32>
    %w = preprocessing.load_resource "weights/conv1.bin" : tensor<4x8xf32>
    return %q : !pt
  }
}
