// Levels, types and plaintexts stay as they are. The inference finds all rescales in place.
// RUN: keymemrt-opt %s --place-rescales | FileCheck %s
// RUN: keymemrt-opt %s --infer-levels-and-scales > %t.once
// RUN: keymemrt-opt %s --place-rescales --infer-levels-and-scales | diff - %t.once

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>

module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // One rescale after a sum of products, before it is multiplied; one before the return.
  // CHECK-LABEL: func.func @sum
  // CHECK-SAME: (%[[X:.*]]: !ct_L2)
  // CHECK: %[[A:.*]] = ckks.mul %[[X]], %[[X]]
  // CHECK: %[[B:.*]] = ckks.relinearize %[[A]]
  // CHECK-NEXT: %[[S:.*]] = ckks.add %[[B]], %[[B]]
  // CHECK-NEXT: %[[R:.*]] = ckks.rescale %[[S]] {to_ring = #ring_rns_L1_x1024} : !ct_L2 -> !ct_L2
  // CHECK-NEXT: %[[C:.*]] = ckks.mul %[[R]], %[[R]]
  // CHECK-NEXT: %[[D:.*]] = ckks.relinearize %[[C]]
  // CHECK-NEXT: %[[E:.*]] = ckks.rescale %[[D]] {to_ring = #ring_rns_L0_x1024}
  // CHECK-NEXT: return %[[E]]
  func.func @sum(%x: !ct) -> !ct {
    %a = ckks.mul %x, %x : (!ct, !ct) -> !ct3
    %b = ckks.relinearize %a {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %s = ckks.add %b, %b : (!ct, !ct) -> !ct
    %c = ckks.mul %s, %s : (!ct, !ct) -> !ct3
    %d = ckks.relinearize %c {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    return %d : !ct
  }

  // The program's own rescale stays where it is justified; the second one, and that of an input, go.
  // CHECK-LABEL: func.func @own
  // CHECK-SAME: (%[[X:.*]]: !ct_L2
  // CHECK-NOT: ckks.rescale
  // CHECK: %[[P:.*]] = lwe.rlwe_encode {{.*}} {encoding = #inverse_canonical_encoding, ring = #ring_f64_x1024}
  // CHECK: %[[M:.*]] = ckks.mul_plain %[[X]], %[[P]]
  // CHECK-NEXT: %[[R:.*]] = ckks.rescale %[[M]]
  // CHECK-NEXT: %[[N:.*]] = ckks.negate %[[R]]
  // CHECK-NEXT: return %[[N]]
  func.func @own(%x: !ct, %w: tensor<512xf64>) -> !ct {
    %y = ckks.rescale %x {to_ring = #ring} : !ct -> !ct
    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    %m = ckks.mul_plain %y, %p : (!ct, !pt) -> !ct
    %r = ckks.rescale %m {to_ring = #ring} : !ct -> !ct
    %s = ckks.rescale %r {to_ring = #ring} : !ct -> !ct
    %n = ckks.negate %s : !ct
    return %n : !ct
  }
}
