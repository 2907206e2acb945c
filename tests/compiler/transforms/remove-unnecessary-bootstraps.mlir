// RUN: keymemrt-opt %s --remove-unnecessary-bootstraps --split-input-file | FileCheck %s

// Of the three, one suffices: which, the levels say.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @three
  // CHECK-NEXT: orion.linear_transform
  // CHECK-NEXT: %[[A:.*]] = orion.linear_transform
  // CHECK-NEXT: %[[B:.*]] = ckks.bootstrap %[[A]]
  // CHECK-NEXT: orion.linear_transform %[[B]]
  // CHECK-NEXT: return
  func.func @three(%x: !ct, %w: tensor<1x512xf64>) -> !ct {
    %0 = ckks.bootstrap %x : !ct -> !ct
    %a = orion.linear_transform %0, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    %b = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    %1 = ckks.bootstrap %b : !ct -> !ct
    %c = orion.linear_transform %1, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    %2 = ckks.bootstrap %c : !ct -> !ct
    return %2 : !ct
  }
}

// -----

// Too few levels even with it: left as it is, for the inference to refuse.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @never_enough
  // CHECK: ckks.bootstrap
  func.func @never_enough(%x: !ct) -> !ct {
    %0 = ckks.bootstrap %x : !ct -> !ct
    %a = orion.chebyshev %0 {coefficients = [0.0, 0.5, 0.5, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %a : !ct
  }
}
