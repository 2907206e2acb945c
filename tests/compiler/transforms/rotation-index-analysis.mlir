// RUN: keymemrt-opt %s --rotation-index-analysis | FileCheck %s
// RUN: keymemrt-opt %s --rotation-index-analysis=most-steps=0 | FileCheck %s --check-prefix=BOUND

// Modulo 512: -1 is 511.
// CHECK: module attributes {{.*}}rotation_analysis.indices = array<i64: 0, 3, 6, 12, 15, 511>
// BOUND: rotation_analysis.indices = array<i64: 0, 3, 6, 9, 12, 15, 511>
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func @f(%x: !ct) -> !ct {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %a = ckks.rotate %x {static_shift = -1 : i32} : !ct
    %y = scf.for %i = %c1 to %c4 step %c2 iter_args(%s = %a) -> (!ct) {
      %t = affine.for %j = 0 to 2 iter_args(%u = %s) -> (!ct) {
        // i of 1, 3 and j of 0, 1: 3 (i + j) - 3, of which 3 i + 3 j - 3 = 9 is left out by the branch for j = 1.
        // CHECK: ckks.rotate {{.*}} {indices = array<i64: 0, 3, 6>}
        // BOUND: ckks.rotate {{.*}} {indices = array<i64: 0, 3, 6, 9>}
        %sum = arith.addi %i, %j : index
        %l = arith.muli %sum, %c3 : index
        %k = arith.subi %l, %c3 : index
        %nine = arith.constant 9 : index
        %isNine = arith.cmpi ne, %k, %nine : index
        %v = scf.if %isNine -> (!ct) {
          %r = ckks.rotate %u, %k : index : !ct
          scf.yield %r : !ct
        } else {
          scf.yield %u : !ct
        }
        affine.yield %v : !ct
      }
      // CHECK: key_mgmt.load_key {{.*}} {indices = array<i64: 12, 15>}
      %e = affine.apply affine_map<()[s0] -> (s0 floordiv 3 * 3 + 12)>()[%i]
      %rk = key_mgmt.load_key %e : index -> <>
      %w = key_mgmt.rotate %t, %rk : !ct, <> -> !ct
      key_mgmt.clear_key %rk : <>
      scf.yield %w : !ct
    }
    return %y : !ct
  }
}
