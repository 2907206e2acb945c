// Moduli that nobody can compute with: a power of two, a prime that is not 1 modulo 2N, a composite. Others stay.
// RUN: keymemrt-opt %s --regenerate-moduli --check-parameters=insecure 2>%t | FileCheck %s
// RUN: FileCheck %s --check-prefix=WARNING < %t
// RUN: not keymemrt-opt %s --check-parameters=insecure 2>&1 | FileCheck %s --check-prefix=UNUSABLE

// WARNING: warning: 'ckks.schemeParam': replaced 3 moduli by NTT primes of the same size: 1073741789, 1073741823, 1125899906842624
// UNUSABLE: error: unusable 'ckks.schemeParam'
// CHECK: Q = [1125899906820097, 1073707009, 1073698817, 1073692673], P = [{{11258999[0-9]*}}]
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073741789, 1073741823], P = [1125899906842624], logDefaultScale = 30>} {
}
