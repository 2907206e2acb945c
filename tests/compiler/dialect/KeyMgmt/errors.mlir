// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

func.func @f(%k: !key_mgmt.rot_key<rotation_index = 5>) {
  // expected-error@+1 {{expected keys of one rotation index, found 5 and 6}}
  %0 = key_mgmt.use_key %k : <rotation_index = 5> -> <rotation_index = 6>
  return
}

// -----

func.func @f(%k: !key_mgmt.digits) {
  // expected-error@+1 {{operand #0 must be rotation key or relinearization key}}
  key_mgmt.clear_key %k : !key_mgmt.digits
  return
}

// -----

func.func @f(%i: i32) {
  // expected-error@+1 {{operand #0 must be index or i64}}
  %0 = key_mgmt.load_key %i : i32 -> <>
  return
}

// -----

func.func @f(%k: !key_mgmt.relin_key) {
  // expected-error@+1 {{operand #0 must be ciphertext, plaintext or digits}}
  key_mgmt.clear %k : !key_mgmt.relin_key
  return
}

// -----

func.func @f(%k: !key_mgmt.rot_key<>) {
  // expected-error@+1 {{expected '<'}}
  key_mgmt.clear_key %k : 5
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

func.func @f(%a: !ct_d3, %k: !key_mgmt.rot_key<rotation_index = 5>) {
  // expected-error@+1 {{expected a ciphertext of size 2, found size 3}}
  %0 = key_mgmt.rotate %a, %k : !ct_d3, <rotation_index = 5> -> !ct_d3
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

func.func @f(%a: !ct, %k: !key_mgmt.rot_key<rotation_index = 5>) {
  // expected-error@+1 {{failed to verify that all of {input, output} have same type}}
  %0 = key_mgmt.rotate %a, %k : !ct, <rotation_index = 5> -> !ct_d3
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
  // expected-error@+1 {{expected a ciphertext of size 2, found size 3}}
  %0 = key_mgmt.decompose %a : !ct_d3 -> !key_mgmt.digits
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

func.func @f(%a: !ct_d3, %d: !key_mgmt.digits, %k: !key_mgmt.rot_key<rotation_index = 5>) {
  // expected-error@+1 {{expected a ciphertext of size 2, found size 3}}
  %0 = key_mgmt.rotate_hoisted %a, %d, %k : !ct_d3, <rotation_index = 5> -> !ct_d3
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

func.func @f(%a: !ct, %k: !key_mgmt.relin_key) {
  // expected-error@+1 {{expected an input of size 3, found size 2}}
  %0 = key_mgmt.relinearize %a, %k : !ct -> !ct
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

func.func @f(%a: !ct_d3, %k: !key_mgmt.relin_key) {
  // expected-error@+1 {{expected a result of size 2, found size 3}}
  %0 = key_mgmt.relinearize %a, %k : !ct_d3 -> !ct_d3
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

func.func @f(%a: tensor<2x!ct>) {
  // expected-error@+1 {{operand #0 must be ciphertext, plaintext or digits}}
  key_mgmt.clear %a : tensor<2x!ct>
  return
}
