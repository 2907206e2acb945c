// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

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

func.func @f(%a: !ct, %w: tensor<3x512xf64>) {
  // expected-error@+1 {{expected 3 'diagonal_indices', one for each row of the diagonals, found 2}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0, 1>} : (!ct, tensor<3x512xf64>) -> !ct
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

func.func @f(%a: !ct, %w: tensor<1x512xf64>) {
  // expected-error@+1 {{expected 'diagonal_indices' between -512 and 512 (exclusive), found 512}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 512>} : (!ct, tensor<1x512xf64>) -> !ct
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

func.func @f(%a: !ct, %w: tensor<1x512xf64>) {
  // expected-error@+1 {{expected 'slots' to be the length of the diagonals, 512, found 1024 : i32}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>, slots = 1024 : i32} : (!ct, tensor<1x512xf64>) -> !ct
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

func.func @f(%a: !ct, %w: tensor<512xf64>) {
  // expected-error@+1 {{expected diagonals of static shape (number of diagonals) x (slots), found 'tensor<512xf64>'}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<512xf64>) -> !ct
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

func.func @f(%a: !ct, %w: tensor<?x512xf64>) {
  // expected-error@+1 {{expected diagonals of static shape (number of diagonals) x (slots), found 'tensor<?x512xf64>'}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<?x512xf64>) -> !ct
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

func.func @f(%a: !ct, %w: tensor<0x512xf64>) {
  // expected-error@+1 {{expected at least one diagonal and one slot, found 'tensor<0x512xf64>'}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32>} : (!ct, tensor<0x512xf64>) -> !ct
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

func.func @f(%a: !ct, %w: tensor<1x512xi64>) {
  // expected-error@+1 {{operand #1 must be ranked tensor of floating-point values}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xi64>) -> !ct
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

func.func @f(%a: !ct_d3, %w: tensor<1x512xf64>) {
  // expected-error@+1 {{expected ciphertexts of size 2, found sizes 3 and 2}}
  %0 = orion.linear_transform %a, %w {diagonal_indices = array<i32: 0>} : (!ct_d3, tensor<1x512xf64>) -> !ct
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
  // expected-error@+1 {{expected at least one coefficient}}
  %0 = orion.chebyshev %a {coefficients = [], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
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
  // expected-error@+1 {{expected finite coefficients}}
  %0 = orion.chebyshev %a {coefficients = [0.0, 0x7FF0000000000000 : f64], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
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
  // expected-error@+1 {{expected finite 'domain_start' < 'domain_end', found 1.000000e+00 : f64 and 1.000000e+00 : f64}}
  %0 = orion.chebyshev %a {coefficients = [0.5], domain_start = 1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
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
  // expected-error@+1 {{expected finite 'domain_start' < 'domain_end'}}
  %0 = orion.chebyshev %a {coefficients = [0.5], domain_start = 0x7FF8000000000000 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
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

func.func @f(%a: !ct_d3) {
  // expected-error@+1 {{expected ciphertexts of size 2, found sizes 3 and 3}}
  %0 = orion.chebyshev %a {coefficients = [0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct_d3) -> !ct_d3
  return
}
