// RUN: keymemrt-opt %s --lower-chebyshev --split-input-file --verify-diagnostics

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @no_facts(%x: !ct) -> !ct {
    // expected-error@+1 {{expected an input and a result with level and scale; run infer-levels-and-scales}}
    %y = orion.chebyshev %x {coefficients = [0.0, 1.0], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %y : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @too_deep(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{polynomial of degree 4: takes 3 levels, the operand is at level 2}}
    %y = orion.chebyshev %x {coefficients = [0.0, 1.0, 0.5, 0.5, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64, kmrt.level = 0 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct) -> !ct
    return %y : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @wrong_level(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{expected a result at level 1, found level 0}}
    %y = orion.chebyshev %x {coefficients = [0.0, 1.0], domain_start = -1.0 : f64, domain_end = 1.0 : f64, kmrt.level = 0 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct) -> !ct
    return %y : !ct
  }
}
