// RUN: keymemrt-opt %s --keymemrt-to-import=insecure | FileCheck %s --check-prefix=IMPORT
// RUN: keymemrt-opt %s --keymemrt-to-ckks=insecure | FileCheck %s --check-prefix=CKKS
// RUN: keymemrt-opt %s --keymemrt-to-keyed=insecure | FileCheck %s --check-prefix=KEYED
// RUN: keymemrt-opt %s --keymemrt-to-program=insecure | FileCheck %s --check-prefix=PROGRAM
// RUN: not keymemrt-opt %s --keymemrt-to-program 2>&1 | FileCheck %s --check-prefix=INSECURE
// RUN: not keymemrt-opt %s --keymemrt-to-program="insecure function=g" 2>&1 | FileCheck %s --check-prefix=NAME
// Nobody prints what was not asked for.
// RUN: keymemrt-opt %s --keymemrt-to-program=insecure -o /dev/null 2>&1 | FileCheck %s --check-prefix=SILENT --allow-empty

// SILENT-NOT: {{.}}
// INSECURE: error: unusable 'ckks.schemeParam': log2(QP) = 160.0 bits exceed 27
// NAME: error: expected a function named 'g'

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  func.func @f(%x: !ct, %w: tensor<3x512xf64> {orion.layer_name = "fc1", orion.layer_role = "weights"}) -> !ct {
    // IMPORT: orion.linear_transform
    // IMPORT: ckks.rotate {{.*}}static_shift = 508 : i64
    // CKKS-NOT: orion.linear_transform
    // CKKS-COUNT-3: ckks.mul_plain
    // CKKS: ckks.rescale {{.*}}kmrt.level = 1 : i64
    // CKKS: ckks.rotate {{.*}}static_shift = 508 : i64
    // KEYED-NOT: ckks.rotate
    // KEYED: key_mgmt.load_key
    // KEYED: key_mgmt.rotate {{.*}} <rotation_index = 508, level = 1>
    // KEYED-NOT: key_mgmt.clear %
    // PROGRAM: key_mgmt.clear %
    // PROGRAM: return
    %y = orion.linear_transform %x, %w {diagonal_indices = array<i32: 0, 1, -1>} : (!ct, tensor<3x512xf64>) -> !ct
    %z = ckks.rotate %y {static_shift = -4 : i32} : !ct
    return %z : !ct
  }
}
