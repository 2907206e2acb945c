// RUN: keymemrt-opt %s --split-input-file --verify-diagnostics

func.func @store(%v: i32, %s: !preprocessing.storage<i64>) {
  // expected-error@+1 {{expected a storage that holds 'i32', found '!preprocessing.storage<i64>'}}
  preprocessing.store %v, %s[] site 0 <i32> : i32, !preprocessing.storage<i64>
  return
}

// -----

func.func @load(%s: !preprocessing.storage<i64>) -> i32 {
  // expected-error@+1 {{expected a value of 'i64', found 'i32'}}
  %v = preprocessing.load %s[] site 0 <i64> : !preprocessing.storage<i64>, i32
  return %v : i32
}

// -----

func.func @resource() -> tensor<?xi32> {
  // expected-error@+1 {{expected a static shape, found 'tensor<?xi32>'}}
  %v = preprocessing.load_resource "a.bin" : tensor<?xi32>
  return %v : tensor<?xi32>
}
