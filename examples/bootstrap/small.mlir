// The same in 512 slots, INSECURE: for tests (keymemrt compile --insecure).
#encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>
#space = #lwe.plaintext_space<ring = #plain, encoding = #encoding>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {scheme.ckks, ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  func.func @fourth_power(%x: !ct) -> (!ct) {
    %s = ckks.mul %x, %x : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %d = ckks.rescale %r {to_ring = #ring} : !ct -> !ct
    %b = ckks.bootstrap %d : !ct -> !ct
    %t = ckks.mul %b, %b : (!ct, !ct) -> !ct3
    %u = ckks.relinearize %t {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    return %u : !ct
  }
}
