// RUN: keymemrt-opt %s --merge-key-lifetimes | FileCheck %s --check-prefix=ONE
// RUN: keymemrt-opt %s --merge-key-lifetimes=max-live-keys=2 | FileCheck %s --check-prefix=ALL
// RUN: keymemrt-opt %s --merge-key-lifetimes=max-live-keys=0 | FileCheck %s --check-prefix=ALL

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // One key at a time: only the two uses of key 1 in succession share a load.
  // ONE-LABEL: func.func @keys
  // ONE: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 1>
  // ONE-NEXT: key_mgmt.rotate {{.*}}, %[[K]]
  // ONE-NEXT: key_mgmt.rotate {{.*}}, %[[K]]
  // ONE-NEXT: key_mgmt.clear_key %[[K]]
  // ONE-NEXT: %[[K2:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // ONE-NEXT: key_mgmt.rotate {{.*}}, %[[K2]]
  // ONE-NEXT: key_mgmt.clear_key %[[K2]]
  // ONE-NEXT: %[[K3:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 1>
  // ONE-NEXT: key_mgmt.rotate {{.*}}, %[[K3]]
  // ONE-NEXT: key_mgmt.clear_key %[[K3]]

  // ALL-LABEL: func.func @keys
  // ALL: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 1>
  // ALL-NEXT: key_mgmt.rotate {{.*}}, %[[K]]
  // ALL-NEXT: key_mgmt.rotate {{.*}}, %[[K]]
  // ALL-NEXT: %[[K2:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // ALL-NEXT: key_mgmt.rotate {{.*}}, %[[K2]]
  // ALL-NEXT: key_mgmt.clear_key %[[K2]]
  // ALL-NEXT: key_mgmt.rotate {{.*}}, %[[K]]
  // ALL-NEXT: key_mgmt.clear_key %[[K]]
  // ALL-NEXT: return
  func.func @keys(%x: !ct) -> (!ct, !ct, !ct, !ct) {
    %c1 = arith.constant 1 : i64
    %c2 = arith.constant 2 : i64
    %c3 = arith.constant 3 : i64
    %ka = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %a = key_mgmt.rotate %x, %ka : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %ka : <rotation_index = 1>
    %kb = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %b = key_mgmt.rotate %a, %kb : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %kb : <rotation_index = 1>
    %kc = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %c = key_mgmt.rotate %b, %kc : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %kc : <rotation_index = 2>
    %kd = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %d = key_mgmt.rotate %c, %kd : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %kd : <rotation_index = 1>
    return %a, %b, %c, %d : !ct, !ct, !ct, !ct
  }

  // Keys whose index is not known are equal to none, nor are keys of two kinds.
  // ALL-LABEL: func.func @unequal
  func.func @unequal(%x: !ct, %y: !ct3, %i: i64) -> (!ct, !ct, !ct) {
    // ALL-COUNT-3: key_mgmt.clear_key
    %k = key_mgmt.load_key %i : i64 -> <>
    %a = key_mgmt.rotate %x, %k : !ct, <> -> !ct
    key_mgmt.clear_key %k : <>
    %m = key_mgmt.load_key %i : i64 -> <>
    %b = key_mgmt.rotate %x, %m : !ct, <> -> !ct
    key_mgmt.clear_key %m : <>
    %rk = key_mgmt.load_key : !key_mgmt.relin_key
    %c = key_mgmt.relinearize %y, %rk : !ct3 -> !ct
    key_mgmt.clear_key %rk : !key_mgmt.relin_key
    return %a, %b, %c : !ct, !ct, !ct
  }
}
