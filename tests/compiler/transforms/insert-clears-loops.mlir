// Values in loops and branches end where their last use is; who is handed a value ends it.
// RUN: keymemrt-opt %s --insert-clears | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @loop
  // CHECK-SAME: (%[[X:.*]]: !ct{{.*}}, %[[S:.*]]: !ct{{.*}})
  func.func @loop(%x: !ct, %s: !ct) -> !ct {
    // Used in each iteration, ends after the loop; so do the digits.
    // CHECK: %[[D:.*]] = key_mgmt.decompose %[[X]]
    %d = key_mgmt.decompose %x : !ct -> !key_mgmt.digits
    // CHECK: affine.for {{.*}} iter_args(%[[A:.*]] = %[[S]])
    %y = affine.for %i = 0 to 3 iter_args(%a = %s) -> (!ct) {
      %k = key_mgmt.load_key %i : index -> <>
      // CHECK: %[[R:.*]] = key_mgmt.rotate_hoisted %[[X]], %[[D]]
      %r = key_mgmt.rotate_hoisted %x, %d, %k : !ct, <> -> !ct
      key_mgmt.clear_key %k : <>
      // CHECK: %[[B:.*]] = ckks.add %[[A]], %[[R]]
      // CHECK-DAG: key_mgmt.clear %[[A]] :
      // CHECK-DAG: key_mgmt.clear %[[R]] :
      // CHECK: affine.yield %[[B]]
      %b = ckks.add %a, %r : (!ct, !ct) -> !ct
      affine.yield %b : !ct
    }
    // CHECK: }
    // CHECK-DAG: key_mgmt.clear %[[X]] :
    // CHECK-DAG: key_mgmt.clear %[[D]] :
    // CHECK: return
    return %y : !ct
  }

  // One way hands its value on, the other does not.
  // CHECK-LABEL: func.func @branch
  // CHECK-SAME: (%[[X:.*]]: !ct{{.*}}, %[[B:.*]]: i1)
  func.func @branch(%x: !ct, %b: i1) -> !ct {
    // CHECK: scf.if
    // CHECK-NEXT: %[[N:.*]] = ckks.negate %[[X]]
    // CHECK-NEXT: key_mgmt.clear %[[X]]
    // CHECK-NEXT: scf.yield %[[N]]
    // CHECK-NEXT: } else {
    // CHECK-NEXT: scf.yield %[[X]]
    // CHECK-NEXT: }
    // CHECK-NEXT: return
    %y = scf.if %b -> (!ct) {
      %n = ckks.negate %x : !ct
      scf.yield %n : !ct
    } else {
      scf.yield %x : !ct
    }
    return %y : !ct
  }

  // Used on one way only: it ends after the branch, on both.
  // CHECK-LABEL: func.func @inside
  // CHECK-SAME: (%[[X:.*]]: !ct{{.*}}, %[[Z:.*]]: !ct{{.*}}, %{{.*}}: i1)
  func.func @inside(%x: !ct, %z: !ct, %b: i1) -> !ct {
    // CHECK: scf.if
    // CHECK: %[[N:.*]] = ckks.negate
    // CHECK-NEXT: key_mgmt.clear %[[N]]
    // CHECK-NEXT: }
    // CHECK-NEXT: key_mgmt.clear %[[X]]
    // CHECK-NEXT: return
    scf.if %b {
      %n = ckks.negate %x : !ct
    }
    return %z : !ct
  }
}
