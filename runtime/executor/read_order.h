// SPDX-License-Identifier: Apache-2.0
//
// ReadOrder: the chunks that a run will not find in memory, in the order in which it will ask for them. Known before it
// begins: which use needs what is in the policy, and the evaluator's order within a use is part of its interface.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/plan/policy.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

class ReadOrder {
 public:
  // Of a key of the program: those of its shape.
  using KeyParameters = std::function<const scheme::Parameters&(uint32_t key)>;

  // `threads` of the evaluator. What `parameters` gives and `policy` must outlive the object.
  ReadOrder(KeyParameters parameters, const Policy& policy, int threads)
      : parameters_(std::move(parameters)), policy_(policy), threads_(threads) {}

  struct Item {
    size_t use;
    uint32_t key, chunk;
  };
  // The next one, nothing at the end.
  std::optional<Item> Next();
  // What Next has just given comes again.
  void Return() { --position_; }
  // Leaves out what is left of the uses before `use`.
  void SkipTo(size_t use);

 private:
  // The chunks of a use of so many, in the evaluator's order (lattice::KeyUse).
  const std::vector<uint32_t>& OrderOf(const scheme::Parameters& parameters, uint32_t chunks);

  const KeyParameters parameters_;
  const Policy& policy_;
  const int threads_;
  std::map<std::pair<const scheme::Parameters*, uint32_t>, std::vector<uint32_t>> orders_;  // by shape and chunks
  size_t use_ = 0, position_ = 0;
};

}  // namespace keymemrt::runtime
