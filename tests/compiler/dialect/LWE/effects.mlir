// RUN: keymemrt-opt %s --canonicalize --cse | FileCheck %s

#ring = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #ring, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #ring, encoding = #enc>,
                          ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!pk = !lwe.lwe_public_key<key = <>, ring = #ring>

// Equal encodings are one; encryptions are random, so two of them stay two.
// CHECK-LABEL: func.func @encrypt_twice
func.func @encrypt_twice(%v: tensor<1024xf64>, %pk: !pk) -> (!ct, !ct) {
  // CHECK-NEXT: %[[P:.*]] = lwe.rlwe_encode
  %0 = lwe.rlwe_encode %v {encoding = #enc, ring = #ring} : tensor<1024xf64> -> !pt
  %1 = lwe.rlwe_encode %v {encoding = #enc, ring = #ring} : tensor<1024xf64> -> !pt
  // CHECK-NEXT: %[[A:.*]] = lwe.rlwe_encrypt %[[P]]
  %2 = lwe.rlwe_encrypt %0, %pk : (!pt, !pk) -> !ct
  // CHECK-NEXT: %[[B:.*]] = lwe.rlwe_encrypt %[[P]]
  %3 = lwe.rlwe_encrypt %1, %pk : (!pt, !pk) -> !ct
  // CHECK-NEXT: return %[[A]], %[[B]]
  return %2, %3 : !ct, !ct
}

// Operands of a commutative operation are compared in either order.
// CHECK-LABEL: func.func @commute
func.func @commute(%a: !ct, %b: !ct, %p: !pt) -> (!ct, !ct, !ct, !ct) {
  // CHECK-NEXT: %[[S:.*]] = lwe.radd %
  %0 = lwe.radd %a, %b : (!ct, !ct) -> !ct
  %1 = lwe.radd %b, %a : (!ct, !ct) -> !ct
  // CHECK-NEXT: %[[D0:.*]] = lwe.rsub_plain
  %2 = lwe.rsub_plain %a, %p : (!ct, !pt) -> !ct
  // CHECK-NEXT: %[[D1:.*]] = lwe.rsub_plain
  %3 = lwe.rsub_plain %p, %a : (!pt, !ct) -> !ct
  // CHECK-NEXT: return %[[S]], %[[S]], %[[D0]], %[[D1]]
  return %0, %1, %2, %3 : !ct, !ct, !ct, !ct
}

// CHECK-LABEL: func.func @negate_twice
func.func @negate_twice(%a: !ct) -> !ct {
  %0 = lwe.rnegate %a : !ct
  %1 = lwe.rnegate %0 : !ct
  // CHECK-NEXT: return %ct
  return %1 : !ct
}
