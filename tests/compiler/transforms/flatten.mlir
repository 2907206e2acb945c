// RUN: keymemrt-opt %s --flatten=function=f | FileCheck %s

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // Packing on the server, of constants: a row of 1 + 2 i, two times i of which come from a loop.
  func.func private @pack() -> tensor<2x8xf64> attributes {client.pack_func = {func_name = "f"}} {
    %zero = arith.constant dense<0.0> : tensor<2x8xf64>
    %one = arith.constant 1.0 : f64
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c8 = arith.constant 8 : i32
    %t = scf.for %i = %c0 to %c2 step %c1 iter_args(%a = %zero) -> (tensor<2x8xf64>) : i32 {
      %u = scf.for %j = %c0 to %c8 step %c1 iter_args(%b = %a) -> (tensor<2x8xf64>) : i32 {
        %s = arith.addi %i, %j : i32
        %r = arith.remsi %s, %c2 : i32
        %even = arith.cmpi eq, %r, %c0 : i32
        %v = scf.if %even -> (tensor<2x8xf64>) {
          %ii = arith.index_cast %i : i32 to index
          %jj = arith.index_cast %j : i32 to index
          %w = tensor.insert %one into %b[%ii, %jj] : tensor<2x8xf64>
          scf.yield %w : tensor<2x8xf64>
        } else {
          scf.yield %b : tensor<2x8xf64>
        }
        scf.yield %v : tensor<2x8xf64>
      }
      scf.yield %u : tensor<2x8xf64>
    }
    return %t : tensor<2x8xf64>
  }

  // A tensor of ciphertexts falls apart; what comes after it keeps its name.
  // CHECK-LABEL: func.func @f
  // CHECK-SAME: (%[[X0:.*]]: !ct{{[^,]*}} {kmrt.length = 3 : i64, kmrt.name = "arg0.0"}, %[[X1:.*]]: !ct{{[^,]*}} {kmrt.length = 3 : i64, kmrt.name = "arg0.1"},
  // CHECK-SAME: %[[W:.*]]: tensor<4x16xf64> {kmrt.name = "arg1"}) -> (!ct{{[^,]*}} {kmrt.name = "result0.0"}, !ct{{[^,]*}} {kmrt.name = "result0.1"}, !ct{{[^,]*}} {kmrt.name = "result1"})
  func.func @f(%x: tensor<2x!ct> {kmrt.length = 3 : i64}, %w: tensor<4x16xf64>) -> (tensor<2x!ct>, !ct) {
    // CHECK-DAG: %[[P0:.*]] = arith.constant dense<[1.000000e+00, 0.000000e+00, 1.000000e+00, 0.000000e+00, 1.000000e+00, 0.000000e+00, 1.000000e+00, 0.000000e+00]>
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c-2 = arith.constant -2 : index
    %p = call @pack() : () -> tensor<2x8xf64>
    %p0 = tensor.extract_slice %p[0, 0] [1, 8] [1, 1] : tensor<2x8xf64> to tensor<8xf64>
    %e0 = lwe.rlwe_encode %p0 {encoding = #enc, ring = #plain} : tensor<8xf64> -> !pt
    // CHECK: %[[E0:.*]] = lwe.rlwe_encode %[[P0]]
    %e = tensor.splat %e0 : tensor<2x!pt>
    // CHECK: %[[Y0:.*]] = ckks.mul_plain %[[X0]], %[[E0]] : (!ct
    // CHECK: %[[Y1:.*]] = ckks.mul_plain %[[X1]], %[[E0]] : (!ct
    %y = ckks.mul_plain %x, %e : (tensor<2x!ct>, tensor<2x!pt>) -> tensor<2x!ct>
    // Shifts by -2, -4, and rows 1, 2 of the argument, turned by 2 and 4.
    // CHECK: ckks.rotate %[[Y0]] {static_shift = -2 : i64}
    // CHECK: ckks.rotate %[[Y1]] {static_shift = -2 : i64}
    // CHECK: %[[R1:.*]] = tensor.extract_slice %[[W]][1, 0] [1, 16] [1, 1]
    // CHECK: %[[C14:.*]] = arith.constant 14 : index
    // CHECK: %[[T1:.*]] = tensor_ext.rotate %[[R1]], %[[C14]]
    // CHECK: %[[E1:.*]] = lwe.rlwe_encode %[[T1]]
    // CHECK: ckks.mul_plain %[[E1]], 
    // CHECK: ckks.mul_plain %[[E1]], 
    // CHECK: ckks.add
    // CHECK: ckks.add
    // CHECK: ckks.rotate {{.*}} {static_shift = -4 : i64}
    // CHECK: tensor.extract_slice %[[W]][2, 0]
    %z = scf.for %i = %c1 to %c3 step %c1 iter_args(%a = %y) -> (tensor<2x!ct>) {
      %s = arith.muli %i, %c-2 : index
      %r = ckks.rotate %a, %s : index : tensor<2x!ct>
      %row = tensor.extract_slice %w[%i, 0] [1, 16] [1, 1] : tensor<4x16xf64> to tensor<1x16xf64>
      %turned = tensor_ext.rotate %row, %s : tensor<1x16xf64>, index
      %flat = tensor.collapse_shape %turned [[0, 1]] : tensor<1x16xf64> into tensor<16xf64>
      %pt = lwe.rlwe_encode %flat {encoding = #enc, ring = #plain} : tensor<16xf64> -> !pt
      %pts = tensor.from_elements %pt, %pt : tensor<2x!pt>
      %m = ckks.mul_plain %pts, %r : (tensor<2x!pt>, tensor<2x!ct>) -> tensor<2x!ct>
      %sum = ckks.add %a, %m : (tensor<2x!ct>, tensor<2x!ct>) -> tensor<2x!ct>
      scf.yield %sum : tensor<2x!ct>
    }
    // An affine loop over elements, with a branch that a condition on the induction variable decides.
    // CHECK: %[[N:.*]] = ckks.negate
    // CHECK-NOT: ckks.negate
    // CHECK: return {{.*}}, %[[N]] :
    %first = tensor.extract %z[%c0] : tensor<2x!ct>
    %n = affine.for %i = 0 to 2 iter_args(%b = %first) -> (!ct) {
      %v = affine.if affine_set<(d0) : (d0 - 1 == 0)>(%i) -> !ct {
        %g = ckks.negate %b : !ct
        affine.yield %g : !ct
      } else {
        affine.yield %b : !ct
      }
      affine.yield %v : !ct
    }
    return %z, %n : tensor<2x!ct>, !ct
  }

  // CHECK-NOT: func.func
  func.func @other(%x: !ct) -> !ct {
    return %x : !ct
  }
}
