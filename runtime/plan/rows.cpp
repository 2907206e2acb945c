// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/rows.h"

#include <algorithm>
#include <cmath>

namespace keymemrt::runtime {

std::vector<PlaintextRow> RowsOf(const program::Program& program,
                                 const std::vector<circuit::LinearTransformPlan>& plans) {
  std::vector<PlaintextRow> rows;
  for (uint32_t i = 0; i < program.ops.size(); ++i) {
    const program::Op& op = program.ops[i];
    if (op.opcode == program::Opcode::kEncode) rows.push_back({i, 0});
    if (op.opcode != program::Opcode::kBabyStep) continue;
    const circuit::LinearTransformPlan& plan = plans[op.index];
    const int baby = plan.steps[op.row].index;
    const auto first = std::partition_point(plan.terms.begin(), plan.terms.end(),
                                            [baby](const auto& term) { return term.baby < baby; });
    for (auto term = first; term != plan.terms.end() && term->baby == baby; ++term) {
      rows.push_back({i, static_cast<uint32_t>(term - plan.terms.begin())});
    }
  }
  return rows;
}

uint64_t CoefficientSlots(const program::Program& program, const program::Op& op) {
  constexpr int kValueBits = 16, kPieceBits = 48;  // of a slot: lattice/encoding
  const auto slots = [](double scale, int value_bits) {
    return static_cast<uint64_t>(std::max(1, 1 + (std::ilogb(scale) + value_bits - 2) / kPieceBits));
  };
  if (op.opcode == program::Opcode::kEncode) return slots(program.values[op.result].scale, kValueBits);
  const program::Transform& transform = program.transforms[op.index];
  const bool known = transform.source == program::DiagonalSource::kDft;  // no entry is larger than the factor
  return slots(transform.scale, known ? std::ilogb(transform.stage.factor) + 1 : kValueBits);
}

}  // namespace keymemrt::runtime
