// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/shapes.h"

namespace keymemrt::runtime {

ShapedParameters::ShapedParameters(const program::Program& program, const scheme::Parameters& parameters) {
  const auto add = [&](const scheme::KeyShape& shape) {
    if (!shaped_.contains(shape)) shaped_.emplace(shape, parameters.At(shape).value());
  };
  add({});
  for (const program::Key& key : program.keys) add(key.id.shape);
  for (const program::Value& value : program.values) add(value.shape);
}

std::vector<circuit::LinearTransformPlan> TransformPlans(const program::Program& program,
                                                         const scheme::Parameters& parameters) {
  std::vector<circuit::LinearTransformPlan> plans;
  for (uint32_t i = 0; i < program.transforms.size(); ++i) {
    plans.push_back(program.PlanOf(i, parameters.slots()).value());
  }
  return plans;
}

const scheme::KeyShape& ShapeOf(const program::Program& program, const program::Op& op) {
  if (op.key != program::kNone) return program.keys[op.key].id.shape;
  if (op.opcode == program::Opcode::kFinishTransform) return program.values[op.operands[0]].shape;
  static constexpr scheme::KeyShape kPlain = {};
  return op.result == program::kNone ? kPlain : program.values[op.result].shape;
}

}  // namespace keymemrt::runtime
