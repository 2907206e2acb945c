// RUN: keymemrt-opt %s --place-rescales --split-input-file --verify-diagnostics

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @deep(%x: !ct) -> !ct {
    // expected-error@+1 {{op has no level left: the program needs 1 more prime in Q than the 1 there are}}
    %a = ckks.mul %x, %x : (!ct, !ct) -> !ct3
    %b = ckks.relinearize %a {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    return %b : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @loop(%x: !ct) -> !ct {
    // expected-error@+1 {{is not in the form that the pass 'normalize' leaves}}
    %y = affine.for %i = 0 to 2 iter_args(%a = %x) -> (!ct) {
      affine.yield %a : !ct
    }
    return %y : !ct
  }
}
