// SPDX-License-Identifier: Apache-2.0
#include "program/testing/builder.h"

#include <algorithm>

namespace keymemrt::program {

namespace {

using scheme::KeyKind;

scheme::Parameters MustCreate(const scheme::ParameterLiteral& literal) {
  return scheme::Parameters::Create(literal, scheme::Security::kInsecure).value();
}

}  // namespace

ProgramBuilder::ProgramBuilder(scheme::ParameterLiteral literal, std::string name) : parameters_(MustCreate(literal)) {
  program_.name = std::move(name);
  program_.parameters = std::move(literal);
  program_.insecure = !parameters_.Is128BitSecure();
}

uint32_t ProgramBuilder::Input(std::string name, uint32_t length, uint32_t period) {
  const uint32_t id = static_cast<uint32_t>(program_.values.size());
  program_.inputs.push_back({std::move(name), id, length, period});
  program_.values.push_back({ValueKind::kCiphertext, parameters_.max_level(), parameters_.default_scale(), 2});
  return id;
}

uint32_t ProgramBuilder::Weight(std::string name, uint32_t rows, uint32_t columns) {
  program_.weights.push_back({std::move(name), rows, columns});
  return static_cast<uint32_t>(program_.weights.size() - 1);
}

uint32_t ProgramBuilder::Constant(std::vector<double> values) {
  program_.constants.push_back(std::move(values));
  return static_cast<uint32_t>(program_.constants.size() - 1);
}

void ProgramBuilder::Output(std::string name, uint32_t value, uint32_t length) {
  program_.outputs.push_back({std::move(name), value, length});
}

uint32_t ProgramBuilder::Define(Op op, Value value) {
  op.result = static_cast<uint32_t>(program_.values.size());
  op.location = static_cast<uint32_t>(program_.locations.size());
  program_.locations.push_back(fmt::format("{}.mlir:{}:5", program_.name, program_.locations.size() + 2));
  program_.ops.push_back(op);
  program_.values.push_back(value);
  return op.result;
}

uint32_t ProgramBuilder::EncodeWeight(uint32_t index, uint32_t row, int32_t rotation, int32_t level, double scale) {
  return Define(
      {.opcode = Opcode::kEncode, .source = EncodeSource::kWeight, .index = index, .row = row, .rotation = rotation},
      {ValueKind::kPlaintext, level, scale});
}

uint32_t ProgramBuilder::EncodeConstant(uint32_t index, int32_t rotation, int32_t level, double scale) {
  return Define({.opcode = Opcode::kEncode, .source = EncodeSource::kConstant, .index = index, .rotation = rotation},
                {ValueKind::kPlaintext, level, scale});
}

uint32_t ProgramBuilder::Binary(Opcode opcode, uint32_t a, uint32_t b, double scale) {
  Value result = value(a);
  result.scale = scale;
  if (value(b).kind == ValueKind::kCiphertext) result.parts = std::max(result.parts, value(b).parts);
  return Define({.opcode = opcode, .operands = {a, b}}, result);
}

uint32_t ProgramBuilder::Mul(uint32_t a, uint32_t b) {
  Value result = value(a);
  result.scale *= value(b).scale;
  result.parts = 3;
  return Define({.opcode = Opcode::kMul, .operands = {a, b}}, result);
}

uint32_t ProgramBuilder::Negate(uint32_t a) {
  return Define({.opcode = Opcode::kNegate, .operands = {a, kNone}}, value(a));
}

uint32_t ProgramBuilder::Rescale(uint32_t a) {
  Value result = value(a);
  result.scale /= static_cast<double>(parameters_.modulus(result.level));
  --result.level;
  return Define({.opcode = Opcode::kRescale, .operands = {a, kNone}}, result);
}

uint32_t ProgramBuilder::LevelReduce(uint32_t a, int32_t level) {
  Value result = value(a);
  result.level = level;
  return Define({.opcode = Opcode::kLevelReduce, .operands = {a, kNone}}, result);
}

uint32_t ProgramBuilder::Scalar(std::complex<double> scalar) {
  program_.scalars.push_back(scalar);
  return static_cast<uint32_t>(program_.scalars.size() - 1);
}

uint32_t ProgramBuilder::MulScalar(uint32_t a, std::complex<double> scalar, double scale) {
  Value result = value(a);
  result.scale = scale;
  return Define({.opcode = Opcode::kMulScalar, .operands = {a, kNone}, .index = Scalar(scalar)}, result);
}

uint32_t ProgramBuilder::MulScalarAdd(uint32_t a, uint32_t b, std::complex<double> scalar) {
  return Define({.opcode = Opcode::kMulScalarAdd, .operands = {a, b}, .index = Scalar(scalar)}, value(a));
}

uint32_t ProgramBuilder::AddScalar(uint32_t a, std::complex<double> scalar) {
  return Define({.opcode = Opcode::kAddScalar, .operands = {a, kNone}, .index = Scalar(scalar)}, value(a));
}

uint32_t ProgramBuilder::ModRaise(uint32_t a, int32_t level) {
  Value result = value(a);
  result.level = level;
  return Define({.opcode = Opcode::kModRaise, .operands = {a, kNone}}, result);
}

uint32_t ProgramBuilder::Decompose(uint32_t a, scheme::KeyShape shape) {
  Value result = value(a);
  result.kind = ValueKind::kDigits;
  result.shape = shape;
  return Define({.opcode = Opcode::kDecompose, .operands = {a, kNone}}, result);
}

uint32_t ProgramBuilder::KeyFor(scheme::KeyId id, int32_t shift, int32_t level) {
  const auto [entry, is_new] = keys_.emplace(id, static_cast<uint32_t>(program_.keys.size()));
  if (is_new) program_.keys.push_back({id, shift, level});
  Key& key = program_.keys[entry->second];
  key.level = std::max(key.level, level);
  return entry->second;
}

uint32_t ProgramBuilder::RotationKeyFor(int32_t shift, scheme::KeyShape shape, int32_t level) {
  return KeyFor({KeyKind::kRotation, parameters_.GaloisElement(shift), shape}, shift, level);
}

uint32_t ProgramBuilder::Relinearize(uint32_t a, scheme::KeyShape shape) {
  Value result = value(a);
  result.parts = 2;
  const uint32_t key = KeyFor({KeyKind::kRelinearization, 0, shape}, 0, result.level);
  return Define({.opcode = Opcode::kRelinearize, .operands = {a, kNone}, .key = key}, result);
}

uint32_t ProgramBuilder::Rotate(uint32_t a, int32_t shift, scheme::KeyShape shape) {
  const uint32_t key = RotationKeyFor(shift, shape, value(a).level);
  return Define({.opcode = Opcode::kRotate, .operands = {a, kNone}, .key = key}, value(a));
}

uint32_t ProgramBuilder::RotateHoisted(uint32_t a, uint32_t digits, int32_t shift) {
  const uint32_t key = RotationKeyFor(shift, value(digits).shape, value(a).level);
  return Define({.opcode = Opcode::kRotateHoisted, .operands = {a, digits}, .key = key}, value(a));
}

uint32_t ProgramBuilder::Conjugate(uint32_t a, scheme::KeyShape shape) {
  const uint32_t key = KeyFor({KeyKind::kConjugation, parameters_.ConjugationElement(), shape}, 0, value(a).level);
  return Define({.opcode = Opcode::kConjugate, .operands = {a, kNone}, .key = key}, value(a));
}

uint32_t ProgramBuilder::SwitchSecret(uint32_t a, uint64_t number, scheme::KeyShape shape) {
  const uint32_t key = KeyFor({KeyKind::kSecretSwitch, number, shape}, 0, value(a).level);
  return Define({.opcode = Opcode::kSwitchSecret, .operands = {a, kNone}, .key = key}, value(a));
}

uint32_t ProgramBuilder::Transform(program::Transform transform) {
  const auto same = std::find(program_.transforms.begin(), program_.transforms.end(), transform);
  if (same != program_.transforms.end()) return static_cast<uint32_t>(same - program_.transforms.begin());
  program_.transforms.push_back(std::move(transform));
  return static_cast<uint32_t>(program_.transforms.size() - 1);
}

uint32_t ProgramBuilder::ApplyTransform(uint32_t a, uint32_t index, scheme::KeyShape shape) {
  const auto plan = program_.PlanOf(index, parameters_.slots()).value();
  Value state = value(a);
  state.kind = ValueKind::kTransform;
  state.shape = shape;
  state.scale *= program_.transforms[index].scale;
  uint32_t current = kNone;
  for (uint32_t row = 0; row < plan.steps.size(); ++row) {
    const circuit::LinearTransformStep& step = plan.steps[row];
    Op op{.operands = {current, kNone}, .index = index, .row = row};
    if (step.shift != 0) op.key = RotationKeyFor(static_cast<int32_t>(step.shift), shape, state.level);
    switch (step.kind) {
      case circuit::LinearTransformStep::Kind::kBegin:
        op.opcode = Opcode::kBeginTransform;
        op.operands[0] = a;
        break;
      case circuit::LinearTransformStep::Kind::kBaby:
        op.opcode = Opcode::kBabyStep;
        op.operands[1] = a;
        break;
      case circuit::LinearTransformStep::Kind::kGiant:
        op.opcode = Opcode::kGiantStep;
        break;
      case circuit::LinearTransformStep::Kind::kFinish:
        op.opcode = Opcode::kFinishTransform;
        state.kind = ValueKind::kCiphertext;
        state.shape = {};
        break;
    }
    current = Define(op, state);
  }
  return current;
}

Program ProgramBuilder::Finish(uint32_t merge_window) {
  const std::vector<Op> body = std::move(program_.ops);
  program_.ops.clear();

  // After which operation a value is cleared: its last use, else its definition; inputs without use: before all.
  constexpr size_t kBefore = ~size_t{0}, kNever = kBefore - 1;
  std::vector<size_t> last(program_.values.size(), kBefore);
  std::vector<std::vector<size_t>> key_uses(program_.keys.size());
  for (size_t i = 0; i < body.size(); ++i) {
    last[body[i].result] = i;
    for (uint32_t operand : body[i].operands) {
      if (operand != kNone) last[operand] = i;
    }
    if (body[i].key != kNone) key_uses[body[i].key].push_back(i);
  }
  for (const auto& output : program_.outputs) last[output.value] = kNever;

  std::vector<std::vector<uint32_t>> clears(body.size());
  for (uint32_t id = 0; id < last.size(); ++id) {
    if (last[id] == kBefore) program_.ops.push_back({.opcode = Opcode::kClear, .operands = {id, kNone}});
    if (last[id] < body.size()) clears[last[id]].push_back(id);
  }
  if (program_.locations.empty()) program_.locations.emplace_back();
  for (size_t i = 0; i < body.size(); ++i) {
    const Op& op = body[i];
    const auto lifetime = [&](Opcode opcode) {
      program_.ops.push_back({.opcode = opcode, .key = op.key, .location = op.location});
    };
    if (op.key == kNone) {
      program_.ops.push_back(op);
    } else {
      const auto& uses = key_uses[op.key];
      const auto here = std::find(uses.begin(), uses.end(), i);
      const bool opens = here == uses.begin() || i - here[-1] > merge_window + 1;
      const bool closes = here + 1 == uses.end() || here[1] - i > merge_window + 1;
      if (opens) lifetime(Opcode::kLoadKey);
      program_.ops.push_back(op);
      if (closes) lifetime(Opcode::kClearKey);
    }
    for (uint32_t id : clears[i]) {
      program_.ops.push_back({.opcode = Opcode::kClear, .operands = {id, kNone}, .location = op.location});
    }
  }
  return std::move(program_);
}

}  // namespace keymemrt::program
