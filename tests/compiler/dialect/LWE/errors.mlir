// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{unknown type 'lwe_cyphertext' in dialect 'lwe'}}
func.func private @f(!lwe.lwe_cyphertext)

// -----

// expected-error@+1 {{expected an encoding attribute of the lwe dialect, found 5 : i64}}
#space = #lwe.plaintext_space<ring = <coefficientType = f64>, encoding = 5>

// -----

// expected-error@+1 {{expected a ciphertext of at least 2 components, found size 1}}
#space = #lwe.ciphertext_space<ring = <coefficientType = f64>, encryption_type = mix, size = 1>

// -----

// expected-error@+2 {{expected one of [msb, lsb, mix] for where the message sits in a ciphertext, got: middle}}
// expected-error@+1 {{failed to parse LWE_CiphertextSpaceAttr parameter 'encryption_type'}}
#space = #lwe.ciphertext_space<ring = <coefficientType = f64>, encryption_type = middle>

// -----

// expected-error@+1 {{expected 'current' to be the index of one of the 2 elements, found 2}}
#chain = #lwe.modulus_chain<elements = <97 : i64, 89 : i64>, current = 2>

// -----

// expected-error@+1 {{expected elements greater than 1, found -97 : i64}}
#chain = #lwe.modulus_chain<elements = <-97 : i64>, current = 0>

// -----

#ring = #polynomial.ring<coefficientType = f64>
#pt_space = #lwe.plaintext_space<ring = #ring, encoding = #lwe.coefficient_encoding<scaling_factor = 1>>
#ct_space = #lwe.ciphertext_space<ring = #ring, encryption_type = mix, size = 3>
// expected-error@+1 {{expected size 2 where the key has slot_index 1, found size 3}}
func.func private @f(!lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <slot_index = 1>>)

// -----

// expected-error@+1 {{struct is missing required parameter: encryption_type}}
#space = #lwe.ciphertext_space<ring = <coefficientType = f64>>

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%v: tensor<2x1024xf64>) {
  // expected-error@+1 {{expected a number or a vector of slots for each plaintext, found}}
  %0 = lwe.rlwe_encode %v {encoding = #enc, ring = #ring_m} : tensor<2x1024xf64> -> !pt
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%v: tensor<2x1024xf64>) {
  // expected-error@+1 {{expected a number or a vector of slots for each plaintext, found}}
  %0 = lwe.rlwe_encode %v {encoding = #enc, ring = #ring_m} : tensor<2x1024xf64> -> tensor<3x!pt>
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%v: tensor<1024xf64>) {
  // expected-error@+1 {{expected a result with the kind of encoding of the attribute}}
  %0 = lwe.rlwe_encode %v {encoding = #lwe.coefficient_encoding<scaling_factor = 30>, ring = #ring_m} : tensor<1024xf64> -> !pt
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%v: tensor<1024xf64>) {
  // expected-error@+1 {{expected a non-negative level, found -1}}
  %0 = lwe.rlwe_encode %v {encoding = #enc, ring = #ring_m, level = -1 : i64} : tensor<1024xf64> -> !pt
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%v: tensor<1024xf64>) {
  // expected-error@+1 {{attribute 'encoding' failed to satisfy constraint}}
  %0 = lwe.rlwe_encode %v {encoding = 3, ring = #ring_m} : tensor<1024xf64> -> !pt
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%p: !pt, %k: !lwe.lwe_public_key<key = <>, ring = #ring_q>) {
  // expected-error@+1 {{expected operands and results of one shape, found a single value and shape (2)}}
  %0 = lwe.rlwe_encrypt %p, %k : (!pt, !lwe.lwe_public_key<key = <>, ring = #ring_q>) -> tensor<2x!ct>
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%a: !ct, %k: !lwe.lwe_public_key<key = <>, ring = #ring_q>) {
  // expected-error@+1 {{operand #1 must be secret key, but got}}
  %0 = lwe.rlwe_decrypt %a, %k : (!ct, !lwe.lwe_public_key<key = <>, ring = #ring_q>) -> !pt
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%p: tensor<2x!pt>) {
  // expected-error@+1 {{expected operands and results of one shape, found shape (2) and a single value}}
  %0 = lwe.trivial_encrypt %p : tensor<2x!pt> -> !ct
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%a: !ct) {
  // expected-error@+1 {{expected a result of size 2, found size 3}}
  %0 = lwe.radd %a, %a : (!ct, !ct) -> !ct_d3
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%a: !ct) {
  // expected-error@+1 {{expected a result of size 3, found size 2}}
  %0 = lwe.rmul %a, %a : (!ct, !ct) -> !ct
  return
}

// -----

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = <>>

func.func @f(%a: !ct) {
  // expected-error@+1 {{expected one ciphertext and one plaintext operand, found two ciphertexts}}
  %0 = lwe.radd_plain %a, %a : (!ct, !ct) -> !ct
  return
}
