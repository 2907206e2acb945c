// SPDX-License-Identifier: Apache-2.0
//
// What a program must satisfy before anything runs it. The rules are numbered; messages and tests carry the number.
//
//   P1   The parameters are accepted by scheme/, with the 128-bit bound unless the program says `insecure`.
//   P2   Every value has a known kind, a level 0..L and a finite positive scale; a ciphertext has 2 or 3 parts. Digits
//        and transforms have a key shape that there is and that serves their level, the others a plain one.
//   P3   An operation's location is in range; so are its opcode and, of an encode, its source.
//   P4   An operation has the operands, result and key that its opcode takes, and nothing in the fields of others.
//   P5   Values are numbered in order of definition: the inputs first, in their order, then results. Each number is
//        defined once and none is left undefined.
//   P6   An operand is defined before its use and not cleared before it.
//   P7   Operands and results have the kind, and the number of parts, that the opcode asks for.
//   P8   Levels: binary operands agree; a rescale goes one level down, a level_reduce at least one, a mod_raise from 0
//        upwards; else the level stays.
//   P9   Scales: operands of sums agree within 2^-30; a product has the product, a rescale scale / q_level, a
//        mul_scalar any; everything else its first operand's scale, each within 2^-40.
//   P10  Digits go with the ciphertext that they were decomposed from and with keys of their shape.
//   P11  A key is used within its lifetime: after a load_key and before the clear_key of it. Lifetimes do not nest and
//        none is open at the end.
//   P12  A key is of the kind its uses ask for and of a shape that there is. A rotation key's Galois element is its
//        shift's, which is no multiple of N/2; a conjugation key's is 2N-1, a relinearization key's 0, a secret
//        switch's 1 or 2, if there is an ephemeral secret. Shifts are 0 but of rotations. No key is listed twice.
//   P13  A key's level is 0..L, at most its shape's, no lower than any of its uses, and within the security bound of
//        the secret under which the key is encrypted, unless the program says `insecure`.
//   P14  Keys are listed in order of first use, and each is used.
//   P15  An encode's weight row or constant exists; so does a scalar, which is finite.
//   P16  A weight has a name, at least one row, and columns that divide N/2. A constant's length divides N/2, its
//        numbers are finite.
//   P17  An input is a ciphertext of two parts; its period divides N/2 and is no shorter than its length, which is not
//        0.
//   P18  An output is a ciphertext of two parts, alive at the end; its length is 1..N/2. There is at least one.
//   P19  A transform has a known source and form, a finite positive scale and a baby step of at least 1. Its weight
//        rows or constants exist, as many as rotations, at least one; or its DFT stage passes its own check and fits
//        into N/2 slots, and then there are none. All transforms together have 2^24 diagonals at most.
//   P20  A transform takes the steps of its plan in their order, each with the ciphertext of its beginning and, where
//        the plan rotates, a rotation key for that rotation and of its value's shape. Each of its values is used once.
//   P21  A domain is of a ciphertext, and an interval between finite numbers.
//
// One pass, linear in the program's size.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "circuit/bootstrap_plan.h"
#include "program/program.h"
#include "scheme/security.h"

namespace keymemrt::program {

namespace {

using circuit::LinearTransformPlan;
using circuit::LinearTransformStep;
using scheme::KeyKind;

constexpr uint64_t kMostDiagonals = uint64_t{1} << 24;

constexpr double kSumTolerance = 0x1p-30;
constexpr double kScaleTolerance = 0x1p-40;

bool Near(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::abs(b);
}

const char* KindName(ValueKind kind) {
  switch (kind) {
    case ValueKind::kCiphertext:
      return "a ciphertext";
    case ValueKind::kPlaintext:
      return "a plaintext";
    case ValueKind::kDigits:
      return "digits";
    case ValueKind::kTransform:
      return "a transform under way";
  }
  return "of no known kind";
}

enum class KeyRole : uint8_t { kNone, kLifetime, kSwitch };

// What an opcode takes and gives.
struct Form {
  int operands;
  ValueKind kinds[2];  // of the operands
  bool any_kind;       // the operand may be of any kind
  std::optional<ValueKind> result;
  KeyRole key;
  KeyKind key_kind;  // of kSwitch
};

Form FormOf(Opcode opcode) {
  constexpr auto kC = ValueKind::kCiphertext, kP = ValueKind::kPlaintext, kD = ValueKind::kDigits;
  constexpr auto kT = ValueKind::kTransform;
  constexpr auto kNoKey = KeyRole::kNone;
  constexpr auto kRotation = KeyKind::kRotation;
  switch (opcode) {
    case Opcode::kEncode:
      return {0, {}, false, kP, kNoKey, kRotation};
    case Opcode::kAdd:
    case Opcode::kSub:
    case Opcode::kMul:
    case Opcode::kMulScalarAdd:
      return {2, {kC, kC}, false, kC, kNoKey, kRotation};
    case Opcode::kAddPlain:
    case Opcode::kSubPlain:
    case Opcode::kMulPlain:
      return {2, {kC, kP}, false, kC, kNoKey, kRotation};
    case Opcode::kNegate:
    case Opcode::kRescale:
    case Opcode::kLevelReduce:
    case Opcode::kMulScalar:
    case Opcode::kAddScalar:
    case Opcode::kModRaise:
      return {1, {kC}, false, kC, kNoKey, kRotation};
    case Opcode::kRelinearize:
      return {1, {kC}, false, kC, KeyRole::kSwitch, KeyKind::kRelinearization};
    case Opcode::kRotate:
      return {1, {kC}, false, kC, KeyRole::kSwitch, kRotation};
    case Opcode::kConjugate:
      return {1, {kC}, false, kC, KeyRole::kSwitch, KeyKind::kConjugation};
    case Opcode::kSwitchSecret:
      return {1, {kC}, false, kC, KeyRole::kSwitch, KeyKind::kSecretSwitch};
    case Opcode::kBeginTransform:
      return {1, {kC}, false, kT, kNoKey, kRotation};
    case Opcode::kBabyStep:
      return {2, {kT, kC}, false, kT, KeyRole::kSwitch, kRotation};
    case Opcode::kGiantStep:
      return {1, {kT}, false, kT, KeyRole::kSwitch, kRotation};
    case Opcode::kFinishTransform:
      return {1, {kT}, false, kC, kNoKey, kRotation};
    case Opcode::kDecompose:
      return {1, {kC}, false, kD, kNoKey, kRotation};
    case Opcode::kRotateHoisted:
      return {2, {kC, kD}, false, kC, KeyRole::kSwitch, kRotation};
    case Opcode::kLoadKey:
    case Opcode::kClearKey:
      return {0, {}, false, std::nullopt, KeyRole::kLifetime, kRotation};
    case Opcode::kClear:
      return {1, {}, true, std::nullopt, kNoKey, kRotation};
  }
  return {};
}

bool IsTransform(Opcode opcode) {
  return opcode >= Opcode::kBeginTransform && opcode <= Opcode::kFinishTransform;
}
// Whether there may be a key or none: the plan says which.
bool MayLackKey(Opcode opcode) {
  return opcode == Opcode::kBabyStep || opcode == Opcode::kGiantStep;
}
Opcode OpcodeOf(LinearTransformStep::Kind kind) {
  switch (kind) {
    case LinearTransformStep::Kind::kBegin:
      return Opcode::kBeginTransform;
    case LinearTransformStep::Kind::kBaby:
      return Opcode::kBabyStep;
    case LinearTransformStep::Kind::kGiant:
      return Opcode::kGiantStep;
    case LinearTransformStep::Kind::kFinish:
      break;
  }
  return Opcode::kFinishTransform;
}
bool TakesScalar(Opcode opcode) {
  return opcode == Opcode::kMulScalar || opcode == Opcode::kMulScalarAdd || opcode == Opcode::kAddScalar;
}

class Checker {
 public:
  Checker(const Program& program, const scheme::Parameters& parameters)
      : program_(program),
        parameters_(parameters),
        state_(program.values.size(), State::kUndefined),
        decomposed_(program.values.size(), kNone),
        under_way_(program.values.size()),
        plans_(program.transforms.size()),
        key_alive_(program.keys.size(), false) {}

  Status Run() {
    KMRT_RETURN_IF_ERROR(CheckTables());
    for (op_ = 0; op_ < program_.ops.size(); ++op_) KMRT_RETURN_IF_ERROR(CheckOp(program_.ops[op_]));
    return CheckEnd();
  }

 private:
  enum class State : uint8_t { kUndefined, kAlive, kUsedUp, kCleared };
  // Of a transform's value.
  struct UnderWay {
    uint32_t transform = kNone;
    uint32_t steps = 0;  // done
    uint32_t input = kNone;
  };

  template <typename... Args>
  Status Violation(const char* rule, fmt::format_string<Args...> format, Args&&... args) const {
    return Corrupt("{}: {}", rule, fmt::format(format, std::forward<Args>(args)...));
  }
  // Of the operation under inspection.
  template <typename... Args>
  Status OpViolation(const char* rule, fmt::format_string<Args...> format, Args&&... args) const {
    return Corrupt("{}: op {} ({}): {}", rule, op_, program_.Describe(program_.ops[op_]),
                   fmt::format(format, std::forward<Args>(args)...));
  }

  const Value& value(uint32_t index) const { return program_.values[index]; }
  bool DividesSlots(uint64_t count) const { return count != 0 && parameters_.slots() % count == 0; }

  // The parameters of keys of a shape, or null.
  const scheme::Parameters* At(const scheme::KeyShape& shape) {
    const auto [entry, is_new] = shaped_.try_emplace(shape);
    if (is_new) {
      if (auto shaped = parameters_.At(shape); shaped.ok()) entry->second = std::move(shaped).value();
    }
    return entry->second ? &*entry->second : nullptr;
  }

  Status CheckTables() {
    KMRT_RETURN_IF_ERROR(CheckValues());
    KMRT_RETURN_IF_ERROR(CheckKeys());
    KMRT_RETURN_IF_ERROR(CheckNumbers());
    KMRT_RETURN_IF_ERROR(CheckDomains());
    KMRT_RETURN_IF_ERROR(CheckTransforms());
    return CheckInputs();
  }

  Status CheckValues() {
    const int max_level = parameters_.max_level();
    for (size_t i = 0; i < program_.values.size(); ++i) {
      const Value& v = program_.values[i];
      if (v.kind > ValueKind::kTransform)
        return Violation("P2", "value {} is of unknown kind {}", i, static_cast<int>(v.kind));
      if (v.level < 0 || v.level > max_level) {
        return Violation("P2", "value {} is at level {}, 0 to {} expected", i, v.level, max_level);
      }
      if (!(std::isfinite(v.scale) && v.scale > 0)) return Violation("P2", "value {} has scale {}", i, v.scale);
      if (v.kind == ValueKind::kCiphertext && v.parts != 2 && v.parts != 3) {
        return Violation("P2", "value {} is a ciphertext of {} parts, 2 or 3 expected", i, v.parts);
      }
      if (v.kind == ValueKind::kDigits || v.kind == ValueKind::kTransform) {
        const scheme::Parameters* shaped = At(v.shape);
        if (shaped == nullptr || v.level > shaped->max_level()) {
          return Violation("P2", "value {} at level {} is for keys of shape \"{}\", which there are not", i, v.level,
                           v.shape.ToString());
        }
      } else if (v.shape != scheme::KeyShape{}) {
        return Violation("P2", "value {} has a key shape, none expected", i);
      }
    }
    return Status();
  }

  Status CheckKeys() {
    std::set<scheme::KeyId> ids;
    for (size_t i = 0; i < program_.keys.size(); ++i) {
      const Key& key = program_.keys[i];
      uint64_t element = 0;
      switch (key.id.kind) {
        case KeyKind::kRotation:
          element = parameters_.GaloisElement(key.shift);
          if (element == 1) return Violation("P12", "key {} rotates by {} slots, which is no rotation", i, key.shift);
          break;
        case KeyKind::kConjugation:
          element = parameters_.ConjugationElement();
          break;
        case KeyKind::kRelinearization:
          break;
        case KeyKind::kSecretSwitch:
          if (program_.parameters.ephemeral_weight == 0) {
            return Violation("P12", "key {} switches secrets, but there is no ephemeral secret", i);
          }
          element = key.id.galois_element == circuit::kMainToEphemeral ? circuit::kMainToEphemeral
                                                                       : circuit::kEphemeralToMain;
          break;
        default:
          return Violation("P12", "key {} is of unknown kind {}", i, static_cast<int>(key.id.kind));
      }
      if (key.id.galois_element != element) {
        return Violation("P12", "key {} ({}, shift {}) has Galois element {}, {} expected", i, key.id.ToString(),
                         key.shift, key.id.galois_element, element);
      }
      if (key.id.kind != KeyKind::kRotation && key.shift != 0) {
        return Violation("P12", "key {} ({}) has a shift of {}, none expected", i, key.id.ToString(), key.shift);
      }
      if (!ids.insert(key.id).second) return Violation("P12", "key {} ({}) is listed twice", i, key.id.ToString());
      const scheme::Parameters* shaped = At(key.id.shape);
      if (shaped == nullptr) {
        return Violation("P12", "key {} ({}) is of a shape that these parameters do not have", i, key.id.ToString());
      }
      if (key.level < 0 || key.level > shaped->max_level()) {
        return Violation("P13", "key {} is of level {}, 0 to {} expected", i, key.level, shaped->max_level());
      }
      const bool ephemeral = key.id.kind == KeyKind::kSecretSwitch && element == circuit::kMainToEphemeral;
      const scheme::ParameterLiteral& literal = program_.parameters;
      const Status secure =
          scheme::CheckKeySecurity(*shaped, key.level, {ephemeral ? literal.ephemeral_weight : literal.secret_weight});
      if (!secure.ok()) return Violation("P13", "key {} ({}): {}", i, key.id.ToString(), secure.message());
    }
    return Status();
  }

  Status CheckNumbers() {
    for (size_t i = 0; i < program_.weights.size(); ++i) {
      const Weight& weight = program_.weights[i];
      if (weight.name.empty()) return Violation("P16", "weight {} has no name", i);
      if (weight.rows == 0) return Violation("P16", "weight '{}' has no rows", weight.name);
      if (!DividesSlots(weight.columns)) {
        return Violation("P16", "weight '{}' has {} columns, which do not divide N/2 = {}", weight.name, weight.columns,
                         parameters_.slots());
      }
    }
    for (size_t i = 0; i < program_.constants.size(); ++i) {
      const auto& constant = program_.constants[i];
      if (!DividesSlots(constant.size())) {
        return Violation("P16", "constant {} has {} numbers, which do not divide N/2 = {}", i, constant.size(),
                         parameters_.slots());
      }
      if (!std::all_of(constant.begin(), constant.end(), [](double x) { return std::isfinite(x); })) {
        return Violation("P16", "constant {} is not finite", i);
      }
    }
    for (size_t i = 0; i < program_.scalars.size(); ++i) {
      const std::complex<double> scalar = program_.scalars[i];
      if (!std::isfinite(scalar.real()) || !std::isfinite(scalar.imag())) {
        return Violation("P15", "scalar {} is not finite", i);
      }
    }
    return Status();
  }

  Status CheckDomains() {
    for (const Domain& domain : program_.domains) {
      if (domain.value >= program_.values.size() || program_.values[domain.value].kind != ValueKind::kCiphertext) {
        return Violation("P21", "the domain '{}' is of value {}, which is no ciphertext", domain.name, domain.value);
      }
      if (!std::isfinite(domain.low) || !std::isfinite(domain.high) || !(domain.low < domain.high)) {
        return Violation("P21", "the domain '{}' is [{}, {}]", domain.name, domain.low, domain.high);
      }
    }
    return Status();
  }

  Status CheckTransforms() {
    uint64_t diagonals = 0;
    for (size_t i = 0; i < program_.transforms.size(); ++i) {
      const Transform& transform = program_.transforms[i];
      const bool computed = transform.source == DiagonalSource::kDft;
      if (transform.source > DiagonalSource::kDft || transform.form > circuit::LinearTransformForm::kMinimumKey) {
        return Violation("P19", "transform {} is of unknown source ({}) or form ({})", i,
                         static_cast<int>(transform.source), static_cast<int>(transform.form));
      }
      if (!(std::isfinite(transform.scale) && transform.scale > 0) || transform.baby_step < 1) {
        return Violation("P19", "transform {} has scale {} and baby step {}", i, transform.scale, transform.baby_step);
      }
      if (transform.rows.size() != transform.rotations.size() || transform.rows.empty() != computed) {
        return Violation("P19", "transform {} has {} diagonals and {} rotations; {} expected", i, transform.rows.size(),
                         transform.rotations.size(),
                         computed ? "none, as they are computed," : "as many, at least one,");
      }
      diagonals += transform.rows.size();
      if (computed) {
        if (transform.stage.direction > circuit::DftDirection::kSlotToCoeff) {
          return Violation("P19", "transform {}: unknown direction", i);
        }
        if (const Status status = transform.stage.Check(); !status.ok()) {
          return Violation("P19", "transform {}: {}", i, status.message());
        }
        if (!DividesSlots(static_cast<uint64_t>(transform.stage.Period()))) {
          return Violation("P19", "transform {} needs {} slots, there are {}", i, transform.stage.Period(),
                           parameters_.slots());
        }
        diagonals += transform.stage.Rotations().size();
      } else if (transform.stage != circuit::DftStage{}) {
        return Violation("P19", "transform {} has a stage of a DFT, none expected", i);
      }
      if (diagonals > kMostDiagonals) return Violation("P19", "more than {} diagonals in all", kMostDiagonals);
      KMRT_RETURN_IF_ERROR(CheckRows(i, transform));
    }
    return Status();
  }

  Status CheckRows(size_t index, const Transform& transform) {
    const bool weighted = transform.source == DiagonalSource::kWeight;
    if (weighted ? transform.weight >= program_.weights.size() : transform.weight != kNone) {
      return Violation("P19", "transform {} is of weight {}; there are {}", index, transform.weight,
                       weighted ? program_.weights.size() : 0);
    }
    const size_t rows = weighted ? program_.weights[transform.weight].rows : program_.constants.size();
    for (const uint32_t row : transform.rows) {
      if (row >= rows) return Violation("P19", "transform {} takes row {} of {}", index, row, rows);
    }
    return Status();
  }

  Status CheckInputs() {
    for (const Input& input : program_.inputs) {
      if (input.value != defined_ || defined_ >= program_.values.size()) {
        return Violation("P5", "input '{}' is value {}, {} expected (of {} values)", input.name, input.value, defined_,
                         program_.values.size());
      }
      const Value& v = value(input.value);
      if (v.kind != ValueKind::kCiphertext || v.parts != 2) {
        return Violation("P17", "input '{}' is not a ciphertext of two parts", input.name);
      }
      if (!DividesSlots(input.period)) {
        return Violation("P17", "input '{}' has period {}, which does not divide N/2 = {}", input.name, input.period,
                         parameters_.slots());
      }
      if (input.length == 0 || input.length > input.period) {
        return Violation("P17", "input '{}' has {} numbers, 1 to {} expected", input.name, input.length, input.period);
      }
      state_[defined_++] = State::kAlive;
    }
    return Status();
  }

  Status CheckOp(const Op& op) {
    if (static_cast<int>(op.opcode) >= kOpcodes)
      return OpViolation("P3", "opcode {} is unknown", static_cast<int>(op.opcode));
    if (op.location >= program_.locations.size()) {
      return OpViolation("P3", "location {} of {}", op.location, program_.locations.size());
    }
    const Form form = FormOf(op.opcode);
    KMRT_RETURN_IF_ERROR(CheckForm(op, form));
    for (int i = 0; i < form.operands; ++i) KMRT_RETURN_IF_ERROR(CheckOperand(op, form, i));
    if (op.opcode == Opcode::kClear) {
      state_[op.operands[0]] = State::kCleared;
      return Status();
    }
    if (form.key == KeyRole::kLifetime) return CheckLifetime(op);
    KMRT_RETURN_IF_ERROR(CheckResult(op, form));
    if (form.key == KeyRole::kSwitch && op.key != kNone) KMRT_RETURN_IF_ERROR(CheckKeyUse(op, form));
    if (op.opcode == Opcode::kEncode) return CheckEncode(op);
    return Status();
  }

  Status CheckForm(const Op& op, const Form& form) {
    for (int i = 0; i < 2; ++i) {
      if ((op.operands[i] != kNone) != (i < form.operands)) {
        return OpViolation("P4", "takes {} operands; operand {} is {}", form.operands, i,
                           op.operands[i] == kNone ? "missing" : "too many");
      }
    }
    if ((op.result != kNone) != form.result.has_value()) {
      return OpViolation("P4", "{}", form.result ? "the result is missing" : "has a result, none expected");
    }
    if (!(op.key == kNone && MayLackKey(op.opcode)) && (op.key != kNone) != (form.key != KeyRole::kNone)) {
      return OpViolation("P4", "{}", form.key != KeyRole::kNone ? "the key is missing" : "has a key, none expected");
    }
    if (op.key != kNone && op.key >= program_.keys.size()) {
      return OpViolation("P4", "key {} of {}", op.key, program_.keys.size());
    }
    if (op.opcode == Opcode::kEncode) return Status();
    if (op.source != EncodeSource::kWeight || op.rotation != 0) return OpViolation("P4", "has fields of an encode");
    if (op.index != 0 && !TakesScalar(op.opcode) && !IsTransform(op.opcode)) {
      return OpViolation("P4", "has index {}, none expected", op.index);
    }
    if (op.row != 0 && !IsTransform(op.opcode)) return OpViolation("P4", "has row {}, none expected", op.row);
    if (TakesScalar(op.opcode) && op.index >= program_.scalars.size()) {
      return OpViolation("P15", "scalar {} of {}", op.index, program_.scalars.size());
    }
    if (IsTransform(op.opcode) && op.index >= program_.transforms.size()) {
      return OpViolation("P19", "transform {} of {}", op.index, program_.transforms.size());
    }
    return Status();
  }

  Status CheckOperand(const Op& op, const Form& form, int i) {
    const uint32_t operand = op.operands[i];
    if (operand >= state_.size() || state_[operand] == State::kUndefined) {
      return OpViolation("P6", "operand {}, value {}, is used before it is defined", i, operand);
    }
    if (state_[operand] == State::kCleared) {
      return OpViolation("P6", "operand {}, value {}, is used after it was cleared", i, operand);
    }
    if (form.any_kind) return Status();
    if (state_[operand] == State::kUsedUp) {
      return OpViolation("P20", "operand {}, value {}, has been used; a transform goes on from its last step", i,
                         operand);
    }
    const Value& v = value(operand);
    if (v.kind != form.kinds[i]) {
      return OpViolation("P7", "operand {}, value {}, is {}; {} expected", i, operand, KindName(v.kind),
                         KindName(form.kinds[i]));
    }
    if (v.kind != ValueKind::kCiphertext) return Status();
    // Key switching and products work on two parts, relinearization on three; the rest works part by part.
    const bool two = op.opcode == Opcode::kMul || op.opcode == Opcode::kRotate || op.opcode == Opcode::kRotateHoisted ||
                     op.opcode == Opcode::kDecompose || op.opcode == Opcode::kConjugate ||
                     op.opcode == Opcode::kSwitchSecret || op.opcode == Opcode::kBeginTransform;
    if ((two && v.parts != 2) || (op.opcode == Opcode::kRelinearize && v.parts != 3)) {
      return OpViolation("P7", "operand {}, value {}, has {} parts, {} expected", i, operand, v.parts, two ? 2 : 3);
    }
    return Status();
  }

  Status CheckResult(const Op& op, const Form& form) {
    if (op.result != defined_ || defined_ >= program_.values.size()) {
      return OpViolation("P5", "the result is value {}, {} expected (of {} values)", op.result, defined_,
                         program_.values.size());
    }
    const Value& r = value(op.result);
    if (r.kind != *form.result) {
      return OpViolation("P7", "the result is {}, {} expected", KindName(r.kind), KindName(*form.result));
    }
    state_[defined_++] = State::kAlive;
    if (op.opcode == Opcode::kEncode) return Status();
    if (IsTransform(op.opcode)) KMRT_RETURN_IF_ERROR(CheckTransform(op));

    const Value& a = value(op.operands[0]);
    const Value* b = form.operands == 2 ? &value(op.operands[1]) : nullptr;
    const bool sum = op.opcode == Opcode::kAdd || op.opcode == Opcode::kSub;
    const bool sum_plain = op.opcode == Opcode::kAddPlain || op.opcode == Opcode::kSubPlain;
    if (r.kind == ValueKind::kCiphertext) {
      if (op.opcode == Opcode::kMulScalarAdd && b->parts > a.parts) {
        return OpViolation("P7", "the operands have {} and {} parts", a.parts, b->parts);
      }
      int parts = a.parts;
      if (sum) parts = std::max(a.parts, b->parts);
      if (op.opcode == Opcode::kMul) parts = 3;
      if (op.opcode == Opcode::kRelinearize || op.opcode == Opcode::kFinishTransform) parts = 2;
      if (r.parts != parts) return OpViolation("P7", "the result has {} parts, {} expected", r.parts, parts);
    }

    if (b != nullptr && a.level != b->level) {
      return OpViolation("P8", "the operands are at levels {} and {}", a.level, b->level);
    }
    if (op.opcode == Opcode::kLevelReduce) {
      if (r.level >= a.level) return OpViolation("P8", "leads from level {} to {}", a.level, r.level);
    } else if (op.opcode == Opcode::kModRaise) {
      if (a.level != 0 || r.level == 0) return OpViolation("P8", "leads from level {} to {}", a.level, r.level);
    } else {
      const int level = op.opcode == Opcode::kRescale ? a.level - 1 : a.level;
      if (r.level != level) return OpViolation("P8", "the result is at level {}, {} expected", r.level, level);
    }

    if ((sum || sum_plain) && !Near(a.scale, b->scale, kSumTolerance)) {
      return OpViolation("P9", "the operands have scales {} and {}", a.scale, b->scale);
    }
    double scale = a.scale;
    if (op.opcode == Opcode::kMul || op.opcode == Opcode::kMulPlain) scale *= b->scale;
    if (op.opcode == Opcode::kRescale) scale /= static_cast<double>(parameters_.modulus(a.level));
    if (op.opcode == Opcode::kMulScalar) scale = r.scale;
    if (op.opcode == Opcode::kBeginTransform) scale *= program_.transforms[op.index].scale;
    if (!Near(r.scale, scale, kScaleTolerance)) {
      return OpViolation("P9", "the result has scale {}, {} expected", r.scale, scale);
    }

    if (op.opcode == Opcode::kDecompose) decomposed_[op.result] = op.operands[0];
    if (op.opcode == Opcode::kRotateHoisted && decomposed_[op.operands[1]] != op.operands[0]) {
      return OpViolation("P10", "value {} holds the digits of value {}, not of value {}", op.operands[1],
                         decomposed_[op.operands[1]], op.operands[0]);
    }
    return Status();
  }

  // Where the transform is. Its plan is made when it is first begun.
  Status CheckTransform(const Op& op) {
    UnderWay now{op.index, 0, op.operands[0]};
    if (op.opcode == Opcode::kBeginTransform) {
      if (!plans_[op.index]) {
        auto plan = program_.PlanOf(op.index, parameters_.slots());
        if (!plan.ok()) return OpViolation("P19", "transform {}: {}", op.index, plan.status().message());
        plans_[op.index] = std::move(plan).value();
      }
    } else {
      now = under_way_[op.operands[0]];
      state_[op.operands[0]] = State::kUsedUp;
    }
    if (now.transform != op.index) {
      return OpViolation("P20", "is of transform {}, value {} of transform {}", op.index, op.operands[0],
                         now.transform);
    }
    const LinearTransformStep& step = plans_[op.index]->steps[now.steps];
    if (op.opcode != OpcodeOf(step.kind) || op.row != now.steps || (op.key == kNone) != (step.shift == 0)) {
      return OpViolation("P20", "step {} {} a key; transform {} goes on with step {}, {} by {} slots", op.row,
                         op.key == kNone ? "without" : "with", op.index, now.steps, OpcodeName(OpcodeOf(step.kind)),
                         step.shift);
    }
    if (op.opcode == Opcode::kBabyStep && op.operands[1] != now.input) {
      return OpViolation("P20", "is of value {}, the transform was begun with value {}", op.operands[1], now.input);
    }
    if (op.opcode == Opcode::kFinishTransform) return Status();
    if (op.opcode != Opcode::kBeginTransform && value(op.result).shape != value(op.operands[0]).shape) {
      return OpViolation("P20", "the result is for keys of shape \"{}\", the operand of shape \"{}\"",
                         value(op.result).shape.ToString(), value(op.operands[0]).shape.ToString());
    }
    under_way_[op.result] = {op.index, now.steps + 1, now.input};
    return Status();
  }

  Status CheckLifetime(const Op& op) {
    const bool load = op.opcode == Opcode::kLoadKey;
    if (key_alive_[op.key] == load) {
      return OpViolation("P11", "key {} ({}) {}", op.key, program_.keys[op.key].id.ToString(),
                         load ? "is loaded already" : "is not loaded");
    }
    key_alive_[op.key] = load;
    return Status();
  }

  Status CheckKeyUse(const Op& op, const Form& form) {
    const Key& key = program_.keys[op.key];
    if (key.id.kind != form.key_kind) {
      return OpViolation("P12", "key {} is of the wrong kind ({})", op.key, key.id.ToString());
    }
    if (!key_alive_[op.key]) {
      return OpViolation("P11", "key {} ({}) is used outside its lifetime", op.key, key.id.ToString());
    }
    if (op.opcode == Opcode::kRotateHoisted && value(op.operands[1]).shape != key.id.shape) {
      return OpViolation("P10", "key {} ({}); value {} holds digits for keys of shape \"{}\"", op.key,
                         key.id.ToString(), op.operands[1], value(op.operands[1]).shape.ToString());
    }
    if (IsTransform(op.opcode)) {
      const int64_t shift = plans_[op.index]->steps[op.row].shift;
      const scheme::KeyShape& shape = value(op.result).shape;
      if (key.id.galois_element != parameters_.GaloisElement(shift) || key.id.shape != shape) {
        return OpViolation("P20", "key {} ({}); a rotation by {} slots with a key of shape \"{}\" expected", op.key,
                           key.id.ToString(), shift, shape.ToString());
      }
    }
    const int level = value(op.operands[0]).level;
    if (key.level < level) {
      return OpViolation("P13", "key {} ({}) is of level {}, used at level {}", op.key, key.id.ToString(), key.level,
                         level);
    }
    if (op.key > keys_used_) {
      return OpViolation("P14", "key {} is used before key {}: keys are listed in order of first use", op.key,
                         keys_used_);
    }
    if (op.key == keys_used_) ++keys_used_;
    return Status();
  }

  Status CheckEncode(const Op& op) {
    if (op.source == EncodeSource::kConstant) {
      if (op.index >= program_.constants.size() || op.row != 0) {
        return OpViolation("P15", "row {} of constant {}; there are {} constants, of one row", op.row, op.index,
                           program_.constants.size());
      }
      return Status();
    }
    if (op.source != EncodeSource::kWeight) {
      return OpViolation("P3", "the source {} is unknown", static_cast<int>(op.source));
    }
    if (op.index >= program_.weights.size()) {
      return OpViolation("P15", "weight {} of {}", op.index, program_.weights.size());
    }
    if (op.row >= program_.weights[op.index].rows) {
      return OpViolation("P15", "row {} of weight '{}', which has {}", op.row, program_.weights[op.index].name,
                         program_.weights[op.index].rows);
    }
    return Status();
  }

  Status CheckEnd() const {
    if (defined_ != program_.values.size()) return Violation("P5", "value {} is never defined", defined_);
    for (size_t i = 0; i < key_alive_.size(); ++i) {
      if (key_alive_[i]) return Violation("P11", "key {} ({}) is never cleared", i, program_.keys[i].id.ToString());
    }
    if (keys_used_ != program_.keys.size()) return Violation("P14", "key {} is never used", keys_used_);
    if (program_.outputs.empty()) return Violation("P18", "the program has no output");
    for (const Output& output : program_.outputs) {
      if (output.value >= state_.size() || state_[output.value] != State::kAlive) {
        return Violation("P18", "output '{}', value {}, does not exist at the end", output.name, output.value);
      }
      const Value& v = value(output.value);
      if (v.kind != ValueKind::kCiphertext || v.parts != 2) {
        return Violation("P18", "output '{}' is not a ciphertext of two parts", output.name);
      }
      if (output.length == 0 || output.length > parameters_.slots()) {
        return Violation("P18", "output '{}' has {} numbers, 1 to {} expected", output.name, output.length,
                         parameters_.slots());
      }
    }
    return Status();
  }

  const Program& program_;
  const scheme::Parameters& parameters_;
  std::vector<State> state_;
  std::vector<uint32_t> decomposed_;  // of digits: the ciphertext
  std::vector<UnderWay> under_way_;   // of transforms
  std::vector<std::optional<LinearTransformPlan>> plans_;
  std::map<scheme::KeyShape, std::optional<scheme::Parameters>> shaped_;
  std::vector<bool> key_alive_;
  uint32_t defined_ = 0;    // values defined so far
  uint32_t keys_used_ = 0;  // distinct keys used so far
  size_t op_ = 0;
};

}  // namespace

Status Verify(const Program& program) {
  const auto parameters = program.CheckedParameters();
  if (!parameters.ok()) return Corrupt("P1: {}", parameters.status().message());
  return Checker(program, *parameters).Run();
}

}  // namespace keymemrt::program
