// RUN: keymemrt-opt %s --affine-full-unroll=most-operations=1000 --split-input-file --verify-diagnostics

func.func @unknown(%n: index) {
  // expected-error@+1 {{expected bounds that are known at compile time}}
  affine.for %i = 0 to %n {
  }
  return
}

// -----

func.func @long() {
  // expected-error@+1 {{is too long to be written out; the limit is the option 'most-operations', 1000}}
  affine.for %i = 0 to 9223372036854775807 {
  }
  return
}

// -----

func.func @long_nest() {
  affine.for %i = 0 to 100 {
    // expected-error@+1 {{is too long to be written out}}
    affine.for %j = 0 to 100 {
    }
  }
  return
}
