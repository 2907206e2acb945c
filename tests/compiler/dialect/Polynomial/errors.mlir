// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected a monomial such as 3, x or 3x**2}}
func.func private @empty() attributes {a = #polynomial.int_polynomial<>}

// -----

// expected-error@+1 {{expected a single indeterminate, found 'x' and 'y'}}
func.func private @two_names() attributes {a = #polynomial.int_polynomial<1 + x + y**2>}

// -----

// expected-error@+1 {{expected each exponent once, in increasing order, found 2 after 2}}
func.func private @repeated() attributes {a = #polynomial.int_polynomial<x**2 + 3x**2>}

// -----

// Subtraction is not part of the language: the sign belongs to the coefficient.
// expected-error@+1 {{expected '>'}}
func.func private @minus() attributes {a = #polynomial.int_polynomial<x**1024 - 1>}

// -----

// expected-error@+1 {{expected non-negative exponents, found -2}}
func.func private @exponent() attributes {a = #polynomial.int_polynomial<1 + x**-2>}

// -----

// expected-error@+1 {{struct is missing required parameter: coefficientType}}
func.func private @ring() attributes {a = #polynomial.ring<polynomialModulus = <1 + x**4>>}
