// RUN: %roundtrip | FileCheck %s

// CHECK-DAG: !rns_L0 = !rns.rns<!Z97>
// CHECK-DAG: !rns_L2 = !rns.rns<!Z97, !Z17, !Z19>
// CHECK: func.func private @types(!rns_L0, memref<4x!rns_L2>)
!q0 = !mod_arith.int<97 : i64>
!q1 = !mod_arith.int<17 : i64>
!q2 = !mod_arith.int<19 : i64>
func.func private @types(!rns.rns<!q0>, memref<4x!rns.rns<!q0, !q1, !q2>>)
