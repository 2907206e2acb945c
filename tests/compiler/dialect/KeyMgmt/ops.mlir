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

// CHECK-LABEL: func.func @keys
// CHECK-SAME: memref<4x!key_mgmt.rot_key<>>
func.func @keys(%i: index, %j: i64, %cell: memref<4x!key_mgmt.rot_key<>>) {
  %c5 = arith.constant 5 : i64
  // CHECK: key_mgmt.prefetch_key %[[C5:.*]]
  key_mgmt.prefetch_key %c5
  // Short and full form of a type are the same.
  // CHECK: %[[K0:.*]] = key_mgmt.load_key %[[C5]] : i64 -> <rotation_index = 5>
  %0 = key_mgmt.load_key %c5 : i64 -> !key_mgmt.rot_key<rotation_index = 5>
  // CHECK: %[[K1:.*]] = key_mgmt.load_key %arg0 : index -> <>
  %1 = key_mgmt.load_key %i : index -> <>
  // CHECK: %[[K2:.*]] = key_mgmt.use_key %[[K0]] : <rotation_index = 5> -> <>
  %2 = key_mgmt.use_key %0 : <rotation_index = 5> -> !key_mgmt.rot_key<>
  // CHECK: key_mgmt.assume_loaded %arg1 : i64 -> <rotation_index = -3>
  %3 = key_mgmt.assume_loaded %j : i64 -> <rotation_index = -3>
  // CHECK: %[[RLK:.*]] = key_mgmt.load_key : !key_mgmt.relin_key
  %4 = key_mgmt.load_key : !key_mgmt.relin_key
  // CHECK: key_mgmt.clear_key %[[K0]] : <rotation_index = 5>
  key_mgmt.clear_key %0 : !key_mgmt.rot_key<rotation_index = 5>
  // CHECK: key_mgmt.clear_key %[[K1]] : <>
  key_mgmt.clear_key %1 : <>
  // CHECK: key_mgmt.clear_key %[[RLK]] : !key_mgmt.relin_key
  key_mgmt.clear_key %4 : !key_mgmt.relin_key
  return
}

// Every kind of key, and how much of it.
// CHECK-LABEL: func.func @kinds
func.func @kinds(%x: !ct, %y: !ct_d3, %i: index) -> !ct {
  // CHECK: %[[C:.*]] = key_mgmt.load_key : !key_mgmt.conj_key
  %c = key_mgmt.load_key : !key_mgmt.conj_key
  // CHECK: key_mgmt.conjugate %ct, %[[C]] : !ct_L0, !key_mgmt.conj_key -> !ct_L0
  %0 = key_mgmt.conjugate %x, %c : !ct, !key_mgmt.conj_key -> !ct
  // CHECK: key_mgmt.clear_key %[[C]] : !key_mgmt.conj_key
  key_mgmt.clear_key %c : !key_mgmt.conj_key
  // CHECK: %[[S:.*]] = key_mgmt.load_key : !key_mgmt.switch_key<from = 0, to = 1, level = 3>
  %s = key_mgmt.load_key : !key_mgmt.switch_key<from = 0, to = 1, level = 3>
  // CHECK: key_mgmt.switch_secret {{.*}}, %[[S]] : !ct_L0, !key_mgmt.switch_key<from = 0, to = 1, level = 3> -> !ct_L0
  %1 = key_mgmt.switch_secret %0, %s : !ct, !key_mgmt.switch_key<from = 0, to = 1, level = 3> -> !ct
  // CHECK: %[[R:.*]] = key_mgmt.load_key : !key_mgmt.relin_key<level = 2>
  %r = key_mgmt.load_key : !key_mgmt.relin_key<level = 2>
  // CHECK: key_mgmt.relinearize %ct_0, %[[R]] : !ct_L0_D3, !key_mgmt.relin_key<level = 2> -> !ct_L0
  %2 = key_mgmt.relinearize %y, %r : !ct_d3, !key_mgmt.relin_key<level = 2> -> !ct
  // CHECK: key_mgmt.load_key %arg0 : index -> <level = 1>
  %d = key_mgmt.load_key %i : index -> <level = 1>
  // CHECK: key_mgmt.load_key %arg0 {indices = array<i64: 1, 2, 4>} : index -> <>
  %e = key_mgmt.load_key %i {indices = array<i64: 1, 2, 4>} : index -> <>
  // CHECK: key_mgmt.assume_loaded : !key_mgmt.conj_key
  %a = key_mgmt.assume_loaded : !key_mgmt.conj_key
  // CHECK: key_mgmt.use_key %[[R]] : !key_mgmt.relin_key<level = 2> -> !key_mgmt.relin_key<level = 1>
  %u = key_mgmt.use_key %r : !key_mgmt.relin_key<level = 2> -> !key_mgmt.relin_key<level = 1>
  // CHECK: key_mgmt.prefetch_key %arg0 : index
  key_mgmt.prefetch_key %i : index
  affine.for %j = 0 to 4 {
    // CHECK: key_mgmt.load_key {{.*}} {indices = #map} : index -> <>
    %f = key_mgmt.load_key %j {indices = affine_map<(d0) -> (d0)>} : index -> <>
    key_mgmt.clear_key %f : <>
  }
  return %2 : !ct
}

// CHECK-LABEL: func.func @evaluate
func.func @evaluate(%x: !ct, %y: !ct_d3, %p: !pt, %k: !key_mgmt.rot_key<rotation_index = 5>, %rlk: !key_mgmt.relin_key) -> !ct {
  // CHECK: key_mgmt.rotate %ct, %arg0 : !ct_L0, <rotation_index = 5> -> !ct_L0
  %0 = key_mgmt.rotate %x, %k : !ct, <rotation_index = 5> -> !ct
  // CHECK: %[[D:.*]] = key_mgmt.decompose %ct : !ct_L0 -> !key_mgmt.digits
  %1 = key_mgmt.decompose %x : !ct -> !key_mgmt.digits
  // CHECK: key_mgmt.rotate_hoisted %ct, %[[D]], %arg0 : !ct_L0, <rotation_index = 5> -> !ct_L0
  %2 = key_mgmt.rotate_hoisted %x, %1, %k : !ct, <rotation_index = 5> -> !ct
  // CHECK: key_mgmt.relinearize %ct_0, %arg1 : !ct_L0_D3 -> !ct_L0
  %3 = key_mgmt.relinearize %y, %rlk : !ct_d3 -> !ct
  // CHECK: key_mgmt.clear %[[D]] : !key_mgmt.digits
  key_mgmt.clear %1 : !key_mgmt.digits
  // CHECK: key_mgmt.clear %ct : !ct_L0
  key_mgmt.clear %x : !ct
  // CHECK: key_mgmt.clear %pt : !pt
  key_mgmt.clear %p : !pt
  return %3 : !ct
}

// Keys of a shape, and linear transforms one key at a time.
// CHECK-LABEL: func.func @transform
func.func @transform(%x: !ct, %w: tensor<3x512xf64>, %i: index) -> !ct {
  // CHECK: %[[K:.*]] = key_mgmt.load_key %{{.*}} : index -> <rotation_index = 1, shape = <level = 0, specials = 1>>
  %k = key_mgmt.load_key %i : index -> <rotation_index = 1, shape = <level = 0, specials = 1>>
  // CHECK: %[[T:.*]] = key_mgmt.begin_transform %ct, %arg0 {baby_step = 2 : i64, form = "horner", plain_scale = 1.000000e+09 : f64, rotations = array<i64: 0, 1, 2>} : (!ct_L0, tensor<3x512xf64>) -> !key_mgmt.transform<shape = <level = 0, specials = 1>>
  %0 = key_mgmt.begin_transform %x, %w {baby_step = 2 : i64, form = "horner", plain_scale = 1.0e9 : f64, rotations = array<i64: 0, 1, 2>} : (!ct, tensor<3x512xf64>) -> !key_mgmt.transform<shape = <level = 0, specials = 1>>
  // CHECK: %[[T1:.*]] = key_mgmt.baby_step %[[T]], %ct, %[[K]] {step = 1 : i64} : (!key_mgmt.transform<shape = <level = 0, specials = 1>>, !ct_L0, !key_mgmt.rot_key<rotation_index = 1, shape = <level = 0, specials = 1>>) -> !key_mgmt.transform<shape = <level = 0, specials = 1>>
  %1 = key_mgmt.baby_step %0, %x, %k {step = 1} : (!key_mgmt.transform<shape = <level = 0, specials = 1>>, !ct, !key_mgmt.rot_key<rotation_index = 1, shape = <level = 0, specials = 1>>) -> !key_mgmt.transform<shape = <level = 0, specials = 1>>
  // CHECK: key_mgmt.giant_step %[[T1]] {step = 2 : i64}
  %2 = key_mgmt.giant_step %1 {step = 2} : (!key_mgmt.transform<shape = <level = 0, specials = 1>>) -> !key_mgmt.transform<shape = <level = 0, specials = 1>>
  // CHECK: key_mgmt.finish_transform %{{.*}} : !key_mgmt.transform<shape = <level = 0, specials = 1>> -> !ct_L0
  %3 = key_mgmt.finish_transform %2 : !key_mgmt.transform<shape = <level = 0, specials = 1>> -> !ct
  // CHECK: key_mgmt.begin_transform %{{.*}} {baby_step = 1 : i64, form = "bsgs", plain_scale = 1.000000e+09 : f64, rotations = array<i64>, stage = #ckks.dft_stage<
  %4 = key_mgmt.begin_transform %3 {baby_step = 1 : i64, form = "bsgs", plain_scale = 1.0e9 : f64, rotations = array<i64>, stage = #ckks.dft_stage<direction = slot_to_coeff, log_slots = 9, radices = [4, 5], stage = 1, factor = 0.5 : f64>} : (!ct) -> !key_mgmt.transform
  // Digits are for keys of one shape; their type is not written twice.
  // CHECK: %[[D:.*]] = key_mgmt.decompose %ct : !ct_L0 -> !key_mgmt.digits<shape = <level = 0, specials = 1>>
  %d = key_mgmt.decompose %x : !ct -> !key_mgmt.digits<shape = <level = 0, specials = 1>>
  // CHECK: key_mgmt.rotate_hoisted %ct, %[[D]], %[[K]] : !ct_L0, <rotation_index = 1, shape = <level = 0, specials = 1>> -> !ct_L0
  %5 = key_mgmt.rotate_hoisted %x, %d, %k : !ct, <rotation_index = 1, shape = <level = 0, specials = 1>> -> !ct
  return %5 : !ct
}
