// RUN: keymemrt-opt %s --split-input-file --allow-unregistered-dialect --verify-key-lifetimes=report=false --verify-diagnostics

!rk = !key_mgmt.rot_key<>

func.func @use_after_clear() {
  %c5 = arith.constant 5 : i64
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key %c5 : i64 -> <>
  // expected-note@+1 {{the key is cleared here}}
  key_mgmt.clear_key %k : <>
  // expected-error@+1 {{[K1] uses a key that has been cleared}}
  "test.use"(%k) : (!rk) -> ()
  return
}

// -----

func.func @double_clear() {
  %c5 = arith.constant 5 : i64
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key %c5 : i64 -> <>
  %u = key_mgmt.use_key %k : <> -> <>
  // expected-note@+1 {{the key is cleared here}}
  key_mgmt.clear_key %u : <>
  // expected-error@+1 {{[K2] clears a key that is cleared already}}
  key_mgmt.clear_key %k : <>
  return
}

// -----

func.func @leak() {
  // expected-error@+1 {{[K2] loads a key that is never cleared}}
  %k = key_mgmt.load_key : !key_mgmt.relin_key
  // expected-note@+1 {{it is still loaded here}}
  return
}

// -----

func.func @leak_on_one_path(%p: i1) {
  // expected-error@+1 {{[K2] loads a key that is not cleared on every path}}
  %k = key_mgmt.load_key : !key_mgmt.relin_key
  scf.if %p {
    // expected-note@+1 {{on some paths it is cleared here}}
    key_mgmt.clear_key %k : !key_mgmt.relin_key
  }
  // expected-note@+1 {{it is still loaded here}}
  return
}

// -----

func.func @clear_on_one_path(%p: i1) {
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key : !key_mgmt.relin_key
  scf.if %p {
    // expected-note@+1 {{the key is cleared here}}
    key_mgmt.clear_key %k : !key_mgmt.relin_key
  }
  // expected-error@+1 {{[K2] clears a key that is loaded on some paths only}}
  key_mgmt.clear_key %k : !key_mgmt.relin_key
  return
}

// -----

func.func @cleared_in_a_loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key : !key_mgmt.relin_key
  scf.for %i = %c0 to %n step %c1 {
    // expected-error@+1 {{[K2] clears a key that is loaded on some paths only}}
    key_mgmt.clear_key %k : !key_mgmt.relin_key // expected-note {{the key is cleared here}}
  }
  return
}

// -----

func.func @cleared_twice_in_a_static_loop() {
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key : !key_mgmt.relin_key
  affine.for %i = 0 to 2 {
    // expected-error@+1 {{[K2] clears a key that is cleared already}}
    key_mgmt.clear_key %k : !key_mgmt.relin_key // expected-note {{the key is cleared here}}
  }
  return
}

// -----

func.func @loaded_in_a_loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note@+1 {{this is the loop}}
  scf.for %i = %c0 to %n step %c1 {
    // expected-error@+1 {{[K2] loads a key in a loop that is neither cleared nor handed on}}
    %k = key_mgmt.load_key %i : index -> <>
  }
  return
}

// -----

func.func @loaded_again() {
  %c5 = arith.constant 5 : i64
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key %c5 : i64 -> <>
  // expected-error@+1 {{[K3] loads a key that is loaded already}}
  %l = key_mgmt.load_key %c5 : i64 -> <>
  key_mgmt.clear_key %k : <>
  key_mgmt.clear_key %l : <>
  return
}

// -----

func.func @may_be_loaded_again(%i: index, %j: index) {
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key %i : index -> <>
  // expected-error@+1 {{[K3] loads a key that may be loaded already}}
  %l = key_mgmt.load_key %j : index -> <>
  key_mgmt.clear_key %k : <>
  key_mgmt.clear_key %l : <>
  return
}

// -----

func.func @assumed(%i: index) {
  %c5 = arith.constant 5 : index
  %k = key_mgmt.load_key %i : index -> <>
  // expected-error@+1 {{[K1] assumes a key that is not proved to be loaded}}
  %a = key_mgmt.assume_loaded %c5 : index -> <>
  key_mgmt.clear_key %k : <>
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// The first of two uses clears the key that both assume.
func.func @assumed_twice() {
  %c5 = arith.constant 5 : index
  %k = key_mgmt.load_key %c5 : index -> <>
  %a = key_mgmt.assume_loaded %c5 : index -> <>
  "test.use"(%a) : (!rk) -> ()
  // expected-note@+1 {{the key is cleared here}}
  key_mgmt.clear_key %a : <>
  // expected-error@+1 {{[K1] assumes a key that is not proved to be loaded}}
  %b = key_mgmt.assume_loaded %c5 : index -> <>
  "test.use"(%b) : (!rk) -> ()
  key_mgmt.clear_key %b : <>
  return
}

// -----

func.func @assumed_on_some_paths(%p: i1) {
  scf.if %p {
    // expected-error@+2 {{[K2] loads a key that is not cleared on every path}}
    // expected-note@+1 {{the key is loaded here}}
    %k = key_mgmt.load_key : !key_mgmt.relin_key
  }
  // expected-error@+1 {{[K1] assumes a key that is loaded on some paths only}}
  %a = key_mgmt.assume_loaded : !key_mgmt.relin_key
  key_mgmt.clear_key %a : !key_mgmt.relin_key
  // expected-note@+1 {{it is still loaded here}}
  return
}

// -----

func.func @use_key_lies(%i: index) {
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key %i : index -> <>
  // expected-error@+1 {{[K4] names a key that is not proved to be of index 5}}
  %u = key_mgmt.use_key %k : <> -> <rotation_index = 5>
  key_mgmt.clear_key %k : <>
  return
}

// -----

func.func @type_lies() {
  %c6 = arith.constant 6 : index
  // expected-error@+1 {{[K4] names a key that is not proved to be of index 5}}
  %k = key_mgmt.load_key %c6 : index -> <rotation_index = 5> // expected-note {{the key is loaded here}}
  key_mgmt.clear_key %k : <rotation_index = 5>
  return
}

// -----

func.func @level_lies() {
  // expected-note@+1 {{the key is loaded here}}
  %k = key_mgmt.load_key : !key_mgmt.relin_key<level = 1>
  // expected-error@+1 {{[K4] names a key for a higher level than it is loaded for, 1}}
  %a = key_mgmt.assume_loaded : !key_mgmt.relin_key<level = 2>
  key_mgmt.clear_key %k : !key_mgmt.relin_key<level = 1>
  return
}

// -----

func.func @caller(%k: !key_mgmt.relin_key) { // expected-note {{the key is this argument}}
  // expected-error@+1 {{[K2] clears a key that belongs to the caller}}
  key_mgmt.clear_key %k : !key_mgmt.relin_key
  return
}

// -----

!rk = !key_mgmt.rot_key<>

func.func @which(%p: i1) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  // expected-note@+1 {{the key is loaded here}}
  %a = key_mgmt.load_key %c1 : index -> <>
  // expected-note@+1 {{the key is loaded here}}
  %b = key_mgmt.load_key %c2 : index -> <>
  %k = scf.if %p -> !rk {
    scf.yield %a : !rk
  } else {
    scf.yield %b : !rk
  }
  "test.use"(%k) : (!rk) -> ()
  // expected-error@+1 {{[K2] clears one of several keys, and which is not known}}
  key_mgmt.clear_key %k : <>
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// The reference's epilogue after too short a prologue: the last cell is empty.
func.func @lost_tail() {
  %cells = memref.alloca() : memref<4x!rk>
  affine.for %b = 0 to 3 {
    %k = key_mgmt.load_key %b : index -> <>
    memref.store %k, %cells[%b] : memref<4x!rk>
  }
  affine.for %b = 0 to 4 {
    // expected-error@+1 {{[K1] reads a key where none has been stored on every path}}
    %k = memref.load %cells[%b] : memref<4x!rk>
    key_mgmt.clear_key %k : <>
  }
  return
}

// -----

!rk = !key_mgmt.rot_key<>

func.func @unknown_cell(%i: index) {
  // expected-error@+1 {{[K2] loads a key that is never cleared}}
  %k = key_mgmt.load_key %i : index -> <>
  %cells = memref.alloca() : memref<4x!rk>
  // expected-error@+1 {{expected a memref of keys made in this function, at a place that is known}}
  memref.store %k, %cells[%i] : memref<4x!rk>
  return // expected-note {{it is still loaded here}}
}

// -----

!rk = !key_mgmt.rot_key<>

func.func @lost_in_the_loop(%n: index, %i: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note@+1 {{the key is loaded here}}
  %first = key_mgmt.load_key %i : index -> <>
  %last = scf.for %j = %c0 to %n step %c1 iter_args(%k = %first) -> (!rk) {
    // expected-note@+1 {{the key is cleared here}}
    key_mgmt.clear_key %k : <>
    %next = key_mgmt.load_key %j : index -> <>
    scf.yield %next : !rk
  }
  // expected-error@+1 {{[K1] uses a key that has been cleared}}
  "test.use"(%first) : (!rk) -> ()
  key_mgmt.clear_key %last : <>
  return
}

// -----

// expected-error@+1 {{expected structured control flow (scf or affine) around keys, found 2 blocks}}
func.func @blocks() {
  %k = key_mgmt.load_key : !key_mgmt.relin_key
  cf.br ^bb1
^bb1:
  key_mgmt.clear_key %k : !key_mgmt.relin_key
  return
}

// -----

func.func @other_regions() {
  // expected-error@+1 {{has keys in its regions, whose lifetimes cannot be proved}}
  scf.execute_region {
    %k = key_mgmt.load_key : !key_mgmt.relin_key
    key_mgmt.clear_key %k : !key_mgmt.relin_key
    scf.yield
  }
  return
}

// -----

!rk = !key_mgmt.rot_key<>

// The key from before the loop is the first iteration's only.
func.func @stale_name_in_the_loop(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-note@+1 {{the key is loaded here}}
  %first = key_mgmt.load_key %c1 : index -> <>
  %last = scf.for %j = %c0 to %n step %c1 iter_args(%k = %first) -> (!rk) {
    // expected-error@+1 {{[K1] uses a key that has been cleared}}
    "test.use"(%first) : (!rk) -> ()
    // expected-note@+1 {{the key is cleared here}}
    key_mgmt.clear_key %k : <>
    %next = key_mgmt.load_key %c1 : index -> <>
    scf.yield %next : !rk
  }
  key_mgmt.clear_key %last : <>
  return
}
