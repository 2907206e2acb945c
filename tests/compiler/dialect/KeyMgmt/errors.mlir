// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

func.func @f(%k: !key_mgmt.rot_key<rotation_index = 5>) {
  // expected-error@+1 {{expected keys of one rotation index, found 5 and 6}}
  %0 = key_mgmt.use_key %k : <rotation_index = 5> -> <rotation_index = 6>
  return
}

// -----

func.func @f(%k: !key_mgmt.digits) {
  // expected-error@+1 {{operand #0 must be evaluation key}}
  key_mgmt.clear_key %k : !key_mgmt.digits
  return
}

// -----

func.func @f(%i: i32) {
  // expected-error@+1 {{operand #0 must be index or i64, but got}}
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

// -----

func.func @f(%i: index) {
  // expected-error@+1 {{expected no index for a key that is no rotation key}}
  %0 = key_mgmt.load_key %i : index -> !key_mgmt.relin_key
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{expected the index of the rotation key}}
  %0 = key_mgmt.load_key : <rotation_index = 5>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{expected the index of the rotation key}}
  %0 = key_mgmt.assume_loaded : <>
  return
}

// -----

func.func @f(%i: index) {
  // expected-error@+1 {{expected 'indices' to contain the key's index, 5}}
  %0 = key_mgmt.load_key %i {indices = array<i64: 3, 4>} : index -> <rotation_index = 5>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{expected 'indices' of a rotation key only}}
  %0 = key_mgmt.load_key {indices = array<i64: 3, 4>} : !key_mgmt.relin_key
  return
}

// -----

func.func @f(%i: index) {
  // expected-error@+1 {{expected 'indices' to map at most 0 induction variables to one index}}
  %0 = key_mgmt.load_key %i {indices = affine_map<(d0) -> (d0)>} : index -> <>
  return
}

// -----

func.func @f(%i: index) {
  // expected-error@+1 {{attribute 'indices' failed to satisfy constraint: indices, or an affine map}}
  %0 = key_mgmt.load_key %i {indices = 3 : i64} : index -> <>
  return
}

// -----

func.func @f(%k: !key_mgmt.relin_key) {
  // expected-error@+1 {{expected keys of one kind, found '!key_mgmt.relin_key' and '!key_mgmt.conj_key'}}
  %0 = key_mgmt.use_key %k : !key_mgmt.relin_key -> !key_mgmt.conj_key
  return
}

// -----

func.func @f(%k: !key_mgmt.rot_key<rotation_index = 5, level = 2>) {
  // expected-error@+1 {{expected a name for no higher level than the key's, 2}}
  %0 = key_mgmt.use_key %k : <rotation_index = 5, level = 2> -> <rotation_index = 5>
  return
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #enc>, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>

func.func @f(%x: !ct, %k: !key_mgmt.rot_key<rotation_index = 5, level = 0>) {
  // expected-error@+1 {{expected a key for level 1, found one that is good up to level 0}}
  %0 = key_mgmt.rotate %x, %k : !ct, <rotation_index = 5, level = 0> -> !ct
  return
}
