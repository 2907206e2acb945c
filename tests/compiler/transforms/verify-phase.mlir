// RUN: not keymemrt-opt %s --verify-phase=phase=keyed 2>&1 | FileCheck %s --check-prefix=KEYED
// RUN: not keymemrt-opt %s --verify-phase=phase=lowered 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not keymemrt-opt %s --insert-keys --verify-phase=phase=planned 2>&1 | FileCheck %s --check-prefix=PLANNED
// RUN: keymemrt-opt %s --insert-keys --verify-phase=phase=keyed | FileCheck %s
// RUN: keymemrt-opt %s --insert-keys --insert-clears --verify-phase=phase=planned | FileCheck %s
// RUN: keymemrt-opt %s --verify-phase | FileCheck %s

// NAME: error: expected a phase: import, ckks, keyed or planned, found 'lowered'

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK: func.func
  // PLANNED: error: [P4] {{.*}} is neither cleared nor returned
  func.func @f(%x: !ct {kmrt.level = 2 : i64, kmrt.scale = 1.0 : f64}) -> !ct {
    // KEYED: [[@LINE+1]]:10: error: 'ckks.rotate' op [P3] has no key
    %y = ckks.rotate %x {static_shift = 3 : i64, kmrt.level = 2 : i64, kmrt.scale = 1.0 : f64} : !ct
    return %y : !ct
  }
}
