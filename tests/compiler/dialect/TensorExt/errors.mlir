// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

func.func @f(%t: tensor<f32>, %i: index) {
  // expected-error@+1 {{expected a tensor of at least one dimension, found 'tensor<f32>'}}
  %0 = tensor_ext.rotate %t, %i : tensor<f32>, index
  return
}

// -----

func.func @f(%t: tensor<4xf32>, %i: f32) {
  // expected-error@+1 {{operand #1 must be signless integer or index}}
  %0 = tensor_ext.rotate %t, %i : tensor<4xf32>, f32
  return
}

// -----

func.func @f(%t: f32, %i: index) {
  // expected-error@+1 {{invalid kind of type specified: expected builtin.tensor, but found 'f32'}}
  %0 = tensor_ext.rotate %t, %i : f32, index
  return
}
