// RUN: keymemrt-opt %s --infer-levels-and-scales --insert-keys --merge-key-lifetimes=max-live-keys=8 --annotate-key-levels | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // One lifetime for two uses: the higher level counts. Names and clears follow the type.
  // CHECK-LABEL: func.func @merged
  // CHECK: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 3, level = 2>
  // CHECK-NEXT: key_mgmt.rotate {{.*}}, <rotation_index = 3, level = 2>
  // CHECK: %[[R:.*]] = key_mgmt.load_key : !key_mgmt.relin_key<level = 2>
  // CHECK: key_mgmt.rotate
  // CHECK: key_mgmt.clear_key %[[K]] : <rotation_index = 3, level = 2>
  func.func @merged(%x: !ct) -> !ct {
    %a = ckks.rotate %x {static_shift = 3 : i64} : !ct
    %s = ckks.mul %a, %a : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %d = ckks.rescale %r {to_ring = #ring} : !ct -> !ct
    %b = ckks.rotate %d {static_shift = 3 : i64} : !ct
    return %b : !ct
  }
}
