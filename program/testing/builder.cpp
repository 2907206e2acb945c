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

uint32_t ProgramBuilder::Decompose(uint32_t a) {
  Value result = value(a);
  result.kind = ValueKind::kDigits;
  return Define({.opcode = Opcode::kDecompose, .operands = {a, kNone}}, result);
}

uint32_t ProgramBuilder::KeyFor(scheme::KeyId id, int32_t shift, int32_t level) {
  const auto [entry, is_new] = keys_.emplace(id, static_cast<uint32_t>(program_.keys.size()));
  if (is_new) program_.keys.push_back({id, shift, level});
  Key& key = program_.keys[entry->second];
  key.level = std::max(key.level, level);
  return entry->second;
}

uint32_t ProgramBuilder::Relinearize(uint32_t a) {
  Value result = value(a);
  result.parts = 2;
  const uint32_t key = KeyFor({KeyKind::kRelinearization, 0}, 0, result.level);
  return Define({.opcode = Opcode::kRelinearize, .operands = {a, kNone}, .key = key}, result);
}

uint32_t ProgramBuilder::Rotate(uint32_t a, int32_t shift) {
  const uint32_t key = KeyFor({KeyKind::kRotation, parameters_.GaloisElement(shift)}, shift, value(a).level);
  return Define({.opcode = Opcode::kRotate, .operands = {a, kNone}, .key = key}, value(a));
}

uint32_t ProgramBuilder::RotateHoisted(uint32_t a, uint32_t digits, int32_t shift) {
  const uint32_t key = KeyFor({KeyKind::kRotation, parameters_.GaloisElement(shift)}, shift, value(a).level);
  return Define({.opcode = Opcode::kRotateHoisted, .operands = {a, digits}, .key = key}, value(a));
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
