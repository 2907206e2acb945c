// RUN: keymemrt-opt %s --regenerate-moduli --split-input-file --verify-diagnostics

// expected-error@+1 {{expected the module attribute 'ckks.schemeParam'}}
module {
}

// -----

// No prime below 2^11 is 1 modulo 2^11.
// expected-error@+1 {{no prime takes the place of 2047}}
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [2047], P = [1125899906826241], logDefaultScale = 30>} {
}
