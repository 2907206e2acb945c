// RUN: keymemrt-opt %s --annotate-liveness --split-input-file --verify-diagnostics

func.func @before(%x: f64) -> f64 {
  %a = memref.alloc() : memref<f64>
  // expected-error@+1 {{reads a buffer that is not written on every path to here}}
  %y = memref.load %a[] : memref<f64>
  memref.store %y, %a[] : memref<f64>
  %z = memref.load %a[] : memref<f64>
  return %z : f64
}

// -----

func.func @branch(%x: f64, %b: i1) -> f64 {
  %a = memref.alloc() : memref<f64>
  scf.if %b {
    memref.store %x, %a[] : memref<f64>
  }
  // expected-error@+1 {{reads a buffer that is not written on every path to here}}
  %z = memref.load %a[] : memref<f64>
  return %z : f64
}

// -----

// In the first iteration nothing is there.
func.func @carried(%x: f64) {
  %a = memref.alloc() : memref<f64>
  affine.for %i = 0 to 4 {
    // expected-error@+1 {{reads a buffer that is not written on every path to here}}
    %z = memref.load %a[] : memref<f64>
    memref.store %z, %a[] : memref<f64>
  }
  return
}

// -----

func.func @never(%x: f64) -> f64 {
  %a = memref.alloc() : memref<f64>
  memref.store %x, %a[] : memref<f64>
  %z = memref.load %a[] : memref<f64>
  // expected-error@+1 {{writes what is never read}}
  memref.store %z, %a[] : memref<f64>
  return %z : f64
}

// -----

func.func @escapes(%x: f64) -> memref<f64> {
  %a = memref.alloc() : memref<f64>
  memref.store %x, %a[] : memref<f64>
  %z = memref.load %a[] : memref<f64>
  // expected-error@+1 {{uses a buffer otherwise than by loading and storing}}
  return %a : memref<f64>
}
