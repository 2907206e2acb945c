// RUN: keymemrt-opt %s --split-input-file --allow-unregistered-dialect --verify-key-lifetimes --verify-diagnostics

!rk = !key_mgmt.rot_key<>
!five = !key_mgmt.rot_key<rotation_index = 5>

// expected-remark@+1 {{at most 2 keys are loaded at once}}
func.func @straight() {
  %c5 = arith.constant 5 : i64
  %c6 = arith.constant 6 : i64
  %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5>
  // expected-note@+1 {{the most keys, with this one}}
  %l = key_mgmt.load_key %c6 : i64 -> <>
  "test.use"(%k, %l) : (!five, !rk) -> ()
  key_mgmt.clear_key %l : <>
  key_mgmt.clear_key %k : <rotation_index = 5>
  // Once more is another lifetime.
  %m = key_mgmt.load_key %c5 : i64 -> <>
  %n = key_mgmt.use_key %m : <> -> <rotation_index = 5>
  "test.use"(%n) : (!five) -> ()
  key_mgmt.clear_key %n : <rotation_index = 5>
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// Keys of every kind at once; the caller's; one that is returned.
// expected-remark@+1 {{at most 5 keys are loaded at once}}
func.func @kinds(%caller: !key_mgmt.rot_key<rotation_index = 3>) -> !rk {
  %c5 = arith.constant 5 : i64
  %a = key_mgmt.load_key : !key_mgmt.relin_key
  %b = key_mgmt.load_key : !key_mgmt.conj_key
  %c = key_mgmt.load_key : !key_mgmt.switch_key<from = 0, to = 1>
  // expected-note@+1 {{the most keys, with this one}}
  %d = key_mgmt.load_key %c5 : i64 -> <>
  "test.use"(%a, %b, %c, %d, %caller) : (!key_mgmt.relin_key, !key_mgmt.conj_key, !key_mgmt.switch_key<from = 0, to = 1>, !rk, !key_mgmt.rot_key<rotation_index = 3>) -> ()
  key_mgmt.clear_key %c : !key_mgmt.switch_key<from = 0, to = 1>
  key_mgmt.clear_key %b : !key_mgmt.conj_key
  key_mgmt.clear_key %a : !key_mgmt.relin_key
  return %d : !rk
}

// -----

!rk = !key_mgmt.rot_key<>

// The reference's baby keys: filled by a loop, read by another, cleared by a third; a giant key alive beside them. All
// bounds are constants, so every cell is followed.
// expected-remark@+1 {{at most 5 keys are loaded at once}}
func.func @bsgs() {
  %cells = memref.alloca() : memref<4x!rk>
  affine.for %b = 0 to 4 {
    %k = key_mgmt.load_key %b : index -> <>
    memref.store %k, %cells[%b] : memref<4x!rk>
  }
  affine.for %g = 1 to 4 {
    %i = affine.apply affine_map<(d0) -> (4 * d0)>(%g)
    // expected-note@+1 {{the most keys, with this one}}
    %giant = key_mgmt.load_key %i {indices = affine_map<(d0) -> (4 * d0)>} : index -> <>
    "test.use"(%giant) : (!rk) -> ()
    key_mgmt.clear_key %giant : <>
    affine.for %b = 0 to 4 {
      %k = affine.load %cells[%b] : memref<4x!rk>
      %u = key_mgmt.use_key %k : <> -> <>
      "test.use"(%u) : (!rk) -> ()
    }
  }
  affine.for %b = 0 to 4 {
    %k = memref.load %cells[%b] : memref<4x!rk>
    key_mgmt.clear_key %k : <>
  }
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// A key from before a loop is used in the iteration of its index, and named after the loop: proved by following it.
// expected-remark@+1 {{at most 2 keys are loaded at once}}
func.func @guarded() {
  %c2 = arith.constant 2 : index
  %outer = key_mgmt.load_key %c2 : index -> <>
  affine.for %i = 0 to 4 {
    %k = affine.if affine_set<(d0) : (d0 - 2 == 0)>(%i) -> !rk {
      %u = key_mgmt.use_key %outer : <> -> <>
      affine.yield %u : !rk
    } else {
      // expected-note@+1 {{the most keys, with this one}}
      %l = key_mgmt.load_key %i : index -> <>
      affine.yield %l : !rk
    }
    "test.use"(%k) : (!rk) -> ()
    affine.if affine_set<(d0) : (d0 - 3 >= 0)>(%i) {
      key_mgmt.clear_key %k : <>
    } else {
      affine.if affine_set<(d0) : (-d0 + 1 >= 0)>(%i) {
        key_mgmt.clear_key %k : <>
      }
    }
  }
  %again = key_mgmt.assume_loaded %c2 : index -> <rotation_index = 2>
  key_mgmt.clear_key %again : <rotation_index = 2>
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// Bounds, conditions and indices that nobody knows.
// expected-remark@+1 {{at most 2 keys are loaded at once}}
func.func @unknown(%n: index, %p: i1, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %first = key_mgmt.load_key %i : index -> <>
  // Handed from iteration to iteration, a new one every time.
  %last = scf.for %j = %c0 to %n step %c1 iter_args(%k = %first) -> (!rk) {
    "test.use"(%k) : (!rk) -> ()
    key_mgmt.clear_key %k : <>
    %next = key_mgmt.load_key %j : index -> <>
    scf.yield %next : !rk
  }
  "test.use"(%last) : (!rk) -> ()
  key_mgmt.clear_key %last : <>
  // The same key on both ways, under one name after them.
  %either = scf.if %p -> !rk {
    %a = key_mgmt.load_key %i : index -> <>
    scf.yield %a : !rk
  } else {
    %b = key_mgmt.load_key %i : index -> <>
    "test.use"(%b) : (!rk) -> ()
    scf.yield %b : !rk
  }
  %relin = key_mgmt.load_key : !key_mgmt.relin_key // expected-note {{the most keys, with this one}}
  %u = key_mgmt.assume_loaded %i : index -> <>
  "test.use"(%u) : (!rk) -> ()
  key_mgmt.clear_key %either : <>
  key_mgmt.clear_key %relin : !key_mgmt.relin_key
  // Loops in loops, keys within an iteration; indices that the ranges tell apart.
  scf.for %j = %c0 to %n step %c1 {
    %even = arith.muli %j, %c1 : index
    scf.for %l = %c0 to %n step %c1 {
      %k = key_mgmt.load_key %even : index -> <>
      "test.use"(%k) : (!rk) -> ()
      key_mgmt.clear_key %k : <>
    }
  }
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// Even and odd are never the same key, whatever they are.
// expected-remark@+1 {{at most 2 keys are loaded at once}}
func.func @ranges(%p: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  scf.for %j = %c0 to %c8 step %c2 {
    %odd = arith.addi %j, %c1 : index
    %a = arith.select %p, %j, %c8 : index
    %b = arith.select %p, %odd, %c1 : index
    %k = key_mgmt.load_key %a : index -> <>
    // expected-note@+1 {{the most keys, with this one}}
    %l = key_mgmt.load_key %b : index -> <>
    "test.use"(%k, %l) : (!rk, !rk) -> ()
    key_mgmt.clear_key %l : <>
    key_mgmt.clear_key %k : <>
  }
  return
}

// -----

// Bytes by the parameters: at level 0 a key is 1 digit of 1 + 1 limbs, at level 2 it is 3 of 3 + 1; 8 KiB a limb.
module attributes {ckks.schemeParam = #ckks.scheme_param<logN = 10, Q = [1125899906820097, 1073707009, 1073698817], P = [1125899906826241], logDefaultScale = 30>} {
  // expected-remark@+1 {{at most 2 keys are loaded at once, at most 114688 bytes of keys}}
  func.func @bytes() {
    %c5 = arith.constant 5 : i64
    %c6 = arith.constant 6 : i64
    %k = key_mgmt.load_key %c5 : i64 -> <rotation_index = 5, level = 0>
    // expected-note@+1 {{the most keys, with this one}}
    %l = key_mgmt.load_key %c6 : i64 -> <level = 2>
    key_mgmt.clear_key %k : <rotation_index = 5, level = 0>
    key_mgmt.clear_key %l : <level = 2>
    // Rotations by 5 and by 5 - 512 are one.
    %m = key_mgmt.load_key %c5 : i64 -> <>
    %n = key_mgmt.use_key %m : <> -> <rotation_index = -507>
    key_mgmt.clear_key %n : <rotation_index = -507>
    return
  }
}
