// SPDX-License-Identifier: Apache-2.0
//
// The cleartext rows of a program in the order in which its operations encode them: known before it runs, so that they
// can be encoded ahead of their use.
#pragma once

#include <cstdint>
#include <vector>

#include "circuit/linear_transform_plan.h"
#include "program/program.h"

namespace keymemrt::runtime {

// So many slots of coefficients are encoded ahead of their operations, at most; and what the encoding of one row takes
// on the way: its values and their transform.
inline constexpr uint64_t kRowsAheadSlots = 8;
inline constexpr uint64_t kRowAtWorkSlots = 2;

struct PlaintextRow {
  uint32_t op = 0;    // an encode, or a baby step of a transform
  uint32_t term = 0;  // of the transform's plan
};

// `plans`: by transform, TransformPlans'.
std::vector<PlaintextRow> RowsOf(const program::Program& program,
                                 const std::vector<circuit::LinearTransformPlan>& plans);

// At most so many slots are the coefficients of a row whose values, where they are not known, are below 2^16.
uint64_t CoefficientSlots(const program::Program& program, const program::Op& op);

}  // namespace keymemrt::runtime
