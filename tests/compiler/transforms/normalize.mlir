// RUN: keymemrt-opt %s --flatten=function=f --normalize | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // Everything else goes.
  // CHECK-NOT: func.func
  func.func @f__encrypt__arg0(%x: tensor<512xf64>, %pk: !lwe.lwe_public_key<key = <>, ring = #ring>) -> !ct
      attributes {client.enc_func = {func_name = "f", index = 0 : i64}} {
    %p = lwe.rlwe_encode %x {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    %c = lwe.rlwe_encrypt %p, %pk : (!pt, !lwe.lwe_public_key<key = <>, ring = #ring>) -> !ct
    return %c : !ct
  }

  // CHECK-LABEL: func.func @f
  // CHECK-SAME: (%[[X:.*]]: !ct{{.*}}, %[[Y:.*]]: !ct{{.*}}, %[[W:.*]]: tensor<512xf64>)
  func.func @f(%x: !ct, %y: !ct, %w: tensor<512xf64>) -> (!ct, !ct, !ct, !ct) {
    // Rotations by nothing.
    %r0 = ckks.rotate %x {static_shift = 0 : i32} : !ct
    %r1 = ckks.rotate %r0 {static_shift = -512 : i32} : !ct
    // To the right is to the left by the rest of the slots.
    %r2 = ckks.rotate %r1 {static_shift = -3 : i32} : !ct
    %r3 = ckks.rotate %r2 {static_shift = 1025} : !ct
    // Constant shifts, folded; rotations of which nobody sees what is between them, as one: -3 + 1025 + 12.
    %c3 = arith.constant 3 : index
    %c4 = arith.constant 4 : index
    %c12 = arith.muli %c3, %c4 : index
    // CHECK-NEXT: %[[R4:.*]] = ckks.rotate %[[X]] {static_shift = 10 : i64}
    %r4 = ckks.rotate %r3, %c12 : index : !ct
    // HEIR's other names.
    // CHECK-NEXT: %[[ADD:.*]] = ckks.add %[[R4]], %[[Y]]
    %add = lwe.radd %r4, %y : (!ct, !ct) -> !ct
    // CHECK-NEXT: %[[SUB:.*]] = ckks.sub %[[ADD]], %[[Y]]
    %sub = lwe.rsub %add, %y : (!ct, !ct) -> !ct
    // CHECK-NEXT: %[[NEG:.*]] = ckks.negate %[[SUB]]
    %neg = lwe.rnegate %sub : !ct
    // The ciphertext comes first.
    // CHECK-NEXT: %[[P:.*]] = lwe.rlwe_encode %[[W]]
    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    // CHECK-NEXT: %[[MUL:.*]] = ckks.mul_plain %[[NEG]], %[[P]] : (!ct{{.*}}, !pt{{.*}})
    %mul = lwe.rmul_plain %p, %neg : (!pt, !ct) -> !ct
    // CHECK-NEXT: %[[ADDP:.*]] = ckks.add_plain %[[NEG]], %[[P]]
    %addp = ckks.add_plain %p, %neg : (!pt, !ct) -> !ct
    // p - c = -(c - p); c - p stays.
    // CHECK-NEXT: %[[SUBP:.*]] = ckks.sub_plain %[[NEG]], %[[P]]
    // CHECK-NEXT: %[[NEGP:.*]] = ckks.negate %[[SUBP]]
    %subp = ckks.sub_plain %p, %neg : (!pt, !ct) -> !ct
    // CHECK-NEXT: %[[SUBC:.*]] = ckks.sub_plain %[[NEG]], %[[P]]
    %subc = ckks.sub_plain %neg, %p : (!ct, !pt) -> !ct
    // Nobody asks for this.
    %unused = ckks.rotate %x {static_shift = 9 : i32} : !ct
    // CHECK-NEXT: return %[[MUL]], %[[ADDP]], %[[NEGP]], %[[SUBC]]
    return %mul, %addp, %subp, %subc : !ct, !ct, !ct, !ct
  }

  // CHECK-NOT: func.func
  func.func @other(%x: !ct) -> !ct {
    return %x : !ct
  }
}
