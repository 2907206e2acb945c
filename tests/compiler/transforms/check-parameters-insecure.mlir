// RUN: keymemrt-opt %s --check-parameters=insecure --verify-diagnostics

module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {}
