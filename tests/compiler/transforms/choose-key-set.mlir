// RUN: keymemrt-opt %s --infer-levels-and-scales --choose-key-set=optimize=time | FileCheck %s --check-prefixes=CHECK,TIME
// RUN: keymemrt-opt %s --infer-levels-and-scales --choose-key-set=optimize=upload | FileCheck %s --check-prefixes=CHECK,UPLOAD
// RUN: keymemrt-opt %s --infer-levels-and-scales --choose-key-set=optimize=upload --lower-linear-transform | FileCheck %s --check-prefix=LOWERED
// RUN: not keymemrt-opt %s --infer-levels-and-scales --choose-key-set=optimize=beauty 2>&1 | FileCheck %s --check-prefix=BEAUTY

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // BEAUTY: error: expected to optimize time, memory or upload, found 'beauty'
  // Fewest bytes: both transforms by the same keys, and the rotation by two of them.
  // CHECK-LABEL: func.func @shared
  // TIME: orion.linear_transform {{.*}}kmrt.baby_step
  // Chunks are so small here that to read the 24 of another key takes longer than a second rotation.
  // TIME-NEXT: ckks.rotate {{.*}}static_shift = 1
  // TIME-NEXT: ckks.rotate {{.*}}static_shift = 4
  // UPLOAD: orion.linear_transform {{.*}}kmrt.form = "{{minimum_key|horner}}"
  // LOWERED: key_mgmt.begin_transform {{.*}}form = "{{minimum_key|horner}}"
  func.func @shared(%x: !ct, %w: tensor<16x512xf64>) -> !ct {
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>} : (!ct, tensor<16x512xf64>) -> !ct
    %z = ckks.rotate %y {static_shift = 5 : i64} : !ct
    %v = orion.linear_transform %z, %w {diagonal_indices = array<i32: 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240>} : (!ct, tensor<16x512xf64>) -> !ct
    return %v : !ct
  }
}
