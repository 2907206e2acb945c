// RUN: %roundtrip | FileCheck %s

!q0 = !mod_arith.int<1073741441 : i64>
!q1 = !mod_arith.int<1073740609 : i64>
#poly = #polynomial.int_polynomial<1 + x**1024>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0, !q1>, polynomialModulus = #poly>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = #poly>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#key = #lwe.key<>
#chain = #lwe.modulus_chain<elements = <1073741441 : i64, 1073740609 : i64>, current = 1>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
#ct_space_d3 = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix, size = 3>
!pt = !lwe.lwe_plaintext<plaintext_space = #pt_space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = #key, modulus_chain = #chain>
!ct_d3 = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space_d3, key = #key, modulus_chain = #chain>
!pk = !lwe.lwe_public_key<key = #key, ring = #ring_q>
!sk = !lwe.lwe_secret_key<key = #key, ring = #ring_q>

// Types and attributes print as aliases, whose names tell level and size.
// CHECK-DAG: !ct_L1 = !lwe.lwe_ciphertext<{{.*}}ciphertext_space = #ciphertext_space_L1, key = #key, modulus_chain = #modulus_chain_L1_C1>
// CHECK-DAG: !ct_L1_D3 = !lwe.lwe_ciphertext<{{.*}}ciphertext_space = #ciphertext_space_L1_D3, key = #key, modulus_chain = #modulus_chain_L1_C1>
// CHECK-DAG: !pt = !lwe.lwe_plaintext<plaintext_space = <ring = #ring_f64_x1024, encoding = #inverse_canonical_encoding>>
// CHECK-DAG: !pkey = !lwe.lwe_public_key<key = #key, ring = #ring_rns_L1_x1024>
// CHECK-DAG: !skey = !lwe.lwe_secret_key<key = #key, ring = #ring_rns_L1_x1024>

// CHECK-LABEL: func.func private @in_memory(memref<4x!ct_L1>, tensor<2x!pt>)
func.func private @in_memory(memref<4x!ct>, tensor<2x!pt>)

// CHECK-LABEL: func.func private @encodings
// CHECK-SAME: a = #full_crt_packing_encoding, b = #coefficient_encoding, c = #constant_coefficient_encoding, d = #lwe.no_overflow<>, e = #key1
func.func private @encodings() attributes {
  a = #lwe.full_crt_packing_encoding<scaling_factor = 1>, b = #lwe.coefficient_encoding<scaling_factor = -1>,
  c = #lwe.constant_coefficient_encoding<scaling_factor = 0>, d = #lwe.no_overflow<>, e = #lwe.key<slot_index = 1>
}

// CHECK-LABEL: func.func @client
// CHECK-SAME: (%arg0: tensor<1024xf64>, %pk: !pkey, %sk: !skey)
func.func @client(%v: tensor<1024xf64>, %pk: !pk, %sk: !sk) -> tensor<1024xf64> {
  // CHECK: %pt = lwe.rlwe_encode %arg0 {encoding = #inverse_canonical_encoding, ring = #ring_f64_x1024} : tensor<1024xf64> -> !pt
  %pt = lwe.rlwe_encode %v {encoding = #enc, ring = #ring_m} : tensor<1024xf64> -> !pt
  // CHECK: %ct = lwe.rlwe_encrypt %pt, %pk : (!pt, !pkey) -> !ct_L1
  %ct = lwe.rlwe_encrypt %pt, %pk : (!pt, !pk) -> !ct
  // CHECK: lwe.rlwe_encrypt %pt, %sk : (!pt, !skey) -> !ct_L1
  %unused = lwe.rlwe_encrypt %pt, %sk : (!pt, !sk) -> !ct
  // CHECK: %[[PT:.*]] = lwe.rlwe_decrypt %ct, %sk : (!ct_L1, !skey) -> !pt
  %back = lwe.rlwe_decrypt %ct, %sk : (!ct, !sk) -> !pt
  // CHECK: lwe.rlwe_decode %[[PT]] {encoding = #inverse_canonical_encoding, ring = #ring_f64_x1024} : !pt -> tensor<1024xf64>
  %w = lwe.rlwe_decode %back {encoding = #enc, ring = #ring_m} : !pt -> tensor<1024xf64>
  return %w : tensor<1024xf64>
}

// CHECK-LABEL: func.func @encode
func.func @encode(%x: f64, %xs: tensor<2xf64>, %vs: tensor<2x1024xf32>, %is: tensor<16xi8>) {
  // CHECK: lwe.rlwe_encode {{.*}}level = 1 : i64{{.*}} : f64 -> !pt
  %0 = lwe.rlwe_encode %x {encoding = #enc, ring = #ring_m, level = 1 : i64} : f64 -> !pt
  // CHECK: lwe.rlwe_encode {{.*}}level = 0 : i32{{.*}}scale = 1.500000e+00 : f64{{.*}} : tensor<2xf64> -> tensor<2x!pt>
  %1 = lwe.rlwe_encode %xs {encoding = #enc, ring = #ring_m, level = 0 : i32, scale = 1.5 : f64} : tensor<2xf64> -> tensor<2x!pt>
  // CHECK: : tensor<2x1024xf32> -> tensor<2x!pt>
  %2 = lwe.rlwe_encode %vs {encoding = #enc, ring = #ring_m} : tensor<2x1024xf32> -> tensor<2x!pt>
  // CHECK: : tensor<16xi8> -> !pt
  %3 = lwe.rlwe_encode %is {encoding = #enc, ring = #ring_m} : tensor<16xi8> -> !pt
  return
}

// CHECK-LABEL: func.func @arithmetic
func.func @arithmetic(%a: !ct, %b: !ct, %p: !pt) -> !ct {
  // CHECK: %[[V0:.*]] = lwe.radd %ct, %ct_0 : (!ct_L1, !ct_L1) -> !ct_L1
  %0 = lwe.radd %a, %b : (!ct, !ct) -> !ct
  // CHECK: %[[V1:.*]] = lwe.rsub %[[V0]], %ct_0 : (!ct_L1, !ct_L1) -> !ct_L1
  %1 = lwe.rsub %0, %b : (!ct, !ct) -> !ct
  // CHECK: lwe.rmul %[[V1]], %[[V1]] : (!ct_L1, !ct_L1) -> !ct_L1_D3
  %2 = lwe.rmul %1, %1 : (!ct, !ct) -> !ct_d3
  // CHECK: %[[V3:.*]] = lwe.radd_plain %[[V1]], %pt : (!ct_L1, !pt) -> !ct_L1
  %3 = lwe.radd_plain %1, %p : (!ct, !pt) -> !ct
  // The plaintext may come first.
  // CHECK: %[[V4:.*]] = lwe.rsub_plain %pt, %[[V3]] : (!pt, !ct_L1) -> !ct_L1
  %4 = lwe.rsub_plain %p, %3 : (!pt, !ct) -> !ct
  // CHECK: %[[V5:.*]] = lwe.rmul_plain %pt, %[[V4]] : (!pt, !ct_L1) -> !ct_L1
  %5 = lwe.rmul_plain %p, %4 : (!pt, !ct) -> !ct
  // CHECK: %[[V6:.*]] = lwe.rnegate %[[V5]] : !ct_L1
  %6 = lwe.rnegate %5 : !ct
  // CHECK: %[[V7:.*]] = lwe.trivial_encrypt %pt : !pt -> !ct_L1
  %7 = lwe.trivial_encrypt %p : !pt -> !ct
  // CHECK: lwe.radd %[[V6]], %[[V7]]
  %8 = lwe.radd %6, %7 : (!ct, !ct) -> !ct
  return %8 : !ct
}

// CHECK-LABEL: func.func @tensors
func.func @tensors(%a: tensor<2x!ct>, %p: tensor<2x!pt>) -> tensor<2x!ct> {
  // CHECK: lwe.rmul_plain %{{.*}}, %{{.*}} : (tensor<2x!ct_L1>, tensor<2x!pt>) -> tensor<2x!ct_L1>
  %0 = lwe.rmul_plain %a, %p : (tensor<2x!ct>, tensor<2x!pt>) -> tensor<2x!ct>
  // CHECK: lwe.rnegate %{{.*}} : tensor<2x!ct_L1>
  %1 = lwe.rnegate %0 : tensor<2x!ct>
  return %1 : tensor<2x!ct>
}
