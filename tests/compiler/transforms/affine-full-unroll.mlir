// RUN: keymemrt-opt %s --affine-full-unroll --canonicalize | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>

// The bounds of the inner loop follow from the outer one: shifts 0, then 10 and 11, which canonicalize adds up. A step of
// 2, an iteration argument handed on, and a loop that never runs.
// CHECK-LABEL: func.func @nest
// CHECK-SAME: %[[X:.*]]: !ct
// CHECK-NOT: affine.for
// CHECK: %[[A:.*]] = ckks.rotate %[[X]] {static_shift = 21 : i64}
// CHECK-NEXT: return %[[A]]
func.func @nest(%x: !ct) -> !ct {
  %y = affine.for %i = 0 to 4 step 2 iter_args(%a = %x) -> (!ct) {
    %z = affine.for %j = 0 to affine_map<(d0) -> (d0 floordiv 2 + 1)>(%i) iter_args(%b = %a) -> (!ct) {
      %s = affine.apply affine_map<(d0, d1) -> (d0 * 5 + d1)>(%i, %j)
      %r = ckks.rotate %b, %s : index : !ct
      affine.yield %r : !ct
    }
    affine.yield %z : !ct
  }
  %w = affine.for %i = 3 to 3 iter_args(%a = %y) -> (!ct) {
    %n = ckks.negate %a : !ct
    affine.yield %n : !ct
  }
  return %w : !ct
}

// Loops of scf stay, what is in them does not.
// CHECK-LABEL: func.func @others
// CHECK: scf.for
// CHECK-NOT: affine.for
// CHECK-COUNT-3: ckks.add
// CHECK-NOT: ckks.add
func.func @others(%x: !ct, %n: index) -> !ct {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (!ct) {
    %z = affine.for %j = 0 to 3 iter_args(%b = %a) -> (!ct) {
      %r = ckks.add %b, %x : (!ct, !ct) -> !ct
      affine.yield %r : !ct
    }
    scf.yield %z : !ct
  }
  return %y : !ct
}
