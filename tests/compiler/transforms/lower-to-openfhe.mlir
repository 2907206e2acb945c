// RUN: keymemrt-opt %s --keymemrt-to-program=insecure --lower-to-openfhe | FileCheck %s --check-prefixes=CHECK,KEYS
// RUN: keymemrt-opt %s --keymemrt-to-program=insecure --lower-to-openfhe=keys=false | FileCheck %s --check-prefixes=CHECK,PLAIN
// What is written is read again.
// RUN: keymemrt-opt %s --keymemrt-to-program=insecure --lower-to-openfhe | keymemrt-opt | FileCheck %s --check-prefixes=CHECK,KEYS

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

// CHECK: module attributes {backend.openfhe
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // Two rotations of one ciphertext share its digits; a square and its rescale; a plaintext. Clears of values go.
  // CHECK-LABEL: func.func @f
  // CHECK-SAME: (%[[CC:.*]]: !openfhe.crypto_context, %[[X:.*]]: !openfhe.ciphertext, %[[W:.*]]: tensor<512xf64>
  // CHECK-NOT: key_mgmt.clear %
  // KEYS: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 1>
  // CHECK: %[[D:.*]] = openfhe.fast_rotation_precompute %[[CC]], %[[X]]
  // KEYS: openfhe.fast_rotation %[[CC]], %[[X]], %[[K]], %[[D]] {cyclotomicOrder = 2048 : index}
  // KEYS-NEXT: key_mgmt.clear_key %[[K]]
  // PLAIN-NOT: key_mgmt
  // PLAIN: openfhe.fast_rotation %[[CC]], %[[X]], %c1, %[[D]] {cyclotomicOrder = 2048 : index}
  // CHECK: openfhe.fast_rotation
  // CHECK: %[[S:.*]] = openfhe.add
  // CHECK: %[[M:.*]] = openfhe.mul_no_relin %[[CC]], %[[S]], %[[S]]
  // CHECK: %[[L:.*]] = openfhe.relin %[[CC]], %[[M]]
  // KEYS: %[[T:.*]] = openfhe.rot %[[CC]], %[[L]], %{{.*}} : (!openfhe.crypto_context, !openfhe.ciphertext, !key_mgmt.rot_key<rotation_index = 509>)
  // PLAIN: %[[T:.*]] = openfhe.rot %[[CC]], %[[L]] {static_shift = 509 : index}
  // CHECK: %[[P:.*]] = openfhe.make_ckks_packed_plaintext %[[CC]], %[[W]]
  // CHECK: %[[Q:.*]] = openfhe.mul_plain %[[CC]], %[[X]], %[[P]]
  // CHECK-DAG: %[[Y:.*]] = openfhe.mod_reduce %[[CC]], %[[T]]
  // CHECK-DAG: %[[Z:.*]] = openfhe.mod_reduce %[[CC]], %[[Q]]
  // CHECK: return %[[Y]], %[[Z]] : !openfhe.ciphertext, !openfhe.ciphertext
  func.func @f(%x: !ct, %w: tensor<512xf64>) -> (!ct, !ct) {
    %a = ckks.rotate %x {static_shift = 1 : i64} : !ct
    %b = ckks.rotate %x {static_shift = 2 : i64} : !ct
    %s = ckks.add %a, %b : (!ct, !ct) -> !ct
    %m = ckks.mul %s, %s : (!ct, !ct) -> !ct3
    %l = ckks.relinearize %m {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %r = ckks.rotate %l {static_shift = -3 : i64} : !ct
    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    %q = ckks.mul_plain %x, %p : (!ct, !pt) -> !ct
    return %r, %q : !ct, !ct
  }
}
