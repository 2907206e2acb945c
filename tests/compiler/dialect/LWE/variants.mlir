// RUN: %roundtrip | FileCheck %s

// What HEIR's forks write is read as if HEIR's main line had written it.

!q0 = !mod_arith.int<1073741441 : i64>
#ring_q = #polynomial.ring<coefficientType = !rns.rns<!q0>, polynomialModulus = <1 + x**1024>>
#ring_m = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#pt_space = #lwe.plaintext_space<ring = #ring_m, encoding = #enc>
#ct_space = #lwe.ciphertext_space<ring = #ring_q, encryption_type = mix>
!ct = !lwe.lwe_ciphertext<plaintext_space = #pt_space, ciphertext_space = #ct_space, key = #lwe.key<>>
!pk = !lwe.lwe_public_key<key = <>, ring = #ring_q>
!sk = !lwe.lwe_secret_key<key = <>, ring = #ring_q>

// One type in other words: parameters in another order, defaults and dialect prefixes written out, the forks' names.
!ct_same = !lwe.new_lwe_ciphertext<key = #lwe.key<slot_index = 0>,
                                   ciphertext_space = #lwe.ciphertext_space<encryption_type = mix, size = 2, ring = #ring_q>,
                                   plaintext_space = <encoding = #enc, ring = #ring_m>>
!pk_same = !lwe.new_lwe_public_key<ring = #ring_q, key = #lwe.key<>>
!sk_same = !lwe.new_lwe_secret_key<ring = #ring_q, key = #lwe.key<>>

// CHECK: #application_data = #lwe.application_data<message_type = tensor<1024xf32>>
// CHECK: #application_data1 = #lwe.application_data<message_type = i8, overflow = #lwe.preserve_overflow<>>
// CHECK: !pt = !lwe.lwe_plaintext<application_data = #application_data, plaintext_space =
// CHECK: !pt1 = !lwe.lwe_plaintext<application_data = #application_data1, plaintext_space =

// CHECK-LABEL: func.func private @synonyms(!ct_L0, !ct_L0, !pkey, !pkey, !skey, !skey)
func.func private @synonyms(!ct, !ct_same, !pk, !pk_same, !sk, !sk_same)

// The type of the message is kept.
// CHECK-LABEL: func.func private @application_data
// CHECK-SAME: a = !pt, b = !pt1
func.func private @application_data() attributes {
  a = !lwe.new_lwe_plaintext<application_data = <message_type = tensor<1024xf32>>, plaintext_space = #pt_space>,
  b = !lwe.lwe_plaintext<plaintext_space = #pt_space,
                         application_data = <message_type = i8, overflow = #lwe.preserve_overflow<>>>
}
