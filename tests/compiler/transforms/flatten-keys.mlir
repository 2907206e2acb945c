// Keys in loops and memrefs, and plaintexts in storage: each operation with the key and plaintext of its iteration.
// RUN: keymemrt-opt %s --flatten --split-input-file | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @f
  func.func @f(%x: !ct) -> !ct {
    %keys = memref.alloca() : memref<3x!key_mgmt.rot_key<>>
    %v = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf64>
    %s = preprocessing.empty : !preprocessing.storage<!pt>
    affine.for %i = 0 to 2 {
      %row = tensor.extract_slice %v[%i, 0] [1, 2] [1, 1] : tensor<2x2xf64> to tensor<2xf64>
      %pt = lwe.rlwe_encode %row {encoding = #enc, ring = #plain} : tensor<2xf64> -> !pt
      preprocessing.store %pt, %s[%i] site 7 <!pt> : !pt, !preprocessing.storage<!pt>
    }
    // CHECK: %[[E0:.*]] = lwe.rlwe_encode
    // CHECK: %[[E1:.*]] = lwe.rlwe_encode
    // CHECK: %[[K1:.*]] = key_mgmt.load_key {{.*}} : index -> <rotation_index = 1>
    // CHECK: %[[K4:.*]] = key_mgmt.load_key {{.*}} : index -> <rotation_index = 4>
    affine.for %i = 1 to 3 {
      %j = affine.apply affine_map<(d0) -> (d0 * 3 - 2)>(%i)
      %k = key_mgmt.load_key %j {indices = affine_map<(d0) -> (d0 * 3 - 2)>} : index -> <>
      affine.store %k, %keys[%i] : memref<3x!key_mgmt.rot_key<>>
    }
    // CHECK: key_mgmt.rotate %{{.*}}, %[[K1]] : {{.*}}<rotation_index = 1>
    // CHECK: ckks.mul_plain {{.*}}, %[[E1]]
    // CHECK: key_mgmt.clear_key %[[K1]]
    // CHECK: key_mgmt.rotate {{.*}}, %[[K4]]
    // CHECK: ckks.mul_plain {{.*}}, %[[E0]]
    // CHECK: key_mgmt.clear_key %[[K4]]
    %y = affine.for %i = 1 to 3 iter_args(%a = %x) -> (!ct) {
      %k = affine.load %keys[%i] : memref<3x!key_mgmt.rot_key<>>
      %r = key_mgmt.rotate %a, %k : !ct, <> -> !ct
      %at = affine.apply affine_map<(d0) -> (2 - d0)>(%i)
      %pt = preprocessing.load %s[%at] site 7 <!pt> : !preprocessing.storage<!pt>, !pt
      %m = ckks.mul_plain %r, %pt : (!ct, !pt) -> !ct
      key_mgmt.clear_key %k : <>
      affine.yield %m : !ct
    }
    return %y : !ct
  }
}

// -----

// Another name for a key goes: the key that it is of is known.
!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // CHECK-LABEL: func.func @names
  // CHECK: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 1>
  // CHECK-NOT: key_mgmt.use_key
  // CHECK: key_mgmt.rotate %{{.*}}, %[[K]]
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  func.func @names(%x: !ct) -> !ct {
    %c1 = arith.constant 1 : index
    %k = key_mgmt.load_key %c1 : index -> <rotation_index = 1>
    %y = affine.for %i = 1 to 3 iter_args(%a = %x) -> (!ct) {
      %is = arith.cmpi eq, %i, %c1 : index
      %l = scf.if %is -> (!key_mgmt.rot_key<>) {
        %u = key_mgmt.use_key %k : <rotation_index = 1> -> <>
        scf.yield %u : !key_mgmt.rot_key<>
      } else {
        %m = key_mgmt.load_key %i : index -> <>
        scf.yield %m : !key_mgmt.rot_key<>
      }
      %r = key_mgmt.rotate %a, %l : !ct, <> -> !ct
      affine.yield %r : !ct
    }
    return %y : !ct
  }
}
