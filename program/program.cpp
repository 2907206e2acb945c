// SPDX-License-Identifier: Apache-2.0
#include "program/program.h"

namespace keymemrt::program {

const char* OpcodeName(Opcode opcode) {
  switch (opcode) {
    case Opcode::kEncode:
      return "encode";
    case Opcode::kAdd:
      return "add";
    case Opcode::kSub:
      return "sub";
    case Opcode::kNegate:
      return "negate";
    case Opcode::kAddPlain:
      return "add_plain";
    case Opcode::kSubPlain:
      return "sub_plain";
    case Opcode::kMulPlain:
      return "mul_plain";
    case Opcode::kMul:
      return "mul";
    case Opcode::kRelinearize:
      return "relinearize";
    case Opcode::kRescale:
      return "rescale";
    case Opcode::kLevelReduce:
      return "level_reduce";
    case Opcode::kRotate:
      return "rotate";
    case Opcode::kDecompose:
      return "decompose";
    case Opcode::kRotateHoisted:
      return "rotate_hoisted";
    case Opcode::kLoadKey:
      return "load_key";
    case Opcode::kClearKey:
      return "clear_key";
    case Opcode::kClear:
      return "clear";
  }
  return "unknown";
}

Result<scheme::Parameters> Program::CheckedParameters() const {
  return scheme::Parameters::Create(parameters, insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
}

std::string Program::Describe(const Op& op) const {
  const char* name = OpcodeName(op.opcode);
  if (op.location >= locations.size() || locations[op.location].empty()) return name;
  return fmt::format("{}: {}", locations[op.location], name);
}

}  // namespace keymemrt::program
