// SPDX-License-Identifier: Apache-2.0
#include "program/cleartext.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <map>

namespace keymemrt::program {

namespace {

// Slots of a value: a vector whose length, a power of two, divides N/2, standing for its cyclic repetition.
struct Slots {
  std::vector<double> real;
  std::vector<double> imaginary = {};  // empty: zero

  size_t size() const { return real.size(); }
  bool complex() const { return !imaginary.empty(); }
  std::complex<double> operator[](size_t i) const { return {real[i], complex() ? imaginary[i] : 0}; }
};

bool AllFinite(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

// NaN when a slot is.
double Magnitude(const Slots& slots) {
  double largest = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    const double x = slots.complex() ? std::hypot(slots.real[i], slots.imaginary[i]) : std::abs(slots.real[i]);
    if (std::isnan(x)) return x;
    largest = std::max(largest, x);
  }
  return largest;
}

std::vector<double> RotateLeft(const std::vector<double>& in, int64_t shift) {
  if (in.empty()) return {};
  const int64_t length = static_cast<int64_t>(in.size());
  const size_t start = static_cast<size_t>(((shift % length) + length) % length);
  std::vector<double> out(in.size());
  std::rotate_copy(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(start), in.end(), out.begin());
  return out;
}

Slots RotateLeft(const Slots& in, int64_t shift) {
  return {RotateLeft(in.real, shift), RotateLeft(in.imaginary, shift)};
}

// `a` is a ciphertext, `b` a ciphertext or a plaintext: never longer than `a`. f: on doubles and on complex numbers.
template <typename F>
Slots Combine(const Slots& a, const Slots& b, F f) {
  Slots out{std::vector<double>(a.size())};
  const size_t mask = b.size() - 1;
  if (!a.complex() && !b.complex()) {
    for (size_t i = 0; i < a.size(); ++i) out.real[i] = f(a.real[i], b.real[i & mask]);
    return out;
  }
  out.imaginary.resize(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const std::complex<double> value = f(a[i], b[i & mask]);
    out.real[i] = value.real();
    out.imaginary[i] = value.imag();
  }
  return out;
}

Slots Constant(std::complex<double> scalar) {
  Slots out{{scalar.real()}};
  if (scalar.imag() != 0) out.imaginary = {scalar.imag()};
  return out;
}

class Interpreter {
 public:
  Interpreter(const Program& program, const scheme::Parameters& parameters, const WeightRow& weights)
      : program_(program), weights_(weights), slots_(parameters.slots()), values_(program.values.size()) {
    for (int level = 0; level <= parameters.max_level(); ++level) log_q_.push_back(parameters.LogQ(level));
    result_.magnitudes.assign(program.ops.size(), 0);
    result_.least_headroom_bits = std::numeric_limits<double>::infinity();
    for (uint32_t i = 0; i < program.domains.size(); ++i) domains_of_.emplace(program.domains[i].value, i);
  }

  Result<CleartextResult> Run(std::span<const std::vector<double>> inputs) {
    KMRT_RETURN_IF_ERROR(SetInputs(inputs));
    for (uint32_t i = 0; i < program_.ops.size(); ++i) KMRT_RETURN_IF_ERROR(Step(i));
    for (const Output& output : program_.outputs) {
      const std::vector<double>& real = values_[output.value].real;
      result_.outputs.emplace_back(real.begin(), real.begin() + output.length);
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
      Slots slots{std::vector<double>(slots_, 0.0)};
      for (size_t begin = 0; begin < slots_; begin += input.period) {
        std::copy(inputs[i].begin(), inputs[i].end(), slots.real.begin() + static_cast<std::ptrdiff_t>(begin));
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
        Define(index, op.result, Combine(*a, *b, [](auto x, auto y) { return x + y; }));
        break;
      case Opcode::kSub:
      case Opcode::kSubPlain:
        Define(index, op.result, Combine(*a, *b, [](auto x, auto y) { return x - y; }));
        break;
      case Opcode::kMul:
      case Opcode::kMulPlain:
        Define(index, op.result, Combine(*a, *b, [](auto x, auto y) { return x * y; }));
        break;
      case Opcode::kNegate: {
        Slots slots = *a;
        for (double& x : slots.real) x = -x;
        for (double& x : slots.imaginary) x = -x;
        Define(index, op.result, std::move(slots));
        break;
      }
      case Opcode::kRelinearize:
      case Opcode::kRescale:
      case Opcode::kLevelReduce:
      case Opcode::kSwitchSecret:
      case Opcode::kModRaise:  // on the message
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
        Define(index, op.result, Combine(*a, Scalar(op), [](auto x, auto y) { return x * y; }));
        break;
      case Opcode::kMulScalarAdd: {
        const Slots product = Combine(*b, Scalar(op), [](auto x, auto y) { return x * y; });
        Define(index, op.result, Combine(*a, product, [](auto x, auto y) { return x + y; }));
        break;
      }
      case Opcode::kAddScalar:
        Define(index, op.result, Combine(*a, Scalar(op), [](auto x, auto y) { return x + y; }));
        break;
      case Opcode::kConjugate: {
        Slots slots = *a;
        for (double& x : slots.imaginary) x = -x;
        Define(index, op.result, std::move(slots));
        break;
      }
      // A transform under way is its result from the beginning.
      case Opcode::kBeginTransform: {
        KMRT_ASSIGN_OR_RETURN(values_[op.result], Apply(program_.transforms[op.index], *a));
        break;
      }
      case Opcode::kBabyStep:
      case Opcode::kGiantStep:
        values_[op.result] = std::move(values_[op.operands[0]]);
        break;
      case Opcode::kFinishTransform:
        Define(index, op.result, std::move(values_[op.operands[0]]));
        break;
    }
    return Status();
  }

  Slots Scalar(const Op& op) const { return Constant(program_.scalars[op.index]); }

  Result<Slots> Source(const Op& op) {
    if (op.source == EncodeSource::kConstant) return Slots{program_.constants[op.index]};
    return Row(op.index, op.row);
  }

  Result<Slots> Row(uint32_t index, uint32_t row) {
    const Weight& weight = program_.weights[index];
    std::vector<double> numbers(weight.columns);
    KMRT_RETURN_IF_ERROR(weights_(index, row, numbers));
    if (!AllFinite(numbers)) {
      return Corrupt("row {} of the weight '{}' holds a number that is not finite", row, weight.name);
    }
    return Slots{std::move(numbers)};
  }

  Result<Slots> Diagonal(const Transform& transform, size_t i) {
    switch (transform.source) {
      case DiagonalSource::kWeight:
        return Row(transform.weight, transform.rows[i]);
      case DiagonalSource::kConstant:
        return Slots{program_.constants[transform.rows[i]]};
      case DiagonalSource::kDft:
        break;
    }
    Slots slots;
    for (const std::complex<double> entry : transform.stage.Diagonal(i)) {
      slots.real.push_back(entry.real());
      slots.imaginary.push_back(entry.imag());
    }
    return slots;
  }

  // sum_i diagonal_i (*) rotl(x, rotations[i])
  Result<Slots> Apply(const Transform& transform, const Slots& x) {
    const std::vector<int64_t> rotations =
        transform.source == DiagonalSource::kDft ? transform.stage.Rotations() : transform.rotations;
    Slots sum{std::vector<double>(x.size(), 0.0)};
    for (size_t i = 0; i < rotations.size(); ++i) {
      KMRT_ASSIGN_OR_RETURN(const Slots diagonal, Diagonal(transform, i));
      const Slots product = Combine(RotateLeft(x, rotations[i]), diagonal, [](auto a, auto b) { return a * b; });
      sum = Combine(sum, product, [](auto a, auto b) { return a + b; });
    }
    return sum;
  }

  void Define(uint32_t op, uint32_t id, Slots slots) {
    const double magnitude = Magnitude(slots);
    if (op != kNone) result_.magnitudes[op] = magnitude;
    for (auto [it, end] = domains_of_.equal_range(id); it != end; ++it) CheckDomain(it->second, slots.real);
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

  void CheckDomain(uint32_t index, const std::vector<double>& x) {
    const Domain& domain = program_.domains[index];
    const double middle = domain.low + (domain.high - domain.low) / 2;
    const auto outside = [&](double a) { return std::isnan(a) ? -1 : std::abs(a - middle); };
    const double furthest =
        *std::max_element(x.begin(), x.end(), [&](double a, double b) { return outside(a) < outside(b); });
    const double slack = (domain.high - domain.low) * 0x1p-20;
    if (outside(furthest) > domain.high - middle + slack) result_.departures.push_back({index, furthest});
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
  std::vector<double> log_q_;                     // per level
  std::multimap<uint32_t, uint32_t> domains_of_;  // by value: indices into domains
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
