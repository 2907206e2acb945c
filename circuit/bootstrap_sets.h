// SPDX-License-Identifier: Apache-2.0
//
// Parameter sets with their bootstrapping, measured in docs/bootstrapping.md: 128-bit secure but for those whose names
// begin with "insecure", which are for tests.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "circuit/bootstrap_plan.h"
#include "scheme/parameters.h"

namespace keymemrt::circuit {

struct BootstrapSet {
  std::string name;
  std::string description;  // one line for people
  scheme::Parameters parameters;
  // Full packing; double hoisting with the fastest number of baby steps.
  BootstrapOptions options;
};

// "n16", "n16-uniform", "n15", "insecure-n11".
std::vector<std::string> BootstrapSetNames();
// kInvalidArgument: no such set; the message lists those that there are.
Result<BootstrapSet> FindBootstrapSet(const std::string& name);

}  // namespace keymemrt::circuit
