// RUN: keymemrt-opt %s --infer-levels-and-scales | FileCheck %s

// The input's types claim no more than that there are three primes. 0x41D0000000000000 is the default scale, 2^30.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @square
  // CHECK-SAME: (%[[X:.*]]: !ct_L2 {kmrt.level = 2 : i64, kmrt.scale = 0x41D0000000000000 : f64}) -> !ct_L1
  func.func @square(%x: !ct) -> !ct {
    // CHECK-NEXT: %[[S:.*]] = ckks.mul %[[X]], %[[X]] {kmrt.level = 2 : i64, kmrt.scale = 1.152921504606847E+18 : f64}
    %s = ckks.mul %x, %x : (!ct, !ct) -> !ct3
    // CHECK-NEXT: %[[R:.*]] = ckks.relinearize %[[S]] {from_basis = {{.*}}, kmrt.level = 2 : i64, kmrt.scale = 1.152921504606847E+18 : f64
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    // Placed: 2^60 divided by the prime of level 2.
    // CHECK-NEXT: %[[Y:.*]] = ckks.rescale %[[R]] {kmrt.level = 1 : i64, kmrt.scale = 1073784832.722645 : f64, to_ring = #ring_rns_L1_x1024} : !ct_L2{{.*}} -> !ct_L1
    // CHECK-NEXT: return %[[Y]]
    return %r : !ct
  }

  // The program's own rescale stays where it is; the second one would leave too small a scale and goes, and so does the
  // dropped level.
  // CHECK-LABEL: func.func @own_rescales
  func.func @own_rescales(%x: !ct) -> !ct {
    // CHECK: ckks.relinearize
    // CHECK-NEXT: ckks.rescale
    // CHECK-NEXT: ckks.rotate
    // CHECK-NEXT: return
    %l = ckks.level_reduce %x : !ct -> !ct
    %s = ckks.mul %l, %l : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %y = ckks.rescale %r {to_ring = #ring} : !ct -> !ct
    %t = ckks.rotate %y {static_shift = 1 : i64} : !ct
    %z = ckks.rescale %t {to_ring = #ring} : !ct -> !ct
    return %z : !ct
  }

  // One rescale after a sum of products, none in it.
  // CHECK-LABEL: func.func @lazy
  func.func @lazy(%x: !ct, %y: !ct, %w: tensor<512xf64>) -> !ct {
    // The plaintext's scale is what the rescale divides by.
    // CHECK: lwe.rlwe_encode {{.*}} level = 2 : i64, ring = {{.*}}, scale = 0x41CFFFAC00800000 : f64
    // CHECK-NEXT: ckks.mul_plain
    // CHECK-NOT: lwe.rlwe_encode
    // CHECK: ckks.mul_plain
    // CHECK-NEXT: ckks.add
    // CHECK-NEXT: ckks.rescale {{.*}} {kmrt.level = 1 : i64, kmrt.scale = 0x41D0000000000000 : f64
    // CHECK-NEXT: return
    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    %a = ckks.mul_plain %x, %p : (!ct, !pt) -> !ct
    %b = ckks.mul_plain %y, %p : (!ct, !pt) -> !ct
    %c = ckks.add %a, %b : (!ct, !ct) -> !ct
    return %c : !ct
  }

  // One plaintext for two levels is encoded twice, each time right before its use, at the ciphertext's scale.
  // CHECK-LABEL: func.func @bias
  func.func @bias(%x: !ct, %w: tensor<512xf64>) -> !ct {
    // CHECK-NEXT: %[[P2:.*]] = lwe.rlwe_encode {{.*}} level = 2 : i64, ring = {{.*}}, scale = 0x41D0000000000000 : f64
    // CHECK-NEXT: %[[A:.*]] = ckks.add_plain %{{.*}}, %[[P2]]
    // CHECK-NEXT: %[[S:.*]] = ckks.mul %[[A]], %[[A]]
    // CHECK-NEXT: %[[R:.*]] = ckks.relinearize %[[S]]
    // CHECK-NEXT: %[[D:.*]] = ckks.rescale %[[R]]
    // CHECK-NEXT: %[[P1:.*]] = lwe.rlwe_encode {{.*}} level = 1 : i64, ring = {{.*}}, scale = 1073784832.722645 : f64
    // CHECK-NEXT: ckks.sub_plain %[[D]], %[[P1]]
    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt
    %a = ckks.add_plain %x, %p : (!ct, !pt) -> !ct
    %s = ckks.mul %a, %a : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %y = ckks.sub_plain %r, %p : (!ct, !pt) -> !ct
    return %y : !ct
  }

  // CHECK-LABEL: func.func @transform
  func.func @transform(%x: !ct, %w: tensor<2x512xf64>) -> !ct {
    // CHECK-NEXT: orion.linear_transform {{.*}} kmrt.level = 1 : i64, kmrt.scale = 0x41D0000000000000 : f64
    // CHECK-SAME: (!ct_L2, tensor<2x512xf64>) -> !ct_L1
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0, 1>} : (!ct, tensor<2x512xf64>) -> !ct
    return %y : !ct
  }

  // x^2 + x: x is lifted to the scale of the square by a vector of ones, which costs no level.
  // CHECK-LABEL: func.func @lift
  // CHECK-SAME: (%[[X:.*]]: !ct_L2
  func.func @lift(%x: !ct) -> !ct {
    // CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<1xf64>
    // CHECK: %[[R:.*]] = ckks.relinearize
    // CHECK-NEXT: %[[P:.*]] = lwe.rlwe_encode %[[ONE]] {{.*}} level = 2 : i64, ring = {{.*}}, scale = 0x41D0000000000000 : f64
    // CHECK-NEXT: %[[LIFTED:.*]] = ckks.mul_plain %[[X]], %[[P]]
    // CHECK-NEXT: %[[SUM:.*]] = ckks.add %[[R]], %[[LIFTED]]
    // CHECK-NEXT: ckks.rescale %[[SUM]]
    %s = ckks.mul %x, %x : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %y = ckks.add %r, %x : (!ct, !ct) -> !ct
    return %y : !ct
  }

  // The same after the program's own rescale: x is a level ahead and comes down to the other's scale exactly.
  // CHECK-LABEL: func.func @repair
  // CHECK-SAME: (%[[X:.*]]: !ct_L2
  func.func @repair(%x: !ct) -> !ct {
    // CHECK: %[[Y:.*]] = ckks.rescale
    // CHECK-NEXT: %[[P:.*]] = lwe.rlwe_encode {{.*}} level = 2 : i64, ring = {{.*}}, scale = 1073741823.9999999 : f64
    // CHECK-NEXT: %[[M:.*]] = ckks.mul_plain %[[X]], %[[P]]
    // CHECK-NEXT: %[[Z:.*]] = ckks.rescale %[[M]]
    // CHECK-NEXT: ckks.sub %[[Z]], %[[Y]] {kmrt.level = 1 : i64
    %s = ckks.mul %x, %x : (!ct, !ct) -> !ct3
    %r = ckks.relinearize %s {from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>} : (!ct3) -> !ct
    %d = ckks.rescale %r {to_ring = #ring} : !ct -> !ct
    %y = ckks.sub %x, %d : (!ct, !ct) -> !ct
    return %y : !ct
  }

  // Equal scales at two levels: only the level changes.
  // CHECK-LABEL: func.func @levels
  // CHECK-SAME: (%[[X:.*]]: !ct_L2
  func.func @levels(%x: !ct, %w: tensor<2x512xf64>) -> !ct {
    // CHECK: %[[T:.*]] = orion.linear_transform
    // CHECK-NEXT: %[[L:.*]] = ckks.level_reduce %[[X]] {kmrt.level = 1 : i64, kmrt.scale = 0x41D0000000000000 : f64} : !ct_L2 -> !ct_L1
    // CHECK-NEXT: ckks.add %[[T]], %[[L]]
    %t = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0, 1>} : (!ct, tensor<2x512xf64>) -> !ct
    %y = ckks.add %t, %x : (!ct, !ct) -> !ct
    return %y : !ct
  }
}
