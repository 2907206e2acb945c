// What HEIR's forks call operations of the ckks dialect, without the indices of the diagonals.
// RUN: %roundtrip | FileCheck %s
// RUN: not keymemrt-opt %s --flatten --normalize 2>&1 | FileCheck %s --check-prefix=ERROR

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @f
  func.func @f(%x: !ct, %w: tensor<4x512xf64>) -> !ct {
    // CHECK: orion.linear_transform %{{.*}}, %{{.*}} {block_col = 0 : i32, block_row = 0 : i32, bsgs_ratio = 2.000000e+00 : f64, diagonal_count = 4 : i32, orion_level = 2 : i32, slots = 512 : i32} :
    // ERROR: [[@LINE+1]]:10: error: 'orion.linear_transform' op has no 'diagonal_indices'
    %y = ckks.linear_transform %x, %w {block_row = 0 : i32, block_col = 0 : i32, diagonal_count = 4 : i32, slots = 512 : i32, bsgs_ratio = 2.0 : f64, orion_level = 2 : i32} : (!ct, tensor<4x512xf64>) -> !ct
    // CHECK: orion.chebyshev
    %z = ckks.chebyshev %y {coefficients = [0.0, 1.0], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %z : !ct
  }
}
