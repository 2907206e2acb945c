// RUN: keymemrt-opt %s --lower-linear-transform --split-input-file --verify-diagnostics

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func @no_facts(%x: !ct, %w: tensor<1x512xf64>) -> !ct {
    // expected-error@+1 {{expected an input and a result with level and scale, the input of level 1 or more; run infer-levels-and-scales}}
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    return %y : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func @columns(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %w: tensor<1x3xf64>) -> !ct {
    // expected-error@+1 {{expected diagonals whose length divides the 512 slots, found 3}}
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>, kmrt.level = 1 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct, tensor<1x3xf64>) -> !ct
    return %y : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @form(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %w: tensor<1x512xf64>) -> !ct {
    // expected-error@+1 {{expected 'kmrt.form' to be bsgs, double_hoisted, horner or minimum_key, found 'dense'}}
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>, kmrt.form = "dense", kmrt.level = 1 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct, tensor<1x512xf64>) -> !ct
    return %y : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @baby_step(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %w: tensor<1x512xf64>) -> !ct {
    // expected-error@+1 {{expected 'kmrt.baby_step' of at least 1, found 0}}
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>, kmrt.form = "horner", kmrt.baby_step = 0 : i64, kmrt.level = 1 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct, tensor<1x512xf64>) -> !ct
    return %y : !ct
  }
}
