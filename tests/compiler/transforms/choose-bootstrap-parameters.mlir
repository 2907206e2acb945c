// RUN: keymemrt-opt %s --choose-bootstrap-parameters=insecure --split-input-file | FileCheck %s

// Q is what the program has to itself: the circuit's 3 + 8 + 3 primes go above its three, those of SlotToCoeff first.
// All slots may be different.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

// CHECK: module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817, 2683{{[0-9]+}}, 2683{{[0-9]+}}, 2683{{[0-9]+}}, {{[0-9, ]+}}], P = [1125899906826241], logDefaultScale = 30>,
// CHECK-SAME: kmrt.bootstrap = #ckks.bootstrap<log_slots = 9, target_level = 2, coeff_to_slot = [3, 3, 3], slot_to_coeff = [3, 3, 3]
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @all_slots(%x: !ct) -> !ct {
    %y = ckks.bootstrap %x : !ct -> !ct
    return %y : !ct
  }
}

// -----

// Nothing has a longer period than 64: a sparse bootstrap.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

// CHECK: kmrt.bootstrap = #ckks.bootstrap<log_slots = 6,
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @sparse(%x: !ct {kmrt.period = 32 : i64}, %w: tensor<2x64xf64>) -> !ct {
    %y = ckks.bootstrap %x : !ct -> !ct
    %z = orion.linear_transform %y, %w {diagonal_indices = array<i32: 0, 1>} : (!ct, tensor<2x64xf64>) -> !ct
    return %z : !ct
  }
}

// -----

// Without a bootstrap nothing changes.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

// CHECK: module attributes {ckks.schemeParam = {{.*}}Q = [1125899906820097, 1073707009, 1073698817], {{.*}}} {
// CHECK-NOT: kmrt.bootstrap
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @none(%x: !ct) -> !ct {
    return %x : !ct
  }
}
