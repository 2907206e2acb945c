// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

func.func @no_shift(%cc: !openfhe.crypto_context, %x: !openfhe.ciphertext) {
  // expected-error@+1 {{expected either 'static_shift' or an operand that says the shift}}
  %y = openfhe.rot %cc, %x : (!openfhe.crypto_context, !openfhe.ciphertext) -> !openfhe.ciphertext
  return
}

// -----

func.func @two_shifts(%cc: !openfhe.crypto_context, %x: !openfhe.ciphertext, %i: index) {
  // expected-error@+1 {{expected either 'static_shift' or an operand that says the shift}}
  %y = openfhe.rot %cc, %x, %i {static_shift = 1 : index} : (!openfhe.crypto_context, !openfhe.ciphertext, index) -> !openfhe.ciphertext
  return
}

// -----

func.func @not_a_plaintext(%cc: !openfhe.crypto_context, %x: !openfhe.ciphertext) {
  // expected-error@+1 {{operand #2 must be plaintext of OpenFHE}}
  %y = openfhe.add_plain %cc, %x, %x : (!openfhe.crypto_context, !openfhe.ciphertext, !openfhe.ciphertext) -> !openfhe.ciphertext
  return
}
