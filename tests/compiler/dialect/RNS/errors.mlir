// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected a basis of !mod_arith.int types, found 'i64'}}
func.func private @not_modular(!rns.rns<i64>)

// -----

// expected-error@+1 {{expected pairwise coprime moduli, found 15 and 21}}
func.func private @common_factor(!rns.rns<!mod_arith.int<15 : i64>, !mod_arith.int<2 : i64>, !mod_arith.int<21 : i64>>)

// -----

// expected-error@+1 {{expected pairwise coprime moduli, found 17 and 17}}
func.func private @repeated(!rns.rns<!mod_arith.int<17 : i64>, !mod_arith.int<17 : i64>>)

// -----

// expected-error@+1 {{expected moduli below 2^63, found '!mod_arith.int<9223372036854775837 : i128>'}}
func.func private @wide(!rns.rns<!mod_arith.int<9223372036854775837 : i128>>)
