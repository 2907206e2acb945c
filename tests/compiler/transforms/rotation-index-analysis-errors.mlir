// RUN: keymemrt-opt %s --rotation-index-analysis --split-input-file --verify-diagnostics

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func @f(%x: !ct, %w: tensor<4xindex>) -> !ct {
    %c2 = arith.constant 2 : index
    // expected-note@+1 {{because this number has no bound}}
    %n = tensor.extract %w[%c2] : tensor<4xindex>
    %i = arith.muli %n, %c2 : index
    // expected-error@+1 {{'key_mgmt.load_key' op has an index that cannot be bounded}}
    %k = key_mgmt.load_key %i : index -> <>
    %y = key_mgmt.rotate %x, %k : !ct, <> -> !ct
    key_mgmt.clear_key %k : <>
    return %y : !ct
  }
}

// -----

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func @f(%x: !ct, %w: tensor<4xindex>) -> !ct {
    %c2 = arith.constant 2 : index
    %c100000 = arith.constant 100000 : index
    // expected-note@+1 {{because this number has no bound}}
    %n = tensor.extract %w[%c2] : tensor<4xindex>
    %y = scf.for %i = %c2 to %c100000 step %c2 iter_args(%a = %x) -> (!ct) {
      %c = arith.cmpi eq, %i, %n : index
      %j = arith.select %c, %c2, %i : index
      %r = ckks.rotate %a, %j : index : !ct
      scf.yield %r : !ct
    }
    %z = scf.for %i = %c2 to %n step %c2 iter_args(%a = %y) -> (!ct) {
      // expected-error@+1 {{has an index that cannot be bounded}}
      %r = ckks.rotate %a, %i : index : !ct
      scf.yield %r : !ct
    }
    return %z : !ct
  }
}
