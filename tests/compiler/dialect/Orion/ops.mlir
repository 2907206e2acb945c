// RUN: %roundtrip | FileCheck %s

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

// CHECK-LABEL: func.func @layers
// CHECK-SAME: %arg0: tensor<3x512xf64> {orion.block_col = 0 : i64, orion.layer_name = "fc1", orion.layer_role = "weights", orion.level = 5 : i64}
func.func @layers(%x: !ct, %w: tensor<3x512xf64> {orion.layer_name = "fc1", orion.layer_role = "weights",
                                                  orion.level = 5 : i64, orion.block_col = 0 : i64}) -> !ct {
  // Attributes that are not the operation's own are kept.
  // CHECK: %ct_0 = orion.linear_transform %ct, %arg0 {block_col = 0 : i32, bsgs_ratio = 2.000000e+00 : f64, diagonal_count = 3 : i32, diagonal_indices = array<i32: 0, 1, 511>, orion_level = 5 : i32, slots = 512 : i32} : (!ct_L0, tensor<3x512xf64>) -> !ct_L0
  %0 = orion.linear_transform %x, %w {block_col = 0 : i32, bsgs_ratio = 2.0 : f64, diagonal_count = 3 : i32,
                                      diagonal_indices = array<i32: 0, 1, 511>, orion_level = 5 : i32, slots = 512 : i32}
      : (!ct, tensor<3x512xf64>) -> !ct
  // CHECK: %ct_1 = orion.linear_transform %ct_0, %arg0 {diagonal_indices = array<i32: -511, 0, 7>} : (!ct_L0, tensor<3x512xf64>) -> !ct_L0
  %1 = orion.linear_transform %0, %w {diagonal_indices = array<i32: -511, 0, 7>} : (!ct, tensor<3x512xf64>) -> !ct
  // CHECK: orion.chebyshev %ct_1 {coefficients = [0.000000e+00, 7.500000e-01, 0.000000e+00, 2.500000e-01], domain_end = 1.000000e+00 : f64, domain_start = -1.000000e+00 : f64} : (!ct_L0) -> !ct_L0
  %2 = orion.chebyshev %1 {coefficients = [0.0, 0.75, 0.0, 0.25], domain_start = -1.0 : f64, domain_end = 1.0 : f64}
      : (!ct) -> !ct
  return %2 : !ct
}
