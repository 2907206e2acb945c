// RUN: keymemrt-opt %s --reuse-buffers 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// REMARK: remark: 3 buffers of 24 bytes are in 2 of 16 bytes
// CHECK-LABEL: func.func @f
// CHECK-SAME: (%[[X:.*]]: f64)
func.func @f(%x: f64) -> f64 {
  // The first is done before the third begins; the second is live beside both.
  // CHECK: %[[A:.*]] = memref.alloc() : memref<f64>
  // CHECK: %[[B:.*]] = memref.alloc() : memref<f64>
  // CHECK-NOT: memref.alloc
  %a = memref.alloc() : memref<f64>
  %b = memref.alloc() : memref<f64>
  %c = memref.alloc() : memref<f64>
  // CHECK: memref.store %[[X]], %[[A]][]
  // CHECK: memref.store %[[X]], %[[B]][]
  // CHECK: memref.load %[[A]][]
  memref.store %x, %a[] : memref<f64>
  memref.store %x, %b[] : memref<f64>
  %y = memref.load %a[] : memref<f64>
  // CHECK: memref.store {{.*}}, %[[A]][]
  memref.store %y, %c[] : memref<f64>
  %z = memref.load %b[] : memref<f64>
  // CHECK: memref.load %[[A]][]
  %w = memref.load %c[] : memref<f64>
  %s = arith.addf %z, %w : f64
  return %s : f64
}
