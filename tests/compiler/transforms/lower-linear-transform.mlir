// RUN: keymemrt-opt %s --infer-levels-and-scales --lower-linear-transform | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // Six diagonals, two of them left of 0, as 4 rotations: babies 1 and 3 (the input), giants 508 (that is -4) and 4.
  // CHECK-LABEL: func.func @sparse
  // CHECK-SAME: (%[[X:.*]]: !ct{{.*}}, %[[W:.*]]: tensor<6x512xf64>)
  // CHECK-NOT: orion
  func.func @sparse(%x: !ct, %w: tensor<6x512xf64>) -> !ct {
    // Giant 0: diagonals 1 and 3, rows 3 and 4, as they are.
    // CHECK-NEXT: %[[X1:.*]] = ckks.rotate %[[X]] {kmrt.level = 2 : i64, kmrt.scale = 0x41D0000000000000 : f64, static_shift = 1 : i64}
    // CHECK-NEXT: %[[D1:.*]] = tensor.extract_slice %[[W]][3, 0] [1, 512] [1, 1] : tensor<6x512xf64> to tensor<512xf64>
    // CHECK-NEXT: %[[P1:.*]] = lwe.rlwe_encode %[[D1]] {{.*}} level = 2 : i64, ring = {{.*}}, scale = 0x41CFFFAC00800000 : f64
    // CHECK-NEXT: %[[M1:.*]] = ckks.mul_plain %[[X1]], %[[P1]] {kmrt.level = 2 : i64, kmrt.scale = 1.1528753261922222E+18 : f64}
    // CHECK: ckks.rotate %[[X]] {{.*}} static_shift = 3 : i64
    // CHECK: %[[S0:.*]] = ckks.add
    // Giant 4: diagonal 5, turned right by 4 in advance. The partial sum is rotated before any rescale.
    // CHECK: %[[D5:.*]] = tensor.extract_slice %[[W]][5, 0]
    // CHECK-NEXT: %[[BACK:.*]] = arith.constant 508 : index
    // CHECK-NEXT: %[[T5:.*]] = tensor_ext.rotate %[[D5]], %[[BACK]]
    // CHECK-NEXT: %[[P5:.*]] = lwe.rlwe_encode %[[T5]]
    // CHECK-NEXT: %[[M5:.*]] = ckks.mul_plain %[[X1]], %[[P5]]
    // CHECK-NEXT: %[[G4:.*]] = ckks.rotate %[[M5]] {{.*}} kmrt.scale = 1.1528753261922222E+18 : f64, static_shift = 4 : i64
    // CHECK-NEXT: %[[S4:.*]] = ckks.add %[[S0]], %[[G4]]
    // Giant -4: diagonals -4, -3 and -1.
    // CHECK: tensor.extract_slice %[[W]][0, 0]
    // CHECK-NEXT: arith.constant 4 : index
    // CHECK: tensor.extract_slice %[[W]][1, 0]
    // CHECK: tensor.extract_slice %[[W]][2, 0]
    // CHECK: ckks.rotate {{.*}}static_shift = 508 : i64
    // CHECK-NEXT: %[[S:.*]] = ckks.add %[[S4]]
    // CHECK-NEXT: %[[Y:.*]] = ckks.rescale %[[S]] {kmrt.level = 1 : i64, kmrt.scale = 0x41D0000000000000 : f64
    // CHECK-NEXT: return %[[Y]]
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: -4, -3, -1, 1, 3, 5>} : (!ct, tensor<6x512xf64>) -> !ct
    return %y : !ct
  }

  // The diagonal of index 0 alone needs no rotation; a short row is turned modulo its length.
  // CHECK-LABEL: func.func @single
  // CHECK-NOT: rotate
  // CHECK: ckks.mul_plain
  // CHECK-NEXT: ckks.rescale
  func.func @single(%x: !ct, %w: tensor<1x512xf64>) -> !ct {
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    return %y : !ct
  }
}
