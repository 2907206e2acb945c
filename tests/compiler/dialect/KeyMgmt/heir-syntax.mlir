// RUN: %roundtrip | FileCheck %s

// The shape of HEIR's own test of its dialect: aliased types in full, a dynamic key, a name for a static one.

!fixed = !key_mgmt.rot_key<rotation_index = 5>
!any = !key_mgmt.rot_key<>

// CHECK-LABEL: func.func @heir
func.func @heir(%i: i64, %x: i32) -> i32 {
  %c5 = arith.constant 5 : i64
  // CHECK: key_mgmt.prefetch_key %[[C5:.*]]
  key_mgmt.prefetch_key %c5
  // CHECK: %[[K:.*]] = key_mgmt.load_key %[[C5]] : i64 -> <rotation_index = 5>
  %k = key_mgmt.load_key %c5 : i64 -> !fixed
  // CHECK: key_mgmt.load_key %arg0 : i64 -> <>
  %d = key_mgmt.load_key %i : i64 -> !any
  // CHECK: key_mgmt.use_key %[[K]] : <rotation_index = 5> -> <>
  %u = key_mgmt.use_key %k : !fixed -> !any
  // CHECK: key_mgmt.assume_loaded %[[C5]] : i64 -> <rotation_index = 5>
  %a = key_mgmt.assume_loaded %c5 : i64 -> !fixed
  // CHECK: key_mgmt.clear_key %[[K]] : <rotation_index = 5>
  key_mgmt.clear_key %k : !fixed
  return %x : i32
}
