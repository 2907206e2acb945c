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
    case Opcode::kMulScalar:
      return "mul_scalar";
    case Opcode::kMulScalarAdd:
      return "mul_scalar_add";
    case Opcode::kAddScalar:
      return "add_scalar";
    case Opcode::kConjugate:
      return "conjugate";
    case Opcode::kSwitchSecret:
      return "switch_secret";
    case Opcode::kModRaise:
      return "mod_raise";
    case Opcode::kBeginTransform:
      return "begin_transform";
    case Opcode::kBabyStep:
      return "baby_step";
    case Opcode::kGiantStep:
      return "giant_step";
    case Opcode::kFinishTransform:
      return "finish_transform";
  }
  return "unknown";
}

Result<scheme::Parameters> Program::CheckedParameters() const {
  return scheme::Parameters::Create(parameters, insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
}

Result<circuit::LinearTransformPlan> Program::PlanOf(uint32_t index, size_t slots) const {
  const Transform& transform = transforms[index];
  const std::vector<int64_t> rotations =
      transform.source == DiagonalSource::kDft ? transform.stage.Rotations() : transform.rotations;
  return circuit::LinearTransformPlan::Make(rotations, static_cast<int64_t>(slots), transform.form,
                                            transform.baby_step);
}

std::string Program::Describe(const Op& op) const {
  const char* name = OpcodeName(op.opcode);
  if (op.location >= locations.size() || locations[op.location].empty()) return name;
  return fmt::format("{}: {}", locations[op.location], name);
}

}  // namespace keymemrt::program
