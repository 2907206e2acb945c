// RUN: keymemrt-opt %s --check-parameters --split-input-file --verify-diagnostics

// Orion's parameters for a small network: 217 of at most 218 bits.
// The pass changes and says nothing.
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 13, Q = [536903681, 67043329, 66994177, 67239937, 66961409, 66813953], P = [536952833, 536690689], logDefaultScale = 26>} {}

// -----

// expected-error@+1 {{log2(QP) = 160.0 bits exceed 27, the most that is 128-bit secure at N=2^10}}
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {}

// -----

// expected-error@+1 {{P[0] = 67108864 is not a prime}}
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 13, Q = [67043329], P = [67108864], logDefaultScale = 26>} {}

// -----

// A prime, but for N = 2^10 only.
// expected-error@+1 {{Q[0] = 1073707009 is not 1 mod 2N = 16384}}
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 13, Q = [1073707009], P = [536952833], logDefaultScale = 26>} {}

// -----

// expected-error@+1 {{expected the module attribute 'ckks.schemeParam'}}
module {}
