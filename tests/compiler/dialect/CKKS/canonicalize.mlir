// RUN: keymemrt-opt %s --canonicalize | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @f
  // CHECK-SAME: (%[[X:.*]]: !ct
  func.func @f(%x: !ct) -> (!ct, !ct, !ct, !ct) {
    // Constant shifts become static, and positive.
    // CHECK: %[[A:.*]] = ckks.rotate %[[X]] {static_shift = 509 : i64}
    %c-3 = arith.constant -3 : index
    %a = ckks.rotate %x, %c-3 : index : !ct
    // Two in a row are one; by nothing, none.
    // CHECK-NEXT: %[[C:.*]] = ckks.rotate %[[X]] {static_shift = 7 : i64}
    %b = ckks.rotate %x {static_shift = 3 : i32} : !ct
    %c = ckks.rotate %b {static_shift = 4 : i32} : !ct
    %d = ckks.rotate %x {static_shift = 5 : i32} : !ct
    %e = ckks.rotate %d {static_shift = 507 : i32} : !ct
    // What is between two is seen by others.
    // CHECK-NEXT: %[[F:.*]] = ckks.rotate %[[A]] {static_shift = 1 : i32}
    // CHECK-NEXT: return %[[A]], %[[C]], %[[X]], %[[F]]
    %f = ckks.rotate %a {static_shift = 1 : i32} : !ct
    return %a, %c, %e, %f : !ct, !ct, !ct, !ct
  }

  // Facts of the result stay, what was known of the operand goes.
  // CHECK-LABEL: func.func @notes
  // CHECK: ckks.rotate %{{[^ ]*}} {kmrt.level = 2 : i64, static_shift = 7 : i64}
  func.func @notes(%x: !ct) -> !ct {
    %c7 = arith.constant 7 : index
    %a = ckks.rotate %x, %c7 : index {indices = array<i64: 6, 7>, kmrt.level = 2 : i64} : !ct
    return %a : !ct
  }
}
