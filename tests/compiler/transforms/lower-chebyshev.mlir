// RUN: keymemrt-opt %s --infer-levels-and-scales --lower-chebyshev | FileCheck %s

// 0x41D0000000000000 is the default scale, 2^30.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>, !mod_arith.int<1073692673>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817, 1073692673], P = [1125899906826241], logDefaultScale = 30>} {

  // c_0 is not halved. Degree 1 takes one level, and its result is exactly at the default scale.
  // CHECK-LABEL: func.func @line
  // CHECK-SAME: (%[[X:[^:]*]]: !ct_L3
  // CHECK-NEXT: %[[P:.*]] = ckks.mul_scalar %[[X]] {kmrt.domain = {high = 1.000000e+00 : f64, low = -1.000000e+00 : f64}, kmrt.level = 3 : i64, kmrt.scale = 1.15286872{{[0-9]+}}E+18 : f64, real = 5.000000e-01 : f64}
  // CHECK-NEXT: %[[S:.*]] = ckks.add_scalar %[[P]] {{.*}}real = 2.500000e-01 : f64
  // CHECK-NEXT: %[[Y:.*]] = ckks.rescale %[[S]] {kmrt.level = 2 : i64, kmrt.scale = 0x41D0000000000000 : f64
  // CHECK-NEXT: return %[[Y]]
  func.func @line(%x: !ct) -> !ct {
    %y = orion.chebyshev %x {coefficients = [0.25, 0.5], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %y : !ct
  }

  // Degree 3 takes two levels and two products; what is 2^-55 of the largest coefficient is rounding and not there.
  // CHECK-LABEL: func.func @cubic
  // CHECK-COUNT-2: ckks.mul %
  // CHECK-NOT: ckks.mul %
  // CHECK: ckks.rescale {{.*}}kmrt.level = 1 : i64, kmrt.scale = 0x41D0000000000000 : f64
  // CHECK-NEXT: return
  func.func @cubic(%x: !ct) -> !ct {
    %y = orion.chebyshev %x {coefficients = [1.0e-22, 0.75, -1.0e-22, 0.25, 1.0e-23], domain_start = -1.0 : f64, domain_end = 1.0 : f64} : (!ct) -> !ct
    return %y : !ct
  }

  // Another domain is mapped to [-1, 1] first, for one level: u = x / 4 - 1/2 on [-2, 6].
  // CHECK-LABEL: func.func @domain
  // CHECK-SAME: (%[[X:[^:]*]]: !ct_L3
  // CHECK-NEXT: %[[P:.*]] = ckks.mul_scalar %[[X]] {kmrt.domain = {high = 6.000000e+00 : f64, low = -2.000000e+00 : f64, name = "act"}, {{.*}}real = 2.500000e-01 : f64
  // CHECK-NEXT: %[[R:.*]] = ckks.rescale %[[P]] {kmrt.level = 2 : i64, kmrt.scale = 0x41CFFF{{[0-9A-F]+}} : f64
  // CHECK-NEXT: %[[U:.*]] = ckks.add_scalar %[[R]] {{.*}}real = -5.000000e-01 : f64
  // CHECK: ckks.mul %[[U]], %[[U]]
  // CHECK: ckks.rescale {{.*}}kmrt.level = 0 : i64, kmrt.scale = 0x41D0000000000000 : f64
  // CHECK-NEXT: return
  func.func @domain(%x: !ct) -> !ct {
    %y = orion.chebyshev %x {coefficients = [0.5, 0.0, 0.5], domain_start = -2.0 : f64, domain_end = 6.0 : f64, orion.layer_name = "act"} : (!ct) -> !ct
    return %y : !ct
  }
}
