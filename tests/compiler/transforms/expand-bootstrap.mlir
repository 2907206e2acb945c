// RUN: keymemrt-opt %s --choose-bootstrap-parameters=insecure --infer-levels-and-scales --expand-bootstrap --split-input-file | FileCheck %s
// RUN: keymemrt-opt %s --choose-bootstrap-parameters=insecure --infer-levels-and-scales --expand-bootstrap=form=horner --split-input-file | FileCheck %s --check-prefix=HORNER
// RUN: keymemrt-opt %s --choose-bootstrap-parameters=insecure --infer-levels-and-scales --expand-bootstrap="form=horner baby-steps=4" --split-input-file | FileCheck %s --check-prefix=FOUR
// RUN: not keymemrt-opt %s --choose-bootstrap-parameters=insecure --infer-levels-and-scales --expand-bootstrap=baby-steps=-1 --split-input-file 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// All slots: two halves go through EvalMod.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @full
  // CHECK-SAME: (%[[X:[^:]*]]: !ct_L2 {kmrt.level = 2 : i64
  // CHECK-NEXT: %[[LOW:.*]] = ckks.level_reduce %[[X]] {kmrt.level = 0 : i64{{.*}}levelToDrop = 2
  // The scale of the message goes up to q_0 over the message ratio, by an integer.
  // CHECK-NEXT: %[[UP:.*]] = ckks.mul_scalar %[[LOW]] {kmrt.level = 0 : i64, kmrt.scale = 0x4250000000000000 : f64, real = 1.000000e+00 : f64}
  // CHECK-NEXT: %[[E:.*]] = ckks.switch_secret %[[UP]] {from = 0 : i64, kmrt.key_shape = #ckks.key_shape<level = 0, specials = 1>, {{.*}}to = 1 : i64}
  // CHECK-NEXT: %[[R:.*]] = ckks.mod_raise %[[E]] {kmrt.level = 16 : i64
  // CHECK-NEXT: %[[M:.*]] = ckks.switch_secret %[[R]] {from = 1 : i64, kmrt.level = 16 : i64{{.*}}to = 0 : i64}
  // CHECK-NEXT: %[[C0:.*]] = ckks.dft %[[M]] {kmrt.baby_step = {{.*}}kmrt.form = "double_hoisted"{{.*}}direction = coeff_to_slot, log_slots = 9, radices = [3, 3, 3], stage = 0
  // CHECK-NEXT: ckks.rescale %[[C0]]
  // CHECK-COUNT-2: ckks.dft
  // CHECK: %[[S:.*]] = ckks.rescale {{.*}}kmrt.level = 13 : i64
  // CHECK-NEXT: %[[CONJ:.*]] = ckks.conjugate %[[S]] {kmrt.key_shape = #ckks.key_shape<level = 13,
  // CHECK-NEXT: ckks.add %[[S]], %[[CONJ]]
  // CHECK-NEXT: %[[IM:.*]] = ckks.sub %[[S]], %[[CONJ]]
  // CHECK-NEXT: ckks.mul_scalar %[[IM]] {imaginary = -1.000000e+00 : f64
  // CHECK: ckks.mul %
  // CHECK: ckks.relinearize {{.*}}kmrt.key_shape = #ckks.key_shape<level = 13,
  // CHECK: ckks.mul_scalar {{.*}}imaginary = 1.000000e+00 : f64, kmrt.level = 5
  // CHECK-COUNT-3: ckks.dft {{.*}}slot_to_coeff
  // CHECK: %[[Y:.*]] = ckks.rescale {{.*}}kmrt.level = 2 : i64
  // CHECK-NEXT: return %[[Y]]
  // HORNER: kmrt.form = "horner"
  // HORNER-NOT: double_hoisted
  // FOUR: kmrt.baby_step = 256 : i64, kmrt.form = "horner"{{.*}}coeff_to_slot{{.*}}stage = 0
  // FOUR: kmrt.baby_step = 32 : i64, kmrt.form = "horner"{{.*}}coeff_to_slot{{.*}}stage = 1
  // FOUR: kmrt.baby_step = 4 : i64, kmrt.form = "horner"{{.*}}coeff_to_slot{{.*}}stage = 2
  // NEGATIVE: expand-bootstrap.mlir:{{.*}} error: {{.*}} number of baby steps -1; 0 (the fastest) or more expected
  func.func @full(%x: !ct) -> !ct {
    %y = ckks.bootstrap %x : !ct -> !ct
    return %y : !ct
  }
}

// -----

// 64 different slots: a trace, one EvalMod, and a join of real and imaginary parts.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // CHECK-LABEL: func.func @sparse
  // CHECK: ckks.mod_raise
  // CHECK-NEXT: ckks.switch_secret
  // CHECK-NEXT: ckks.rotate {{.*}}static_shift = 64 : i64
  // CHECK-NEXT: ckks.add
  // CHECK-NEXT: ckks.rotate {{.*}}static_shift = 128 : i64
  // CHECK-NEXT: ckks.add
  // CHECK-NEXT: ckks.rotate {{.*}}static_shift = 256 : i64
  // CHECK-NEXT: ckks.add
  // CHECK: ckks.conjugate
  // CHECK-NEXT: ckks.add
  // CHECK-NOT: imaginary = 1.0
  // CHECK: ckks.dft {{.*}}slot_to_coeff{{.*}}stage = 0{{.*}}halves = true
  // CHECK-NEXT: ckks.rescale
  // CHECK-NEXT: ckks.rotate {{.*}}kmrt.key_shape{{.*}}static_shift = 64 : i64
  func.func @sparse(%x: !ct {kmrt.period = 64 : i64}) -> !ct {
    %y = ckks.bootstrap %x : !ct -> !ct
    return %y : !ct
  }
}
