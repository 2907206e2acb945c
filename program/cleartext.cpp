// SPDX-License-Identifier: Apache-2.0
#include "program/cleartext.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace keymemrt::program {

namespace {

// Slots of a value: a vector whose length, a power of two, divides N/2, standing for its cyclic repetition.
using Slots = std::vector<double>;

bool AllFinite(const Slots& slots) {
  return std::all_of(slots.begin(), slots.end(), [](double x) { return std::isfinite(x); });
}

// NaN when a slot is.
double Magnitude(const Slots& slots) {
  double largest = 0;
  for (double x : slots) {
    if (std::isnan(x)) return x;
    largest = std::max(largest, std::abs(x));
  }
  return largest;
}

Slots RotateLeft(const Slots& in, int64_t shift) {
  const int64_t length = static_cast<int64_t>(in.size());
  const size_t start = static_cast<size_t>(((shift % length) + length) % length);
  Slots out(in.size());
  std::rotate_copy(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(start), in.end(), out.begin());
  return out;
}

// `a` is a ciphertext, `b` a ciphertext or a plaintext: never longer than `a`.
template <typename F>
Slots Combine(const Slots& a, const Slots& b, F f) {
  Slots out(a.size());
  const size_t mask = b.size() - 1;
  for (size_t i = 0; i < a.size(); ++i) out[i] = f(a[i], b[i & mask]);
  return out;
}

class Interpreter {
 public:
  Interpreter(const Program& program, const scheme::Parameters& parameters, const WeightRow& weights)
      : program_(program), weights_(weights), slots_(parameters.slots()), values_(program.values.size()) {
    for (int level = 0; level <= parameters.max_level(); ++level) log_q_.push_back(parameters.LogQ(level));
    result_.magnitudes.assign(program.ops.size(), 0);
    result_.least_headroom_bits = std::numeric_limits<double>::infinity();
  }

  Result<CleartextResult> Run(std::span<const std::vector<double>> inputs) {
    KMRT_RETURN_IF_ERROR(SetInputs(inputs));
    for (uint32_t i = 0; i < program_.ops.size(); ++i) KMRT_RETURN_IF_ERROR(Step(i));
    for (const Output& output : program_.outputs) {
      const Slots& slots = values_[output.value];
      result_.outputs.emplace_back(slots.begin(), slots.begin() + output.length);
    }
    return std::move(result_);
  }

 private:
  Status SetInputs(std::span<const std::vector<double>> inputs) {
    if (inputs.size() != program_.inputs.size()) {
      return InvalidArgument("{} inputs given, the program takes {}", inputs.size(), program_.inputs.size());
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Input& input = program_.inputs[i];
      if (inputs[i].size() != input.length) {
        return InvalidArgument("input '{}' has {} numbers, {} expected", input.name, inputs[i].size(), input.length);
      }
      if (!AllFinite(inputs[i])) return InvalidArgument("input '{}' holds a number that is not finite", input.name);
      Slots slots(slots_, 0.0);
      for (size_t begin = 0; begin < slots_; begin += input.period) {
        std::copy(inputs[i].begin(), inputs[i].end(), slots.begin() + static_cast<std::ptrdiff_t>(begin));
      }
      Define(kNone, input.value, std::move(slots));
    }
    return Status();
  }

  Status Step(uint32_t index) {
    const Op& op = program_.ops[index];
    const Slots* a = op.operands[0] == kNone ? nullptr : &values_[op.operands[0]];
    const Slots* b = op.operands[1] == kNone ? nullptr : &values_[op.operands[1]];
    switch (op.opcode) {
      case Opcode::kEncode: {
        KMRT_ASSIGN_OR_RETURN(Slots slots, Source(op));
        Define(index, op.result, RotateLeft(slots, op.rotation));
        break;
      }
      case Opcode::kAdd:
      case Opcode::kAddPlain:
        Define(index, op.result, Combine(*a, *b, [](double x, double y) { return x + y; }));
        break;
      case Opcode::kSub:
      case Opcode::kSubPlain:
        Define(index, op.result, Combine(*a, *b, [](double x, double y) { return x - y; }));
        break;
      case Opcode::kMul:
      case Opcode::kMulPlain:
        Define(index, op.result, Combine(*a, *b, [](double x, double y) { return x * y; }));
        break;
      case Opcode::kNegate: {
        Slots slots = *a;
        for (double& x : slots) x = -x;
        Define(index, op.result, std::move(slots));
        break;
      }
      case Opcode::kRelinearize:
      case Opcode::kRescale:
      case Opcode::kLevelReduce:
        Define(index, op.result, Slots(*a));
        break;
      case Opcode::kRotate:
      case Opcode::kRotateHoisted:
        Define(index, op.result, RotateLeft(*a, program_.keys[op.key].shift));
        break;
      case Opcode::kDecompose:  // digits carry no slots of their own
      case Opcode::kLoadKey:
      case Opcode::kClearKey:
        break;
      case Opcode::kClear:
        values_[op.operands[0]] = Slots();
        break;
      case Opcode::kMulScalar:
      case Opcode::kMulScalarAdd:
      case Opcode::kAddScalar:
      case Opcode::kConjugate:
      case Opcode::kSwitchSecret:
      case Opcode::kModRaise:
      case Opcode::kBeginTransform:
      case Opcode::kBabyStep:
      case Opcode::kGiantStep:
      case Opcode::kFinishTransform:
        return Failed("{}: this version does not evaluate it on numbers yet", program_.Describe(op));
    }
    return Status();
  }

  Result<Slots> Source(const Op& op) {
    if (op.source == EncodeSource::kConstant) return program_.constants[op.index];
    const Weight& weight = program_.weights[op.index];
    Slots slots(weight.columns);
    KMRT_RETURN_IF_ERROR(weights_(op.index, op.row, slots));
    if (!AllFinite(slots)) {
      return Corrupt("row {} of the weight '{}' holds a number that is not finite", op.row, weight.name);
    }
    return slots;
  }

  void Define(uint32_t op, uint32_t id, Slots slots) {
    const double magnitude = Magnitude(slots);
    if (op != kNone) result_.magnitudes[op] = magnitude;
    values_[id] = std::move(slots);

    // In logarithms: Q has thousands of bits.
    const Value& value = program_.values[id];
    const double log_limit = log_q_[static_cast<size_t>(value.level)] - 1 - std::log2(value.scale);
    const double headroom = log_limit - std::log2(magnitude);  // infinite for 0
    if (headroom < result_.least_headroom_bits || std::isnan(headroom)) {
      result_.least_headroom_bits = headroom;
      result_.least_headroom_op = op;
    }
    if (headroom > 0 || result_.outgrowth.has_value()) return;
    const std::string who =
        op == kNone ? fmt::format("input '{}'", InputName(id)) : program_.Describe(program_.ops[op]);
    result_.outgrowth = {
        op, fmt::format("{}: the result reaches {:.4g}, but at level {} and scale 2^{:.2f} only values "
                        "below 2^{:.2f} fit; scale the model's values down, or take a larger first modulus",
                        who, magnitude, value.level, std::log2(value.scale), log_limit)};
  }

  std::string InputName(uint32_t id) const {
    for (const Input& input : program_.inputs) {
      if (input.value == id) return input.name;
    }
    return "";
  }

  const Program& program_;
  const WeightRow& weights_;
  const size_t slots_;
  std::vector<double> log_q_;  // per level
  std::vector<Slots> values_;
  CleartextResult result_;
};

}  // namespace

Result<CleartextResult> EvaluateCleartext(const Program& program, std::span<const std::vector<double>> inputs,
                                          const WeightRow& weights) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
  return Interpreter(program, parameters, weights).Run(inputs);
}

}  // namespace keymemrt::program
