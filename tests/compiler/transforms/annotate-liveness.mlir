// RUN: keymemrt-opt %s --annotate-liveness | FileCheck %s

// CHECK-LABEL: func.func @straight
func.func @straight(%x: f64) -> f64 {
  // Written and read twice: two ranges.
  // CHECK: memref.alloc() {buffer = 0 : i64, live_ranges = array<i64: 2, 3, 6, 7>}
  %a = memref.alloc() : memref<f64>
  // Of two elements: one range, since a write leaves the other one.
  // CHECK: memref.alloc() {buffer = 1 : i64, live_ranges = array<i64: 5, 11>}
  %b = memref.alloc() : memref<2xf64>
  memref.store %x, %a[] : memref<f64>
  %y = memref.load %a[] : memref<f64>
  %c0 = arith.constant 0 : index
  memref.store %y, %b[%c0] : memref<2xf64>
  memref.store %y, %a[] : memref<f64>
  %z = memref.load %a[] : memref<f64>
  %v = memref.load %b[%c0] : memref<2xf64>
  %s = arith.addf %z, %v : f64
  memref.store %s, %b[%c0] : memref<2xf64>
  %w = memref.load %b[%c0] : memref<2xf64>
  return %w : f64
}

// CHECK-LABEL: func.func @loops
func.func @loops(%x: f64) -> f64 {
  // Written before the loop, read in it: live throughout. What an iteration writes before it reads it is its own.
  // CHECK: memref.alloc() {buffer = 0 : i64, live_ranges = array<i64: 3, 9>}
  %a = memref.alloc() : memref<f64>
  // CHECK: memref.alloc() {buffer = 1 : i64, live_ranges = array<i64: 6, 7>}
  %b = memref.alloc() : memref<f64>
  // What an iteration leaves to the next one, and the last one to what follows: from before the loop to after it.
  // CHECK: memref.alloc() {buffer = 2 : i64, live_ranges = array<i64: 10, 16>}
  %c = memref.alloc() : memref<f64>
  memref.store %x, %a[] : memref<f64>
  // CHECK: affine.for
  affine.for %i = 0 to 4 {
    %y = memref.load %a[] : memref<f64>
    memref.store %y, %b[] : memref<f64>
    %z = memref.load %b[] : memref<f64>
  }
  // CHECK: live_in = array<i64: 0>}
  memref.store %x, %c[] : memref<f64>
  affine.for %i = 0 to 4 {
    %y = memref.load %c[] : memref<f64>
    memref.store %y, %c[] : memref<f64>
  }
  // CHECK: live_in = array<i64: 2>, live_out = array<i64: 2>
  %w = memref.load %c[] : memref<f64>
  return %w : f64
}
