// Each pass and pipeline says what it does.
// RUN: keymemrt-opt --help | FileCheck %s

// CHECK-DAG: --affine-full-unroll - Write out each affine.for
// CHECK-DAG: --check-parameters - Check that ckks.schemeParam
// CHECK-DAG: --hoist-rotations - Decompose a ciphertext once
// CHECK-DAG: --infer-levels-and-scales - Give every value its level and exact scale
// CHECK-DAG: --insert-clears - End the lifetime of each ciphertext
// CHECK-DAG: --insert-keys - Load the key of each key switch
// CHECK-DAG: --choose-bootstrap-parameters - Give a module with bootstraps
// CHECK-DAG: --choose-key-set - Choose forms, baby steps and key shapes
// CHECK-DAG: --expand-bootstrap - Make of each ckks.bootstrap its stages
// CHECK-DAG: --lower-chebyshev - Lower orion.chebyshev to products and sums
// CHECK-DAG: --lower-linear-transform - Lower linear transforms by their diagonals
// CHECK-DAG: --place-bootstraps - Bootstrap where a program runs out of levels
// CHECK-DAG: --place-rescales - Rescale where a product
// CHECK-DAG: --remove-unnecessary-bootstraps - Drop the bootstraps
// CHECK-DAG: --lower-to-openfhe - Write a program as calls of OpenFHE
// CHECK-DAG: --merge-key-lifetimes - Load a key once instead of again
// CHECK-DAG: --annotate-key-levels - Write into the type of each key
// CHECK-DAG: --annotate-liveness - Write beside each buffer
// CHECK-DAG: --reuse-buffers - Let buffers of one type
// CHECK-DAG: --flatten - Execute the control flow that is known at compile time
// CHECK-DAG: --mul-to-add - Multiply by a small integer through doublings
// CHECK-DAG: --normalize - Give a straight-line CKKS program one spelling
// CHECK-DAG: --prefetch-keys - Say which rotation key is loaded next
// CHECK-DAG: --regenerate-moduli - Replace the moduli
// CHECK-DAG: --rotation-index-analysis - Find out by which amounts
// CHECK-DAG: --verify-key-lifetimes - Prove that each key is loaded
// CHECK-DAG: --verify-phase - Check that a module is what a phase
// CHECK-DAG: --verify-types - Insist on the levels and scales
// CHECK-DAG: --verify-program-form - Check that the module is a program
// CHECK-DAG: --keymemrt-to-import - Run
// CHECK-DAG: --keymemrt-to-ckks - Run
// CHECK-DAG: --keymemrt-to-keyed - Run
// CHECK-DAG: --keymemrt-to-planned - Run
// CHECK-DAG: --keymemrt-to-program - Run
