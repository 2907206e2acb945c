// RUN: keymemrt-opt %s --verify-types --split-input-file --verify-diagnostics
// Without it, types are hints.
// RUN: keymemrt-opt %s --split-input-file > /dev/null

!rns2 = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
!rns1 = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring2 = #polynomial.ring<coefficientType = !rns2, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns1, polynomialModulus = <1 + x**1024>>
#enc30 = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#enc60 = #lwe.inverse_canonical_encoding<scaling_factor = 60>
#enc0 = #lwe.inverse_canonical_encoding<scaling_factor = 0>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc30>>
!ct2 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #enc30>, ciphertext_space = <ring = #ring2, encryption_type = mix>, key = <>>
!ct2s = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #enc60>, ciphertext_space = <ring = #ring2, encryption_type = mix>, key = <>>
!ct1 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #enc30>, ciphertext_space = <ring = #ring1, encryption_type = mix>, key = <>>
!ct1u = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #enc0>, ciphertext_space = <ring = #ring1, encryption_type = mix>, key = <>>

func.func @f(%x: !ct2, %p: !pt, %u: !ct1u) {
  %a = ckks.mul_plain %x, %p : (!ct2, !pt) -> !ct2s
  %b = ckks.rescale %a {to_ring = #ring1} : !ct2s -> !ct1
  %c = ckks.level_reduce %x : !ct2 -> !ct1
  %d = ckks.add %b, %c : (!ct1, !ct1) -> !ct1
  // Not tracked agrees with all.
  %e = ckks.add %b, %u : (!ct1, !ct1u) -> !ct1
  // expected-error@+1 {{expected a result of scale 2^60 by the types of its operands, found 30}}
  %g = ckks.mul_plain %x, %p : (!ct2, !pt) -> !ct2
  // expected-error@+1 {{expected a result of level 2 by the types of its operands, found 1}}
  %h = ckks.add_plain %x, %p : (!ct2, !pt) -> !ct1
  // expected-error@+1 {{expected operands of one scale, found 2^60 and 2^30}}
  %i = ckks.add %a, %x : (!ct2s, !ct2) -> !ct2
  // expected-error@+1 {{expected a result of level 0 by the types of its operands, found 1}}
  %j = ckks.level_reduce %x {levelToDrop = 2 : i64} : !ct2 -> !ct1
  // expected-error@+1 {{expected a result of scale 2^0 by the types of its operands, found 30}}
  %k = ckks.rescale %x {to_ring = #ring1} : !ct2 -> !ct1
  return
}
