// RUN: keymemrt-opt %s --mul-to-add | FileCheck %s

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
  func.func @f(%x: !ct) -> (!ct, !ct, !ct, !ct, !ct, !ct, !ct) {
    // CHECK-DAG: %[[HALF:.*]] = arith.constant dense<5.000000e-01>
    // CHECK-DAG: %[[MIX:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]>
    // CHECK-DAG: %[[LARGE:.*]] = arith.constant dense<5.110000e+02>
    %one = arith.constant dense<1.0> : tensor<4xf64>
    %four = arith.constant dense<-4.0> : tensor<4xf64>
    %ten = arith.constant dense<[10.0, 10.0]> : tensor<2xf64>
    %half = arith.constant dense<0.5> : tensor<4xf64>
    %mix = arith.constant dense<[1.0, 2.0]> : tensor<2xf64>
    %large = arith.constant dense<511.0> : tensor<4xf64>
    %zero = arith.constant dense<0.0> : tensor<4xf64>
    %e1 = lwe.rlwe_encode %one {encoding = #enc, ring = #plain} : tensor<4xf64> -> !pt
    %e4 = lwe.rlwe_encode %four {encoding = #enc, ring = #plain} : tensor<4xf64> -> !pt
    %e10 = lwe.rlwe_encode %ten {encoding = #enc, ring = #plain} : tensor<2xf64> -> !pt
    %eh = lwe.rlwe_encode %half {encoding = #enc, ring = #plain} : tensor<4xf64> -> !pt
    %em = lwe.rlwe_encode %mix {encoding = #enc, ring = #plain} : tensor<2xf64> -> !pt
    %el = lwe.rlwe_encode %large {encoding = #enc, ring = #plain} : tensor<4xf64> -> !pt
    %e0 = lwe.rlwe_encode %zero {encoding = #enc, ring = #plain} : tensor<4xf64> -> !pt
    %a = ckks.mul_plain %x, %e1 : (!ct, !pt) -> !ct
    // CHECK: %[[B2:.*]] = ckks.add %[[X]], %[[X]]
    // CHECK-NEXT: %[[B4:.*]] = ckks.add %[[B2]], %[[B2]]
    // CHECK-NEXT: %[[B:.*]] = ckks.negate %[[B4]]
    %b = ckks.mul_plain %x, %e4 : (!ct, !pt) -> !ct
    // 10 = 2 (2 * 2 + 1)
    // CHECK-NEXT: %[[C2:.*]] = ckks.add %[[X]], %[[X]]
    // CHECK-NEXT: %[[C4:.*]] = ckks.add %[[C2]], %[[C2]]
    // CHECK-NEXT: %[[C5:.*]] = ckks.add %[[C4]], %[[X]]
    // CHECK-NEXT: %[[C:.*]] = ckks.add %[[C5]], %[[C5]]
    %c = ckks.mul_plain %x, %e10 : (!ct, !pt) -> !ct
    // No integer, not one integer, too many additions, zero.
    // CHECK-COUNT-4: ckks.mul_plain
    // CHECK: return %[[X]], %[[B]], %[[C]],
    %d = ckks.mul_plain %x, %eh : (!ct, !pt) -> !ct
    %e = ckks.mul_plain %x, %em : (!ct, !pt) -> !ct
    %f = ckks.mul_plain %x, %el : (!ct, !pt) -> !ct
    %g = ckks.mul_plain %x, %e0 : (!ct, !pt) -> !ct
    return %a, %b, %c, %d, %e, %f, %g : !ct, !ct, !ct, !ct, !ct, !ct, !ct
  }
}
