// SPDX-License-Identifier: Apache-2.0
//
// ReadOrder: the chunks that a run will not find in memory, in the order in which it will ask for them. Known before it
// begins: which use needs what is in the policy, and the evaluator's order within a use is part of its interface.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "runtime/plan/policy.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

class ReadOrder {
 public:
  // `threads` of the evaluator. All arguments must outlive the object.
  ReadOrder(const scheme::Parameters& parameters, const Policy& policy, int threads)
      : parameters_(parameters), policy_(policy), threads_(threads) {}

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
  const std::vector<uint32_t>& OrderOf(uint32_t chunks);

  const scheme::Parameters& parameters_;
  const Policy& policy_;
  const int threads_;
  std::map<uint32_t, std::vector<uint32_t>> orders_;  // by number of chunks
  size_t use_ = 0, position_ = 0;
};

}  // namespace keymemrt::runtime
