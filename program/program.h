// SPDX-License-Identifier: Apache-2.0
//
// A compiled program: a straight line of operations on ciphertexts, with every encoding, key lifetime and last use
// spelled out. Compiler and runtime meet here and nowhere else. The file format is program.fbs; this is the same in
// memory.
//
// Values are numbered in order of definition and defined once. Levels and scales are exact facts, fixed at compile
// time: the runtime checks them, it does not choose.
//
// Nothing large happens in one operation: an operation uses one key at most. Bootstrapping is mod_raise between two
// switches of the secret, then linear transforms and a polynomial as any others (circuit/bootstrap_plan.h); a linear
// transform is one operation for each of its rotations (Transform).
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "circuit/dft.h"
#include "circuit/linear_transform_plan.h"
#include "scheme/parameters.h"

namespace keymemrt::program {

inline constexpr uint32_t kNone = 0xffffffff;

enum class ValueKind : uint8_t { kCiphertext = 0, kPlaintext = 1, kDigits = 2, kTransform = 3 };

struct Value {
  ValueKind kind = ValueKind::kCiphertext;
  int32_t level = 0;  // limbs q_0..q_level
  // Of ciphertexts and plaintexts; of digits: their ciphertext's; of a transform under way: its result's.
  double scale = 1;
  int32_t parts = 2;            // of ciphertexts: 2, or 3 before relinearization
  scheme::KeyShape shape = {};  // of digits and transforms: that of the keys they are for; plain for the others

  bool operator==(const Value&) const = default;
};

// Operands are values in the order given. `key`: the operation uses one, of the shape that the key has.
enum class Opcode : uint8_t {
  kEncode = 0,          // result: plaintext; source, index, row, rotation say of what
  kAdd = 1,             // ciphertext, ciphertext; of three parts when one of them is
  kSub = 2,             // ciphertext, ciphertext; likewise
  kNegate = 3,          // ciphertext
  kAddPlain = 4,        // ciphertext, plaintext
  kSubPlain = 5,        // ciphertext, plaintext
  kMulPlain = 6,        // ciphertext, plaintext
  kMul = 7,             // ciphertext, ciphertext -> three parts
  kRelinearize = 8,     // ciphertext of three parts; key
  kRescale = 9,         // ciphertext; one level down
  kLevelReduce = 10,    // ciphertext; down to the result's level
  kRotate = 11,         // ciphertext; key
  kDecompose = 12,      // ciphertext -> digits, for keys of the result's shape
  kRotateHoisted = 13,  // ciphertext, digits; key
  kLoadKey = 14,        // key's lifetime begins
  kClearKey = 15,       // key's lifetime ends
  kClear = 16,          // value's lifetime ends

  // Every slot times scalars[index], at the result's scale: by the Gaussian integer nearest to scalar * result scale /
  // operand scale. So a multiplication by i has no error, and one by 1 that raises the scale by an integer has none.
  kMulScalar = 17,     // ciphertext
  kMulScalarAdd = 18,  // ciphertext a, ciphertext b of no more parts: a + b * scalars[index], at a's scale
  kAddScalar = 19,     // ciphertext; scalars[index] added to every slot
  kConjugate = 20,     // ciphertext; key: the complex conjugate of every slot
  // ciphertext; key: the same message under the secret that the key leads to. What is under the ephemeral secret meets
  // nothing that is not.
  kSwitchSecret = 21,
  // ciphertext at level 0, to the result's level: its integers modulo q_0, modulo more primes. Decrypts to the message
  // plus a multiple of q_0 in every coefficient, which what follows has to remove: the beginning of a bootstrap, and by
  // which bootstraps are counted.
  kModRaise = 22,

  // A linear transform, transforms[index]: one operation for each step of its plan (circuit::LinearTransformStep),
  // `row` says which of plan.steps, in their order. A step takes the value that the one before gave and uses it up; it
  // has a key exactly when its shift is not 0.
  kBeginTransform = 23,   // ciphertext -> transform, for keys of the result's shape
  kBabyStep = 24,         // transform, its ciphertext -> transform; key: a rotation of the ciphertext
  kGiantStep = 25,        // transform -> transform; key: a rotation of a sum of products
  kFinishTransform = 26,  // transform -> ciphertext, not rescaled
};
inline constexpr int kOpcodes = 27;
const char* OpcodeName(Opcode opcode);  // "rotate_hoisted"; "unknown" for a number that is none

// What an encode encodes: a vector of doubles, rotated left by `rotation`, repeated cyclically through the slots.
enum class EncodeSource : uint8_t {
  kWeight = 0,    // row `row` of weights[index]
  kConstant = 1,  // constants[index]
};

struct Op {
  Opcode opcode = Opcode::kClear;
  uint32_t result = kNone;                      // value
  uint32_t operands[2] = {kNone, kNone};        // values
  uint32_t key = kNone;                         // index into keys: of the key operations
  EncodeSource source = EncodeSource::kWeight;  // of an encode
  uint32_t index = 0;    // of an encode: of the weight or constant; else of the scalar or transform
  uint32_t row = 0;      // of an encode: of the weight; of a transform: index into its plan's steps
  int32_t rotation = 0;  // of an encode
  // Where in the user's model the operation comes from: index into locations ("mlp.mlir:17:5").
  uint32_t location = 0;

  bool operator==(const Op&) const = default;
};

// A switching key that the program needs. Keys are listed in order of first use.
struct Key {
  // With its shape. Secret switches are numbered as in circuit/bootstrap_plan.h: 1 leads from the main secret to the
  // ephemeral one, 2 back.
  scheme::KeyId id;
  int32_t shift = 0;  // of a rotation key: slots to the left
  int32_t level = 0;  // highest level at which it is used

  bool operator==(const Key&) const = default;
};

// An encrypted argument. The logical input of `length` numbers is zero-padded to `period` (which divides N/2) and
// repeated cyclically through the slots.
struct Input {
  std::string name;
  uint32_t value = 0;
  uint32_t length = 0;
  uint32_t period = 0;

  bool operator==(const Input&) const = default;
};

// A result: the first `length` slots of `value`.
struct Output {
  std::string name;
  uint32_t value = 0;
  uint32_t length = 0;

  bool operator==(const Output&) const = default;
};

// A cleartext argument: an array of `rows` x `columns` numbers in the weights file under `name`; columns divide N/2.
struct Weight {
  std::string name;
  uint32_t rows = 0;
  uint32_t columns = 0;

  bool operator==(const Weight&) const = default;
};

enum class DiagonalSource : uint8_t {
  kWeight = 0,    // rows of weights[weight]
  kConstant = 1,  // constants
  kDft = 2,       // computed: a stage of CoeffToSlot or SlotToCoeff
};

// A linear transform y = sum_i diagonal_i (*) rotl(x, rotations[i]), carried out as
//   LinearTransformPlan::Make(rotations, N/2, form, baby_step)
// says, with its diagonals encoded at `scale` when a step needs them and gone after it. The operations that carry it
// out give it level and key shape; any number of them may name the same transform.
struct Transform {
  DiagonalSource source = DiagonalSource::kWeight;
  uint32_t weight = kNone;         // kWeight: which one; kNone else
  std::vector<uint32_t> rows;      // diagonal by diagonal: row of the weight, or index of the constant; kDft: none
  std::vector<int64_t> rotations;  // as many, to the left, of any sign; kDft: none, they follow from the stage
  circuit::DftStage stage = {};    // kDft
  circuit::LinearTransformForm form = circuit::LinearTransformForm::kDoubleHoisted;
  int64_t baby_step = 1;  // at least 1: what a file means does not depend on how baby steps are chosen
  double scale = 1;       // of the encoded diagonals; the result's scale is the operand's times this

  bool operator==(const Transform&) const = default;
};

// Where a series is evaluated: slots of `value` outside [low, high] give numbers that mean nothing. An encrypted run
// cannot see them; the evaluation on doubles does (program/cleartext.h).
struct Domain {
  std::string name;  // the layer's, or the place in the user's model
  uint32_t value = 0;
  double low = -1, high = 1;

  bool operator==(const Domain&) const = default;
};

struct Program {
  std::string name;  // of the compiled function
  scheme::ParameterLiteral parameters;
  bool insecure = false;  // compiled with --insecure: parameters above the 128-bit bound are accepted
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Weight> weights;
  std::vector<std::vector<double>> constants;
  std::vector<std::complex<double>> scalars;
  std::vector<Transform> transforms;
  std::vector<Key> keys;
  std::vector<Value> values;
  std::vector<Op> ops;
  std::vector<std::string> locations;
  std::vector<Domain> domains;

  // Parameters::Create with the security that the program was compiled for.
  Result<scheme::Parameters> CheckedParameters() const;
  // How transforms[index] is carried out in a ring of `slots` = N/2. kInvalidArgument: LinearTransformPlan::Make's.
  Result<circuit::LinearTransformPlan> PlanOf(uint32_t index, size_t slots) const;
  // "mlp.mlir:17:5: rotate": for messages.
  std::string Describe(const Op& op) const;

  bool operator==(const Program&) const = default;
};

// Checks everything that the runtime relies on; see verify.cpp for the numbered rules. kCorrupt, naming rule and op.
Status Verify(const Program& program);

// The .kmrt file: verified, then written atomically (an invalid program is not written: Verify's status); on reading,
// the checksum, the FlatBuffers structure and Verify's rules are checked, so that what Read returns can be run. Read:
// kCorrupt names the file and what is wrong; kInvalidArgument: no such file.
Status Write(const Program& program, const std::string& path);
Result<Program> Read(const std::string& path);
// The same on bytes in memory (tests, fuzzers).
std::vector<std::byte> Serialize(const Program& program);
Result<Program> Deserialize(std::span<const std::byte> bytes);

}  // namespace keymemrt::program
