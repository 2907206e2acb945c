// Keys around loops and branches. What merging does is sound: verify-key-lifetimes proves it.
// RUN: keymemrt-opt %s --merge-key-lifetimes --verify-key-lifetimes=report=false | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: keymemrt-opt %s --rotation-index-analysis --merge-key-lifetimes=max-live-keys=2 --verify-key-lifetimes=report=false | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: keymemrt-opt %s --rotation-index-analysis --merge-key-lifetimes=max-live-keys=3 --verify-key-lifetimes=report=false | FileCheck %s --check-prefix=THREE

!rns = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>, !mod_arith.int<1073698817>>
#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**1024>>
#ring = #polynomial.ring<coefficientType = !rns, polynomialModulus = <1 + x**1024>>
#enc = #lwe.inverse_canonical_encoding<scaling_factor = 30>
#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>
!rns1 = !rns.rns<!mod_arith.int<1125899906820097>, !mod_arith.int<1073707009>>
#ring1 = #polynomial.ring<coefficientType = !rns1, polynomialModulus = <1 + x**1024>>
!ct1 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring1, encryption_type = mix>, key = <>>
!pt = !lwe.lwe_plaintext<plaintext_space = #space>
!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix>, key = <>>
!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, encryption_type = mix, size = 3>, key = <>>
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {

  // A key before a loop, in it and after it: one load. In nested loops too.
  // CHECK-LABEL: func.func @around
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 3>
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: affine.for
  // CHECK: affine.for
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: key_mgmt.clear_key
  // CHECK-NEXT: return
  func.func @around(%x: !ct) -> !ct {
    %c3 = arith.constant 3 : i64
    %k = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 3>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %t = affine.for %j = 0 to 4 iter_args(%u = %s) -> (!ct) {
        %l = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
        %v = key_mgmt.rotate %u, %l : !ct, <rotation_index = 3> -> !ct
        key_mgmt.clear_key %l : <rotation_index = 3>
        affine.yield %v : !ct
      }
      affine.yield %t : !ct
    }
    %m = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 3>
    return %c : !ct
  }

  // A loop that loads the key of its iteration. A key from before it stays alive through it only where the bound
  // allows two, and where the loop's keys are known to be others: then there is no second load of one key at once.
  // CHECK-LABEL: func.func @beside
  // ONE: key_mgmt.load_key
  // ONE: key_mgmt.clear_key
  // ONE: affine.for
  // ONE: key_mgmt.load_key {{.*}} -> <>
  // ONE: key_mgmt.clear_key
  // ONE: key_mgmt.load_key
  // ONE: key_mgmt.clear_key
  // TWO: key_mgmt.load_key {{.*}} -> <rotation_index = 9>
  // TWO-NOT: key_mgmt.clear_key
  // TWO: affine.for
  // TWO: key_mgmt.load_key {{.*}} {indices = array<i64: 0, 1, 2, 3>} {{.*}} -> <>
  // TWO: key_mgmt.clear_key
  // TWO: }
  // TWO-NOT: key_mgmt.load_key
  // TWO: key_mgmt.clear_key
  func.func @beside(%x: !ct) -> !ct {
    %c9 = arith.constant 9 : i64
    %k = key_mgmt.load_key %c9 : i64 -> <rotation_index = 9>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 9> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 9>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %l = key_mgmt.load_key %i : index -> <>
      %v = key_mgmt.rotate %s, %l : !ct, <> -> !ct
      key_mgmt.clear_key %l : <>
      affine.yield %v : !ct
    }
    %m = key_mgmt.load_key %c9 : i64 -> <rotation_index = 9>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 9> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 9>
    return %c : !ct
  }

  // The same with a key that the loop loads too, in its third iteration. Where one key may be alive it is cleared before
  // the loop; where two may, it stays, and the loop loads in the other iterations only.
  // CHECK-LABEL: func.func @among
  // CHECK: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // ONE: key_mgmt.clear_key %[[K]]
  // ONE: affine.for
  // ONE: key_mgmt.load_key {{.*}} -> <>
  // ONE: key_mgmt.clear_key
  // ONE: key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // ONE: key_mgmt.clear_key
  // TWO-NOT: key_mgmt.clear_key
  // TWO: affine.for %[[I:.*]] = 0 to 4
  // TWO: %[[IS:.*]] = arith.cmpi eq, %[[I]], %{{.*}} : index
  // TWO: %[[L:.*]] = scf.if %[[IS]]
  // TWO: %[[U:.*]] = key_mgmt.use_key %[[K]] : <rotation_index = 2> -> <>
  // TWO: scf.yield %[[U]]
  // TWO: else
  // TWO: %[[D:.*]] = key_mgmt.load_key %[[I]] {indices = array<i64: 0, 1, 3>} : index -> <>
  // TWO: scf.yield %[[D]]
  // TWO: key_mgmt.rotate %{{.*}}, %[[L]]
  // TWO: %[[ISNT:.*]] = arith.cmpi ne, %[[I]], %{{.*}} : index
  // TWO: scf.if %[[ISNT]] {
  // TWO-NEXT: key_mgmt.clear_key %[[L]]
  // TWO-NOT: key_mgmt.load_key
  // TWO: key_mgmt.rotate %{{.*}}, %[[K]]
  // TWO-NEXT: key_mgmt.clear_key %[[K]]
  // TWO-NEXT: return
  func.func @among(%x: !ct) -> !ct {
    %c2 = arith.constant 2 : i64
    %k = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 2>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %l = key_mgmt.load_key %i : index -> <>
      %v = key_mgmt.rotate %s, %l : !ct, <> -> !ct
      key_mgmt.clear_key %l : <>
      affine.yield %v : !ct
    }
    %m = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 2>
    return %c : !ct
  }

  // Both ways of a branch load it; a loop that runs once gains nothing.
  // CHECK-LABEL: func.func @ways
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 5, level = 2>
  // CHECK-NEXT: scf.if
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: key_mgmt.clear_key {{.*}} : <rotation_index = 5, level = 2>
  // CHECK: affine.for
  // CHECK-NEXT: arith.constant
  // CHECK-NEXT: key_mgmt.load_key
  func.func @ways(%x: !ct, %b: i1) -> !ct {
    %c5 = arith.constant 5 : i64
    %y = scf.if %b -> (!ct) {
      %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5, level = 2>
      %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 5, level = 2> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 5, level = 2>
      scf.yield %a : !ct
    } else {
      %n = ckks.negate %x : !ct
      %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5, level = 2>
      %a = key_mgmt.rotate %n, %k : !ct, <rotation_index = 5, level = 2> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 5, level = 2>
      scf.yield %a : !ct
    }
    %z = affine.for %i = 0 to 1 iter_args(%s = %y) -> (!ct) {
      %c7 = arith.constant 7 : i64
      %k = key_mgmt.load_key %c7 : i64 -> <rotation_index = 7>
      %a = key_mgmt.rotate %s, %k : !ct, <rotation_index = 7> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 7>
      affine.yield %a : !ct
    }
    return %z : !ct
  }

  // Of one key at two levels, the joined one is good for both.
  // CHECK-LABEL: func.func @levels
  // CHECK: key_mgmt.load_key {{.*}} -> <rotation_index = 1, level = 2>
  // CHECK-NOT: key_mgmt.load_key
  func.func @levels(%x: !ct, %y: !ct1) -> !ct {
    %c1 = arith.constant 1 : i64
    %k = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1, level = 2>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 1, level = 2> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 1, level = 2>
    %l = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1, level = 1>
    %b = key_mgmt.rotate %y, %l : !ct1, <rotation_index = 1, level = 1> -> !ct1
    key_mgmt.clear_key %l : <rotation_index = 1, level = 1>
    return %a : !ct
  }

  // A loop that runs once and one way of a branch take the key that is alive before and after them.
  // CHECK-LABEL: func.func @inside
  // CHECK: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 3>
  // CHECK-NOT: key_mgmt.load_key
  // CHECK: scf.if
  // CHECK: key_mgmt.rotate {{.*}}, %[[K]]
  // CHECK-NOT: key_mgmt.clear_key
  // CHECK: affine.for
  // CHECK: key_mgmt.rotate {{.*}}, %[[K]]
  // CHECK: key_mgmt.clear_key %[[K]]
  // CHECK-NEXT: return
  func.func @inside(%x: !ct, %b: i1) -> !ct {
    %c3 = arith.constant 3 : i64
    %k = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 3>
    %y = scf.if %b -> (!ct) {
      %l = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
      %v = key_mgmt.rotate %a, %l : !ct, <rotation_index = 3> -> !ct
      key_mgmt.clear_key %l : <rotation_index = 3>
      scf.yield %v : !ct
    } else {
      scf.yield %a : !ct
    }
    %z = affine.for %i = 0 to 1 iter_args(%u = %y) -> (!ct) {
      %l = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
      %v = key_mgmt.rotate %u, %l : !ct, <rotation_index = 3> -> !ct
      key_mgmt.clear_key %l : <rotation_index = 3>
      affine.yield %v : !ct
    }
    return %z : !ct
  }

  // Two keys, each among those of an inner loop, before it and after it; of one load in the loop each takes its part.
  // With two keys alive there is room for one of them.
  // THREE-LABEL: func.func @two
  // THREE: key_mgmt.load_key {{.*}} -> <rotation_index = 1>
  // THREE: key_mgmt.load_key {{.*}} -> <rotation_index = 2>
  // THREE-NOT: key_mgmt.clear_key
  // THREE: affine.for
  // THREE: affine.for
  // THREE-COUNT-2: scf.if
  // THREE: key_mgmt.load_key {{.*}} {indices = array<i64: 0, 3>}
  // THREE-COUNT-2: scf.if
  // THREE-COUNT-3: key_mgmt.clear_key
  // THREE-NEXT: return
  func.func @two(%x: !ct) -> !ct {
    %c1 = arith.constant 1 : i64
    %c2 = arith.constant 2 : i64
    %k = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 1>
    %l = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %b = key_mgmt.rotate %a, %l : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %l : <rotation_index = 2>
    %c = affine.for %i = 0 to 2 iter_args(%s = %b) -> (!ct) {
      %t = affine.for %j = 0 to 2 iter_args(%u = %s) -> (!ct) {
        %n = affine.apply affine_map<(d0, d1) -> (d0 * 2 + d1)>(%i, %j)
        %m = key_mgmt.load_key %n : index -> <>
        %v = key_mgmt.rotate %u, %m : !ct, <> -> !ct
        key_mgmt.clear_key %m : <>
        affine.yield %v : !ct
      }
      affine.yield %t : !ct
    }
    %o = key_mgmt.load_key %c1 : i64 -> <rotation_index = 1>
    %d = key_mgmt.rotate %c, %o : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %o : <rotation_index = 1>
    %p = key_mgmt.load_key %c2 : i64 -> <rotation_index = 2>
    %e = key_mgmt.rotate %d, %p : !ct, <rotation_index = 2> -> !ct
    key_mgmt.clear_key %p : <rotation_index = 2>
    return %e : !ct
  }

  // The same key in a loop whose bound is not known: which iterations need it is not known either, so it is cleared.
  // CHECK-LABEL: func.func @unknown
  // CHECK: key_mgmt.clear_key
  // CHECK: scf.for
  func.func @unknown(%x: !ct, %n: index) -> !ct {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c4 = arith.constant 4 : index
    %k = key_mgmt.load_key %c1 : index -> <rotation_index = 1>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 1> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 1>
    %b = scf.for %i = %c0 to %n step %c1 iter_args(%s = %a) -> (!ct) {
      %j = arith.remui %i, %c4 : index
      %m = key_mgmt.load_key %j : index -> <>
      %v = key_mgmt.rotate %s, %m : !ct, <> -> !ct
      key_mgmt.clear_key %m : <>
      scf.yield %v : !ct
    }
    return %b : !ct
  }

  // Not among the keys of the loop, though between the least and the greatest of them: it stays alive beside them.
  // TWO-LABEL: func.func @between
  // TWO: %[[K:.*]] = key_mgmt.load_key {{.*}} -> <rotation_index = 3>
  // TWO: affine.for
  // TWO-NOT: scf.if
  // TWO: key_mgmt.load_key {{.*}} {indices = array<i64: 0, 2, 4, 6>}
  // TWO: }
  // TWO-NEXT: key_mgmt.rotate {{.*}}, %[[K]]
  func.func @between(%x: !ct) -> !ct {
    %c3 = arith.constant 3 : i64
    %k = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %k : <rotation_index = 3>
    %b = affine.for %i = 0 to 4 iter_args(%s = %a) -> (!ct) {
      %j = affine.apply affine_map<(d0) -> (d0 * 2)>(%i)
      %l = key_mgmt.load_key %j : index -> <>
      %v = key_mgmt.rotate %s, %l : !ct, <> -> !ct
      key_mgmt.clear_key %l : <>
      affine.yield %v : !ct
    }
    %m = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %c = key_mgmt.rotate %b, %m : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 3>
    return %c : !ct
  }

  // Cleared on either way of a branch: two clears of one load are no lifetime that could be made longer.
  // CHECK-LABEL: func.func @two_clears
  // CHECK-COUNT-2: key_mgmt.load_key
  // CHECK-NOT: key_mgmt.load_key
  func.func @two_clears(%x: !ct, %b: i1) -> !ct {
    %c3 = arith.constant 3 : i64
    %k = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %y = scf.if %b -> (!ct) {
      %a = key_mgmt.rotate %x, %k : !ct, <rotation_index = 3> -> !ct
      key_mgmt.clear_key %k : <rotation_index = 3>
      scf.yield %a : !ct
    } else {
      key_mgmt.clear_key %k : <rotation_index = 3>
      scf.yield %x : !ct
    }
    %m = key_mgmt.load_key %c3 : i64 -> <rotation_index = 3>
    %c = key_mgmt.rotate %y, %m : !ct, <rotation_index = 3> -> !ct
    key_mgmt.clear_key %m : <rotation_index = 3>
    return %c : !ct
  }
}
