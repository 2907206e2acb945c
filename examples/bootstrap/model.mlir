// x^4 in 32,768 slots, bootstrapped half way: 128 bits of security, a main secret of weight 192. Q is what the program has to
// itself.
#encoding = #lwe.inverse_canonical_encoding<scaling_factor = 40>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**65536>>
#ring = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<4503599626321921>, !mod_arith.int<1099510054913>, !mod_arith.int<1099507695617>, !mod_arith.int<1099506515969>, !mod_arith.int<1099504549889>, !mod_arith.int<1099503894529>, !mod_arith.int<1099503370241>, !mod_arith.int<1099502714881>, !mod_arith.int<1099500617729>, !mod_arith.int<1099499569153>>, polynomialModulus = <1 + x**65536>>
#space = #lwe.plaintext_space<ring = #plain, encoding = #encoding>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {scheme.ckks, ckks.schemeParam = #ckks.scheme_param<logN = 16, Q = [4503599626321921, 1099510054913, 1099507695617, 1099506515969, 1099504549889, 1099503894529, 1099503370241, 1099502714881, 1099500617729, 1099499569153], P = [2305843009211596801, 2305843009210023937, 2305843009208713217, 2305843009202159617, 2305843009201242113, 2305843009200586753], logDefaultScale = 40>, kmrt.secret_weight = 192 : i64} {
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
