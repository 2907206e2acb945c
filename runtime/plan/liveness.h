// SPDX-License-Identifier: Apache-2.0
//
// Which values an operation may consume: what executor and memory model must see alike, since a consumed operand's
// memory becomes the result's.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.h"

namespace keymemrt::runtime {

class Liveness {
 public:
  explicit Liveness(const program::Program& program);

  // Whether the first operand of ops[op] is used by no later operation and is no output, so that the operation may
  // overwrite it. Never when both operands are the same value.
  bool Consumes(size_t op) const { return consumes_[op]; }

 private:
  std::vector<bool> consumes_;  // by operation
};

}  // namespace keymemrt::runtime
