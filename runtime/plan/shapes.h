// SPDX-License-Identifier: Apache-2.0
//
// What a program's operations are carried out with: parameter sets of key shapes, plans of linear transforms.
#pragma once

#include <map>
#include <vector>

#include "circuit/linear_transform_plan.h"
#include "program/program.h"
#include "scheme/parameters.h"

namespace keymemrt::runtime {

// The parameter sets of all shapes in a program. REQUIRES: Verify(program).ok(), parameters the program's.
class ShapedParameters {
 public:
  ShapedParameters(const program::Program& program, const scheme::Parameters& parameters);

  // Of a shape that occurs in the program.
  const scheme::Parameters& At(const scheme::KeyShape& shape) const { return shaped_.at(shape); }

 private:
  std::map<scheme::KeyShape, scheme::Parameters> shaped_;
};

// By transform. REQUIRES: Verify(program).ok(), parameters the program's.
std::vector<circuit::LinearTransformPlan> TransformPlans(const program::Program& program,
                                                         const scheme::Parameters& parameters);

// The shape of the keys that an operation uses or, without one, works for; plain for the others.
const scheme::KeyShape& ShapeOf(const program::Program& program, const program::Op& op);

inline bool UsesKey(const program::Op& op) {
  return op.key != program::kNone && op.opcode != program::Opcode::kLoadKey && op.opcode != program::Opcode::kClearKey;
}

// The level of the ciphertext that an operation with operands works on.
inline int LevelOf(const program::Program& program, const program::Op& op) {
  return op.operands[0] == program::kNone ? 0 : program.values[op.operands[0]].level;
}

}  // namespace keymemrt::runtime
