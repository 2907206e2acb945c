// RUN: %roundtrip | FileCheck %s

#layout = #tensor_ext.layout<"{ [i0] -> [ct, slot] : ct = 0 and slot = i0 }">

// CHECK: #layout = #tensor_ext.layout<"{ [i0] -> [ct, slot] : ct = 0 and slot = i0 }">
// CHECK: #original_type = #tensor_ext.original_type<originalType = tensor<4xf32>, layout = #layout>
// CHECK: func.func private @packed(tensor<1x1024xf32> {tensor_ext.original_type = #original_type})
func.func private @packed(tensor<1x1024xf32> {
  tensor_ext.original_type = #tensor_ext.original_type<layout = #layout, originalType = tensor<4xf32>>
})

// CHECK-LABEL: func.func @rotate
func.func @rotate(%t: tensor<1x1024xf32>, %i: index, %j: i32) -> tensor<1x1024xf32> {
  // CHECK: %[[V:.*]] = tensor_ext.rotate %arg0, %arg1 : tensor<1x1024xf32>, index
  %0 = tensor_ext.rotate %t, %i : tensor<1x1024xf32>, index
  // CHECK: tensor_ext.rotate %[[V]], %arg2 : tensor<1x1024xf32>, i32
  %1 = tensor_ext.rotate %0, %j : tensor<1x1024xf32>, i32
  return %1 : tensor<1x1024xf32>
}
