// RUN: keymemrt-opt %s --place-bootstraps=insecure --split-input-file --verify-diagnostics | FileCheck %s

// Two levels do for this.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @enough
  // CHECK-NOT: ckks.bootstrap
  // CHECK: return
  func.func @enough(%x: !ct) -> !ct {
    %y = orion.chebyshev %x {coefficients = [0.0, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %y : !ct
  }
}

// -----

// A residual block after a layer: the bootstrap right before the branch's first use serves both sides; every other place
// would need two.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @residual
  // CHECK: %[[T:.*]] = orion.linear_transform
  // CHECK-NEXT: %[[B:.*]] = ckks.bootstrap %[[T]]
  // CHECK-NEXT: %[[P:.*]] = orion.chebyshev %[[B]]
  // CHECK-NEXT: ckks.add %[[B]], %[[P]]
  // CHECK-NOT: ckks.bootstrap
  func.func @residual(%x: !ct, %w: tensor<1x512xf64>) -> !ct {
    %t = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    // expected-remark@+1 {{the program runs out of its 2 levels: bootstrapped 1 time, here}}
    %p = orion.chebyshev %t {coefficients = [0.0, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    %y = ckks.add %t, %p : (!ct, !ct) -> !ct
    return %y : !ct
  }
}

// -----

// A value may be bootstrapped again later.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @twice
  // CHECK: orion.chebyshev
  // CHECK-NEXT: ckks.bootstrap
  // CHECK-NEXT: orion.chebyshev
  // CHECK-NEXT: ckks.bootstrap
  // CHECK-NEXT: orion.chebyshev
  func.func @twice(%x: !ct) -> !ct {
    %a = orion.chebyshev %x {coefficients = [0.0, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    // expected-remark@+1 {{bootstrapped 2 times, first here}}
    %b = orion.chebyshev %a {coefficients = [0.0, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    %c = orion.chebyshev %b {coefficients = [0.0, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %c : !ct
  }
}

// -----

// No number of bootstraps makes this fit: it is left to the inference to say so.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @too_deep
  // CHECK-NOT: ckks.bootstrap
  // CHECK: return
  func.func @too_deep(%x: !ct) -> !ct {
    %a = orion.chebyshev %x {coefficients = [0.0, 0.5, 0.5, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %a : !ct
  }
}

// -----

// q_0 has no room for the multiples of it that a bootstrap removes.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 47>} {
  // CHECK-LABEL: func.func @impossible
  // CHECK-NOT: ckks.bootstrap
  // CHECK: return
  // expected-warning@+1 {{runs out of levels, and cannot be bootstrapped: bootstrapping: q_0 of 50.0 bits}}
  func.func @impossible(%x: !ct, %w: tensor<1x512xf64>) -> !ct {
    %a = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    %b = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    %c = orion.linear_transform %b, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    return %c : !ct
  }
}
