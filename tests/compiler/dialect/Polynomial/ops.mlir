// RUN: %roundtrip | FileCheck %s

// CHECK-LABEL: func.func private @polynomials
// CHECK-SAME: constant = #polynomial.int_polynomial<1>
// CHECK-SAME: cyclotomic = #polynomial.int_polynomial<1 + x**8192>
// CHECK-SAME: linear = #polynomial.int_polynomial<x>
// CHECK-SAME: negative = #polynomial.int_polynomial<-1 + x**1024>
// CHECK-SAME: renamed = #polynomial.int_polynomial<-2x + x**2>
// CHECK-SAME: sorted = #polynomial.int_polynomial<5 + 3x + 2x**7>
func.func private @polynomials() attributes {
  constant = #polynomial.int_polynomial<1>,
  cyclotomic = #polynomial.int_polynomial<1 + x**8192>,
  linear = #polynomial.int_polynomial<x>,
  negative = #polynomial.int_polynomial<-1 + x**1024>,
  renamed = #polynomial.int_polynomial<-2t + t**2>,
  sorted = #polynomial.int_polynomial<2x**7 + 5 + 3x>
}

// CHECK-LABEL: func.func private @rings
// CHECK-SAME: free = #ring_f64
// CHECK-SAME: modular = #ring_Z17_x4
// CHECK-SAME: real = #ring_f64_x1024
// CHECK-SAME: residues = #ring_rns_L1_x1024
func.func private @rings() attributes {
  free = #polynomial.ring<coefficientType = f64>,
  modular = #polynomial.ring<polynomialModulus = <1 + x**4>, coefficientType = !mod_arith.int<17 : i64>>,
  real = #polynomial.ring<coefficientType = f64, polynomialModulus = #polynomial.int_polynomial<1 + x**1024>>,
  residues = #polynomial.ring<coefficientType = !rns.rns<!mod_arith.int<17 : i64>, !mod_arith.int<19 : i64>>,
                              polynomialModulus = <1 + x**1024>>
}
