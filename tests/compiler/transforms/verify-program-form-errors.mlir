// RUN: keymemrt-opt %s --verify-program-form --split-input-file --verify-diagnostics

// expected-error@below {{[F1] expected one function with one block and nothing else}}
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func private @a()
  func.func private @b()
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %t: tensor<2x!ct>) -> !ct {
    // expected-error@+1 {{[F2] works on a tensor of ciphertexts or plaintexts}}
    %u = ckks.negate %t : tensor<2x!ct>
    return %x : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{[F2] is no operation of a program}}
    %y = ckks.rotate %x {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64, static_shift = 5 : i64} : !ct
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // expected-error@+1 {{[F3] argument 0: expected a ciphertext with level and scale, and a type that agrees}}
  func.func @f(%x: !ct) -> !ct {
    return %x : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{[F3] expected a level and a scale, and a type that agrees with them}}
    %y = ckks.negate %x : !ct
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{[F3] expected a level and a scale, and a type that agrees with them}}
    %y = ckks.negate %x {kmrt.level = 1 : i64, kmrt.scale = 1073741824.0 : f64} : !ct
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{[F4] expected level 2 and scale 1.073742e+09, found level 2 and scale 1.073743e+09}}
    %y = ckks.negate %x {kmrt.level = 2 : i64, kmrt.scale = 1073743000.0 : f64} : !ct
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %z: !low {kmrt.level = 1 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    // expected-error@+1 {{[F4] expected operands of one level, found 2 and 1}}
    %y = ckks.add %x, %z {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct, !low) -> !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %z: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073743000.0 : f64}) -> !ct {
    // expected-error@+1 {{[F4] expected operands of one scale}}
    %y = ckks.add %x, %z {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : (!ct, !ct) -> !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %c5 = arith.constant 5 : i64
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    key_mgmt.clear_key %k : <rotation_index = 5>
    // expected-error@+1 {{[F5] uses a key that is not loaded}}
    %y = key_mgmt.rotate %x, %k {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct, <rotation_index = 5> -> !ct
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %c5 = arith.constant 5 : i64
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    %y = key_mgmt.rotate %x, %k {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct, <rotation_index = 5> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 5>
    // expected-error@+1 {{[F5] uses a key that is not loaded}}
    key_mgmt.clear_key %k : <rotation_index = 5>
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %c5 = arith.constant 5 : i64
    // expected-error@+1 {{[F5] loads a key that is never cleared}}
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    %y = key_mgmt.rotate %x, %k {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct, <rotation_index = 5> -> !ct
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %c5 = arith.constant 5 : i64
    // expected-error@+1 {{[F5] expected a constant index from 1 to 511 that is also in the key's type}}
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 6>
    %y = key_mgmt.rotate %x, %k {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct, <rotation_index = 6> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 6>
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    key_mgmt.clear %x : !ct
    // expected-error@+1 {{[F6] uses a value that has been cleared}}
    %y = ckks.negate %x {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %y = ckks.negate %x {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct
    key_mgmt.clear %x : !ct
    // expected-error@+1 {{[F6] uses a value that has been cleared}}
    key_mgmt.clear %x : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // expected-error@+1 {{is neither cleared nor returned}}
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %y = ckks.negate %x {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %y = ckks.negate %x {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct
    key_mgmt.clear %x : !ct
    key_mgmt.clear %y : !ct
    // expected-error@+1 {{[F6] uses a value that has been cleared}}
    return %y : !ct
  }
}

// -----

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %z: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}) -> !ct {
    %d = key_mgmt.decompose %z {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct -> !key_mgmt.digits
    %c5 = arith.constant 5 : i64
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    // expected-error@+1 {{[F7] expected digits of the ciphertext that is rotated}}
    %y = key_mgmt.rotate_hoisted %x, %d, %k {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64} : !ct, <rotation_index = 5> -> !ct
    return %y : !ct
  }
}
