// Each pass and pipeline says what it does.
// RUN: keymemrt-opt --help | FileCheck %s

// CHECK-DAG: --check-parameters - Check that ckks.schemeParam
// CHECK-DAG: --hoist-rotations - Decompose a ciphertext once
// CHECK-DAG: --infer-levels-and-scales - Give every value its level and exact scale
// CHECK-DAG: --insert-clears - End the lifetime of each ciphertext
// CHECK-DAG: --insert-keys - Load the key of each rotation
// CHECK-DAG: --lower-linear-transform - Lower orion.linear_transform
// CHECK-DAG: --merge-key-lifetimes - Keep a key from its clear to the next equal load
// CHECK-DAG: --normalize - Import a straight-line CKKS program
// CHECK-DAG: --verify-program-form - Check that the module is a program
// CHECK-DAG: --keymemrt-to-import - Run
// CHECK-DAG: --keymemrt-to-ckks - Run
// CHECK-DAG: --keymemrt-to-keyed - Run
// CHECK-DAG: --keymemrt-to-program - Run
