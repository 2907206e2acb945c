// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4xf64>) {
  // expected-error@+1 {{expected at least one coefficient}}
  %0 = kernel.eval_chebyshev %x {coefficients = []} : tensor<4xf64> -> tensor<4xf64>
  return
}

// -----

func.func @f(%x: tensor<4xf64>) {
  // expected-error@+1 {{expected finite coefficients}}
  %0 = kernel.eval_chebyshev %x {coefficients = [0x7FF8000000000000 : f64]} : tensor<4xf64> -> tensor<4xf64>
  return
}

// -----

func.func @f(%x: tensor<4xf64>) {
  // expected-error@+1 {{expected diagonals of shape (number of diagonals) x (slots)}}
  %0 = kernel.linear_transform %x {diagonals = dense<1.0> : tensor<4xf64>, diagonal_indices = array<i64: 0>} : tensor<4xf64> -> tensor<4xf64>
  return
}

// -----

func.func @f(%x: tensor<4xf64>) {
  // expected-error@+1 {{expected 2 'diagonal_indices', one for each row of the diagonals, found 1}}
  %0 = kernel.linear_transform %x {diagonals = dense<1.0> : tensor<2x4xf64>, diagonal_indices = array<i64: 0>} : tensor<4xf64> -> tensor<4xf64>
  return
}
