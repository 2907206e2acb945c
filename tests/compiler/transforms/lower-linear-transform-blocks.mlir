// A matrix of two by two blocks: a transform for each, and sums. The baby steps of an input (1, 2 and 3) are made once for
// all blocks that read it, the giant steps (4, 8 and 12) for each block; all blocks share the keys.
// RUN: keymemrt-opt %s --keymemrt-to-keyed=insecure -o %t
// RUN: grep -c key_mgmt.decompose %t | FileCheck %s --check-prefix=INPUTS
// RUN: grep -c key_mgmt.rotate_hoisted %t | FileCheck %s --check-prefix=BABIES
// RUN: grep -c "key_mgmt.rotate " %t | FileCheck %s --check-prefix=GIANTS
// RUN: grep -o "load_key.*rotation_index = [0-9]*" %t | grep -o "= [0-9]*" | sort -u | wc -l | FileCheck %s --check-prefix=KEYS
// INPUTS: {{^2$}}
// BABIES: {{^6$}}
// GIANTS: {{^12$}}
// KEYS: {{^6$}}

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @blocks(%x0: !ct, %x1: !ct, %w: tensor<16x512xf64>, %v: tensor<16x512xf64>, %u: tensor<16x512xf64>, %t: tensor<16x512xf64>) -> (!ct, !ct) {
    %a = orion.linear_transform %x0, %w {diagonal_indices = array<i32: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>} : (!ct, tensor<16x512xf64>) -> !ct
    %b = orion.linear_transform %x1, %v {diagonal_indices = array<i32: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>} : (!ct, tensor<16x512xf64>) -> !ct
    %y0 = ckks.add %a, %b : (!ct, !ct) -> !ct
    %c = orion.linear_transform %x0, %u {diagonal_indices = array<i32: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>} : (!ct, tensor<16x512xf64>) -> !ct
    %d = orion.linear_transform %x1, %t {diagonal_indices = array<i32: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>} : (!ct, tensor<16x512xf64>) -> !ct
    %y1 = ckks.add %c, %d : (!ct, !ct) -> !ct
    return %y0, %y1 : !ct, !ct
  }
}
