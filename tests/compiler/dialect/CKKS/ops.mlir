// RUN: %roundtrip | FileCheck %s

!q0 = !mod_arith.int<1073741441 : i64>
!q1 = !mod_arith.int<1073740609 : i64>
#ring_q0 = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_q1 = #polynomial.ring<coefficientType = !rns.rns<!q0, !q1>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#key = #lwe.key<>
#chain0 = #lwe.modulus_chain<elements = <1073741441 : i64, 1073740609 : i64>, current = 0>
#chain1 = #lwe.modulus_chain<elements = <1073741441 : i64, 1073740609 : i64>, current = 1>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space0 = #lwe.ciphertext_space<ring = #ring_q0, encryption_type = mix>
#ct_space1 = #lwe.ciphertext_space<ring = #ring_q1, encryption_type = mix>
#ct_space1_d3 = #lwe.ciphertext_space<ring = #ring_q1, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct0 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space0, key = #key, modulus_chain = #chain0>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space1, key = #key, modulus_chain = #chain1>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space1_d3, key = #key, modulus_chain = #chain1>

// CHECK: module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1073741441, 1073740609], P = [1073738753], logDefaultScale = 30>, scheme.ckks}
module attributes {
  ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [0x3FFFFE81, 1073740609], P = [1073738753], logDefaultScale = 30,
                                        encryptionType = pk, encryptionTechnique = standard>,
  scheme.ckks
} {
  // CHECK-LABEL: func.func @arithmetic
  // CHECK-SAME: (%ct: !ct_L1, %ct_0: !ct_L1, %pt: !pt) -> !ct_L0
  func.func @arithmetic(%a: !ct, %b: !ct, %p: !pt) -> !ct0 {
    // CHECK: %[[V0:.*]] = ckks.add %ct, %ct_0 : (!ct_L1, !ct_L1) -> !ct_L1
    %0 = ckks.add %a, %b : (!ct, !ct) -> !ct
    // CHECK: %[[V1:.*]] = ckks.sub %[[V0]], %ct_0 : (!ct_L1, !ct_L1) -> !ct_L1
    %1 = ckks.sub %0, %b : (!ct, !ct) -> !ct
    // CHECK: %[[V2:.*]] = ckks.negate %[[V1]] : !ct_L1
    %2 = ckks.negate %1 : !ct
    // CHECK: %[[V3:.*]] = ckks.add_plain %[[V2]], %pt : (!ct_L1, !pt) -> !ct_L1
    %3 = ckks.add_plain %2, %p : (!ct, !pt) -> !ct
    // The plaintext may come first.
    // CHECK: %[[V4:.*]] = ckks.sub_plain %pt, %[[V3]] : (!pt, !ct_L1) -> !ct_L1
    %4 = ckks.sub_plain %p, %3 : (!pt, !ct) -> !ct
    // CHECK: %[[V5:.*]] = ckks.mul_plain %pt, %[[V4]] : (!pt, !ct_L1) -> !ct_L1
    %5 = ckks.mul_plain %p, %4 : (!pt, !ct) -> !ct
    // CHECK: %[[V6:.*]] = ckks.mul %[[V5]], %[[V5]] : (!ct_L1, !ct_L1) -> !ct_L1_D3
    %6 = ckks.mul %5, %5 : (!ct, !ct) -> !ct_d3
    // CHECK: %[[V7:.*]] = ckks.relinearize %[[V6]] {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct_L1_D3) -> !ct_L1
    %7 = ckks.relinearize %6 {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct_d3) -> !ct
    // CHECK: ckks.rescale %[[V7]] {to_ring = #ring_rns_L0_x1024} : !ct_L1 -> !ct_L0
    %8 = ckks.rescale %7 {to_ring = #ring_q0} : !ct -> !ct0
    return %8 : !ct0
  }

  // CHECK-LABEL: func.func @rotate
  func.func @rotate(%a: !ct, %i: index, %j: i32) {
    // CHECK: ckks.rotate %ct {static_shift = 4 : i32} : !ct_L1
    %0 = ckks.rotate %a {static_shift = 4 : i32} : !ct
    // CHECK: ckks.rotate %ct {static_shift = -4 : index} : !ct_L1
    %1 = ckks.rotate %a {static_shift = -4 : index} : !ct
    // CHECK: ckks.rotate %ct {static_shift = 0 : i64} : !ct_L1
    %2 = ckks.rotate %a {static_shift = 0} : !ct
    // CHECK: ckks.rotate %ct, %arg0 : index : !ct_L1
    %3 = ckks.rotate %a, %i : index : !ct
    // CHECK: ckks.rotate %ct, %arg1 : i32 {note} : !ct_L1
    %4 = ckks.rotate %a, %j : i32 {note} : !ct
    return
  }

  // CHECK-LABEL: func.func @levels
  func.func @levels(%a: !ct) -> !ct {
    // CHECK: ckks.level_reduce %ct : !ct_L1 -> !ct_L0
    %0 = ckks.level_reduce %a : !ct -> !ct0
    // CHECK: ckks.level_reduce %ct {levelToDrop = 0 : i64} : !ct_L1 -> !ct_L1
    %1 = ckks.level_reduce %a {levelToDrop = 0 : i64} : !ct -> !ct
    // CHECK: ckks.bootstrap %{{.*}} : !ct_L0 -> !ct_L1
    %2 = ckks.bootstrap %0 : !ct0 -> !ct
    // CHECK: ckks.bootstrap %{{.*}} {targetLevel = 1 : i64} : !ct_L0 -> !ct_L1
    %3 = ckks.bootstrap %0 {targetLevel = 1 : i64} : !ct0 -> !ct
    return %3 : !ct
  }

  // CHECK-LABEL: func.func @tensors
  func.func @tensors(%a: tensor<5x!ct>, %p: tensor<5x!pt>, %ksk: tensor<2x!ct>, %i: index) -> tensor<5x!ct> {
    // CHECK: ckks.mul %arg0, %arg0 : (tensor<5x!ct_L1>, tensor<5x!ct_L1>) -> tensor<5x!ct_L1_D3>
    %0 = ckks.mul %a, %a : (tensor<5x!ct>, tensor<5x!ct>) -> tensor<5x!ct_d3>
    // CHECK: ckks.relinearize %{{.*}}, %arg2 {{.*}} : (tensor<5x!ct_L1_D3>, tensor<2x!ct_L1>) -> tensor<5x!ct_L1>
    %1 = ckks.relinearize %0, %ksk {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>}
        : (tensor<5x!ct_d3>, tensor<2x!ct>) -> tensor<5x!ct>
    // CHECK: ckks.mul_plain %arg1, %{{.*}} : (tensor<5x!pt>, tensor<5x!ct_L1>) -> tensor<5x!ct_L1>
    %2 = ckks.mul_plain %p, %1 : (tensor<5x!pt>, tensor<5x!ct>) -> tensor<5x!ct>
    // CHECK: ckks.rotate %{{.*}}, %arg3 : index : tensor<5x!ct_L1>
    %3 = ckks.rotate %2, %i : index : tensor<5x!ct>
    return %3 : tensor<5x!ct>
  }

  // Spellings of HEIR's forks.
  // CHECK-LABEL: func.func @variants
  func.func @variants(%a: !ct) -> !ct {
    // CHECK: ckks.rotate %ct {static_shift = 7 : i64} : !ct_L1
    %0 = ckks.rotate %a {offset = 7} : !ct
    %1 = ckks.mul %0, %0 : (!ct, !ct) -> !ct_d3
    // CHECK: ckks.relinearize {{.*}} : (!ct_L1_D3) -> !ct_L1
    %2 = ckks.relinearize %1 {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : !ct_d3 -> !ct
    return %2 : !ct
  }

  // Levels and scales in types are not trusted, so they are not compared either.
  // CHECK-LABEL: func.func @permissive
  func.func @permissive(%a: !ct, %b: !ct0) -> !ct {
    // CHECK: ckks.add %ct, %ct_0 : (!ct_L1, !ct_L0) -> !ct_L1
    %0 = ckks.add %a, %b : (!ct, !ct0) -> !ct
    return %0 : !ct
  }
}

// What the compiler's own passes make.
// CHECK-LABEL: func.func @compiled
func.func @compiled(%a: !ct, %b: !ct_d3, %low: !ct0) -> !ct {
  // CHECK: ckks.mul_scalar %ct {real = 5.000000e-01 : f64} : !ct_L1 -> !ct_L1
  %0 = ckks.mul_scalar %a {real = 0.5 : f64} : !ct -> !ct
  // CHECK: ckks.mul_scalar %{{.*}} {imaginary = -1.000000e+00 : f64, real = 0.000000e+00 : f64} : !ct_L1 -> !ct_L1
  %1 = ckks.mul_scalar %0 {real = 0.0 : f64, imaginary = -1.0 : f64} : !ct -> !ct
  // CHECK: ckks.add_scalar %{{.*}} {real = 2.000000e+00 : f64} : !ct_L1 -> !ct_L1
  %2 = ckks.add_scalar %1 {real = 2.0 : f64} : !ct -> !ct
  // CHECK: ckks.mul_scalar_add %{{.*}}, %{{.*}} {real = 3.000000e+00 : f64} : (!ct_L1_D3, !ct_L1) -> !ct_L1_D3
  %3 = ckks.mul_scalar_add %b, %2 {real = 3.0 : f64} : (!ct_d3, !ct) -> !ct_d3
  // CHECK: ckks.conjugate %{{.*}} {kmrt.key_shape = #ckks.key_shape<level = 1, specials = 2>} : !ct_L1
  %4 = ckks.conjugate %2 {kmrt.key_shape = #ckks.key_shape<level = 1, specials = 2>} : !ct
  // CHECK: ckks.switch_secret %{{.*}} {from = 0 : i64, to = 1 : i64} : !ct_L0
  %5 = ckks.switch_secret %low {from = 0, to = 1} : !ct0
  // CHECK: ckks.mod_raise %{{.*}} : !ct_L0 -> !ct_L1
  %6 = ckks.mod_raise %5 : !ct0 -> !ct
  // CHECK: ckks.dft %{{.*}} {stage = #ckks.dft_stage<direction = slot_to_coeff, log_slots = 9, radices = [4, 5], stage = 1, factor = 5.000000e-01 : f64>} : !ct_L1 -> !ct_L1
  %7 = ckks.dft %6 {stage = #ckks.dft_stage<direction = slot_to_coeff, log_slots = 9, radices = [4, 5], stage = 1, factor = 0.5 : f64>} : !ct -> !ct
  // CHECK: halves = true
  %8 = ckks.dft %7 {stage = #ckks.dft_stage<direction = coeff_to_slot, log_slots = 3, radices = [3], stage = 0, factor = 0.5 : f64, halves = true>} : !ct -> !ct
  return %8 : !ct
}
