// Every type and operation is printed as it was read, in HEIR's spelling.
// RUN: keymemrt-opt %s --split-input-file | FileCheck %s
// RUN: keymemrt-opt %s | keymemrt-opt | FileCheck %s

!cc = !openfhe.crypto_context
!ct = !openfhe.ciphertext
!pt = !openfhe.plaintext
!digits = !openfhe.digit_decomp

// CHECK-LABEL: func.func @ops
// CHECK-SAME: (%[[CC:.*]]: !openfhe.crypto_context, %[[X:.*]]: !openfhe.ciphertext
func.func @ops(%cc: !cc, %x: !ct, %v: tensor<8xf64>, %i: index, %k: !key_mgmt.rot_key<rotation_index = 3>) -> !ct {
  // CHECK: openfhe.make_ckks_packed_plaintext %[[CC]], %{{.*}} : (!openfhe.crypto_context, tensor<8xf64>) -> !openfhe.plaintext
  %p = openfhe.make_ckks_packed_plaintext %cc, %v : (!cc, tensor<8xf64>) -> !pt
  // CHECK-NEXT: openfhe.add %[[CC]], %[[X]], %[[X]] : (!openfhe.crypto_context, !openfhe.ciphertext, !openfhe.ciphertext) -> !openfhe.ciphertext
  %a = openfhe.add %cc, %x, %x : (!cc, !ct, !ct) -> !ct
  // CHECK-NEXT: openfhe.sub
  %b = openfhe.sub %cc, %a, %x : (!cc, !ct, !ct) -> !ct
  // CHECK-NEXT: openfhe.mul_no_relin
  %c = openfhe.mul_no_relin %cc, %b, %x : (!cc, !ct, !ct) -> !ct
  // CHECK-NEXT: openfhe.relin
  %d = openfhe.relin %cc, %c : (!cc, !ct) -> !ct
  // CHECK-NEXT: openfhe.mod_reduce
  %e = openfhe.mod_reduce %cc, %d : (!cc, !ct) -> !ct
  // CHECK-NEXT: openfhe.level_reduce %[[CC]], %{{.*}} {levelToDrop = 2 : i64}
  %f = openfhe.level_reduce %cc, %e {levelToDrop = 2 : i64} : (!cc, !ct) -> !ct
  // CHECK-NEXT: openfhe.add_plain
  %g = openfhe.add_plain %cc, %f, %p : (!cc, !ct, !pt) -> !ct
  // CHECK-NEXT: openfhe.sub_plain
  %h = openfhe.sub_plain %cc, %g, %p : (!cc, !ct, !pt) -> !ct
  // CHECK-NEXT: openfhe.mul_plain
  %j = openfhe.mul_plain %cc, %h, %p : (!cc, !ct, !pt) -> !ct
  // CHECK-NEXT: openfhe.negate
  %l = openfhe.negate %cc, %j : (!cc, !ct) -> !ct
  // CHECK-NEXT: openfhe.bootstrap
  %m = openfhe.bootstrap %cc, %l : (!cc, !ct) -> !ct
  // CHECK-NEXT: openfhe.rot %[[CC]], %{{.*}} {static_shift = 4 : index}
  %n = openfhe.rot %cc, %m {static_shift = 4 : index} : (!cc, !ct) -> !ct
  // CHECK-NEXT: openfhe.rot %[[CC]], %{{.*}}, %{{.*}} : (!openfhe.crypto_context, !openfhe.ciphertext, index)
  %o = openfhe.rot %cc, %n, %i : (!cc, !ct, index) -> !ct
  // CHECK-NEXT: openfhe.rot %[[CC]], %{{.*}}, %{{.*}} : (!openfhe.crypto_context, !openfhe.ciphertext, !key_mgmt.rot_key<rotation_index = 3>)
  %q = openfhe.rot %cc, %o, %k : (!cc, !ct, !key_mgmt.rot_key<rotation_index = 3>) -> !ct
  // CHECK-NEXT: openfhe.fast_rotation_precompute
  %r = openfhe.fast_rotation_precompute %cc, %q : (!cc, !ct) -> !digits
  // CHECK-NEXT: openfhe.fast_rotation %[[CC]], %{{.*}}, %{{.*}}, %{{.*}} {cyclotomicOrder = 2048 : index}
  %s = openfhe.fast_rotation %cc, %q, %i, %r {cyclotomicOrder = 2048 : index} : (!cc, !ct, index, !digits) -> !ct
  %t = openfhe.fast_rotation %cc, %s, %k, %r {cyclotomicOrder = 2048 : index} : (!cc, !ct, !key_mgmt.rot_key<rotation_index = 3>, !digits) -> !ct
  return %t : !ct
}
