// A key of another name, whose uses are not told by its own, stays good for every level.
// RUN: keymemrt-opt %s --annotate-key-levels | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

// CHECK-LABEL: func.func @named
// CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 3>
// CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 4, level = 2>
func.func @named(%x: !ct) -> !ct {
  %c3 = arith.constant 3 : i64
  %c4 = arith.constant 4 : i64
  %k = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
  %u = key_mgmt.use_key %k : <rotation_index = 3> -> <>
  %a = key_mgmt.rotate %x, %u : !ct, <> -> !ct
  key_mgmt.clear_key %k : <rotation_index = 3>
  %l = key_mgmt.load_key %c4 : i64 -> <rotation_index = 4>
  %b = key_mgmt.rotate %a, %l : !ct, <rotation_index = 4> -> !ct
  key_mgmt.clear_key %l : <rotation_index = 4>
  return %b : !ct
}
