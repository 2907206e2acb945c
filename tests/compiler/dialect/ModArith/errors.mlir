// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected a modulus that is greater than 1 as a signed number of its type, found 1}}
func.func private @one(!mod_arith.int<1 : i64>)

// -----

// expected-error@+1 {{expected a modulus that is greater than 1 as a signed number of its type, found -7}}
func.func private @negative(!mod_arith.int<-7 : i64>)

// -----

// expected-error@+1 {{expected a modulus of signless integer type, found 'index'}}
func.func private @index(!mod_arith.int<7 : index>)

// -----

// expected-error@+2 {{integer constant out of range for attribute}}
// expected-error@+1 {{failed to parse ModArith_IntType parameter 'modulus'}}
func.func private @too_large(!mod_arith.int<18446744073709551617 : i64>)
