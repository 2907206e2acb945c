// RUN: %roundtrip | FileCheck %s

// The storage type is i64 where none is written.
// CHECK-DAG: !Z17 = !mod_arith.int<17 : i64>
// CHECK-DAG: !{{.*}} = !mod_arith.int<17 : i32>
// CHECK-DAG: !Z9223372036854775783 = !mod_arith.int<9223372036854775783 : i64>
// CHECK-LABEL: func.func private @types
// CHECK-SAME: (!Z17, !Z17, !{{.*}}, memref<2x!Z9223372036854775783>)
func.func private @types(!mod_arith.int<17>, !mod_arith.int<17 : i64>, !mod_arith.int<17 : i32>,
                         memref<2x!mod_arith.int<9223372036854775783 : i64>>)
