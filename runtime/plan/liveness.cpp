// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/liveness.h"

namespace keymemrt::runtime {

Liveness::Liveness(const program::Program& program) : consumes_(program.ops.size(), false) {
  std::vector<bool> needed_later(program.values.size(), false);
  for (const program::Output& output : program.outputs) needed_later[output.value] = true;
  for (size_t i = program.ops.size(); i-- > 0;) {
    const program::Op& op = program.ops[i];
    if (op.opcode == program::Opcode::kClear) continue;
    const uint32_t first = op.operands[0];
    consumes_[i] = first != program::kNone && !needed_later[first] && first != op.operands[1];
    for (const uint32_t operand : op.operands) {
      if (operand != program::kNone) needed_later[operand] = true;
    }
  }
}

}  // namespace keymemrt::runtime
