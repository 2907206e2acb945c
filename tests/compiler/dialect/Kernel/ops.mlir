// RUN: %roundtrip | FileCheck %s

// CHECK-LABEL: func.func @kernels
func.func @kernels(%x: tensor<4xf64>) -> tensor<4xf64> {
  // CHECK: %[[Y:.*]] = kernel.eval_chebyshev %arg0 {coefficients = [5.000000e-01, 2.500000e-01]} : tensor<4xf64> -> tensor<4xf64>
  %0 = kernel.eval_chebyshev %x {coefficients = [0.5, 0.25]} : tensor<4xf64> -> tensor<4xf64>
  // CHECK: kernel.linear_transform %[[Y]] {bsgs_ratio = 2.000000e+00 : f64, diagonal_indices = array<i64: 0, 3>, diagonals = dense<1.000000e+00> : tensor<2x4xf64>} : tensor<4xf64> -> tensor<4xf64>
  %1 = kernel.linear_transform %0 {diagonals = dense<1.0> : tensor<2x4xf64>, diagonal_indices = array<i64: 0, 3>,
                                   bsgs_ratio = 2.0 : f64} : tensor<4xf64> -> tensor<4xf64>
  return %1 : tensor<4xf64>
}
