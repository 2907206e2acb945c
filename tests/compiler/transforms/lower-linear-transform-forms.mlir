// RUN: keymemrt-opt %s --infer-levels-and-scales --lower-linear-transform=form=double_hoisted | FileCheck %s --check-prefixes=CHECK,DOUBLE
// RUN: keymemrt-opt %s --infer-levels-and-scales --lower-linear-transform=form=horner | FileCheck %s --check-prefixes=CHECK,HORNER
// RUN: keymemrt-opt %s --infer-levels-and-scales --lower-linear-transform=form=minimum_key | FileCheck %s --check-prefixes=CHECK,MINIMUM

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // Each step has its key for itself, right before it; the product is rescaled to the default scale.
  // CHECK-LABEL: func.func @steps
  // CHECK-SAME: (%[[X:[^:]*]]: !ct{{.*}}, %[[W:.*]]: tensor<16x512xf64>)
  // DOUBLE-NEXT: %[[T:.*]] = key_mgmt.begin_transform %[[X]], %[[W]] {baby_step = 4 : i64, form = "double_hoisted", kmrt.level = 2 : i64, kmrt.scale = 1.1528753261922222E+18 : f64, plain_scale = 0x41CFFFAC00800000 : f64, rotations = array<i64: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>}
  // DOUBLE-NEXT: %[[T1:.*]] = key_mgmt.baby_step %[[T]], %[[X]] {kmrt.level = 2 : i64, kmrt.scale = {{.*}}, step = 1 : i64}
  // DOUBLE-NEXT: %[[I:.*]] = arith.constant 1 : i64
  // DOUBLE-NEXT: %[[K:.*]] = key_mgmt.load_key %[[I]] : i64 -> <rotation_index = 1>
  // DOUBLE-NEXT: %[[T2:.*]] = key_mgmt.baby_step %[[T1]], %[[X]], %[[K]] {{.*}}step = 2 : i64}
  // DOUBLE-NEXT: key_mgmt.clear_key %[[K]]
  // DOUBLE-COUNT-2: key_mgmt.baby_step
  // DOUBLE: key_mgmt.giant_step %{{[0-9]+}} {{{.*}}step = 5 : i64}
  // DOUBLE: key_mgmt.giant_step {{.*}}step = 6 : i64}{{.*}}<rotation_index = 4>
  // DOUBLE: key_mgmt.giant_step {{.*}}step = 7 : i64}{{.*}}<rotation_index = 8>
  // DOUBLE: key_mgmt.giant_step {{.*}}step = 8 : i64}{{.*}}<rotation_index = 12>
  // HORNER: form = "horner"
  // HORNER: key_mgmt.giant_step {{.*}}<rotation_index = [[G:[0-9]+]]>
  // HORNER: key_mgmt.giant_step {{.*}}<rotation_index = [[G]]>
  // MINIMUM: form = "minimum_key"
  // MINIMUM: key_mgmt.baby_step {{.*}}<rotation_index = 1>
  // MINIMUM: key_mgmt.baby_step {{.*}}<rotation_index = 1>
  // MINIMUM: key_mgmt.giant_step {{.*}}<rotation_index = [[G:[0-9]+]]>
  // CHECK-NOT: orion
  // CHECK: %[[S:.*]] = key_mgmt.finish_transform {{.*}}kmrt.scale = 1.1528753261922222E+18 : f64
  // CHECK-NEXT: %[[Y:.*]] = ckks.rescale %[[S]] {kmrt.level = 1 : i64, kmrt.scale = 0x41D0000000000000 : f64
  // CHECK-NEXT: return %[[Y]]
  func.func @steps(%x: !ct, %w: tensor<16x512xf64>) -> !ct {
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15>, kmrt.baby_step = 4 : i64} : (!ct, tensor<16x512xf64>) -> !ct
    return %y : !ct
  }

  // What the operation says of itself comes before the option.
  // CHECK-LABEL: func.func @own
  // CHECK: key_mgmt.begin_transform {{.*}}{baby_step = 2 : i64, form = "minimum_key"
  // CHECK-SAME: -> !key_mgmt.transform<shape = <level = 2, specials = 1>>
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 1, shape = <level = 2, specials = 1>>
  func.func @own(%x: !ct, %w: tensor<3x512xf64>) -> !ct {
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0, 1, 2>, kmrt.form = "minimum_key", kmrt.baby_step = 2 : i64, kmrt.key_shape = #ckks.key_shape<level = 2, specials = 1>} : (!ct, tensor<3x512xf64>) -> !ct
    return %y : !ct
  }

  // A diagonal of index 0 takes no key in any form.
  // CHECK-LABEL: func.func @no_key
  // CHECK-NEXT: key_mgmt.begin_transform
  // CHECK-NEXT: key_mgmt.baby_step
  // CHECK-NEXT: key_mgmt.giant_step
  // CHECK-NEXT: key_mgmt.finish_transform
  func.func @no_key(%x: !ct, %w: tensor<1x512xf64>) -> !ct {
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0>} : (!ct, tensor<1x512xf64>) -> !ct
    return %y : !ct
  }
}
