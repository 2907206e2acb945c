// RUN: keymemrt-opt %s --verify-program-form | FileCheck %s

#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring1 = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
!pt = !lwe.lwe_plaintext<plaintext_space = <ring = #plain, encoding = #enc>>
!ct = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!ct60 = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 60>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 2>>
!low = !lwe.lwe_ciphertext<plaintext_space = <ring = #plain, encoding = #lwe.inverse_canonical_encoding<scaling_factor = 30>>, ciphertext_space = <ring = <coefficientType = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>, polynomialModulus = <1 + x**1024>>, encryption_type = mix>, key = <>, modulus_chain = <elements = <1125899906820097 : i64, 1073707009 : i64, 1073698817 : i64>, current = 1>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // Nothing is changed.
  // CHECK-LABEL: func.func @program
  // CHECK: key_mgmt.rotate_hoisted
  // CHECK: return
  func.func @program(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64}, %w: tensor<512xf64>) -> !low {
    %p = lwe.rlwe_encode %w {encoding = #enc, kmrt.level = 2 : i64, kmrt.scale = 1073741824.0 : f64, level = 2 : i64, ring = #plain, scale = 1073741824.0 : f64} : tensor<512xf64> -> !pt
    %m = ckks.mul_plain %x, %p {kmrt.level = 2 : i64, kmrt.scale = 1152921504606846976.0 : f64} : (!ct, !pt) -> !ct60
    key_mgmt.clear %x : !ct
    key_mgmt.clear %p : !pt
    %y = ckks.rescale %m {kmrt.level = 1 : i64, kmrt.scale = 1073784832.722645 : f64, to_ring = #ring1} : !ct60 -> !low
    key_mgmt.clear %m : !ct60
    %d = key_mgmt.decompose %y {kmrt.level = 1 : i64, kmrt.scale = 1073784832.722645 : f64} : !low -> !key_mgmt.digits
    %c5 = arith.constant 5 : i64
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
    %z = key_mgmt.rotate_hoisted %y, %d, %k {kmrt.level = 1 : i64, kmrt.scale = 1073784832.722645 : f64} : !low, <rotation_index = 5> -> !low
    key_mgmt.clear_key %k : <rotation_index = 5>
    key_mgmt.clear %d : !key_mgmt.digits
    key_mgmt.clear %y : !low
    return %z : !low
  }
}
