// RUN: %roundtrip | FileCheck %s

// The spelling of HEIR's fork is read as key_mgmt.

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
!ct = !lwe.new_lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = <>>

// CHECK-LABEL: func.func @fork
func.func @fork(%x: !ct, %n: index) -> !ct {
  // CHECK: memref.alloca() : memref<4x!key_mgmt.rot_key<>>
  %cells = memref.alloca() : memref<4x!kmrt.rot_key<>>
  %c5 = arith.constant 5 : i64
  // CHECK: key_mgmt.prefetch_key
  kmrt.prefetch_key %c5
  // CHECK: key_mgmt.load_key {{.*}} {key_depth = 2 : i64} : i64 -> <rotation_index = 5>
  %k = kmrt.load_key %c5 {key_depth = 2 : i64} : i64 -> !kmrt.rot_key<rotation_index = 5>
  // CHECK: key_mgmt.load_key {{.*}} : index -> <>
  %d = kmrt.load_key %n : index -> <>
  // CHECK: key_mgmt.use_key {{.*}} : <rotation_index = 5> -> <>
  %u = kmrt.use_key %k : <rotation_index = 5> -> <>
  // CHECK: key_mgmt.rotate {{.*}}, <> -> !ct_L0
  %r = kmrt.rotation %x, %u : !ct, <> -> !ct
  memref.store %d, %cells[%n] : memref<4x!kmrt.rot_key<>>
  // CHECK: key_mgmt.clear_key {{.*}} : <rotation_index = 5>
  kmrt.clear_key %k : <rotation_index = 5>
  // CHECK: key_mgmt.assume_loaded
  %a = kmrt.assume_loaded %c5 : i64 -> <rotation_index = 5>
  return %r : !ct
}
