// SPDX-License-Identifier: Apache-2.0
//
// A compiled program: a straight line of operations on ciphertexts, with every encoding, key lifetime and last use
// spelled out. Compiler and runtime meet here and nowhere else. The file format is program.fbs; this is the same in
// memory.
//
// Values are numbered in order of definition and defined once. Levels and scales are exact facts, fixed at compile
// time: the runtime checks them, it does not choose.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "scheme/parameters.h"

namespace keymemrt::program {

inline constexpr uint32_t kNone = 0xffffffff;

enum class ValueKind : uint8_t { kCiphertext = 0, kPlaintext = 1, kDigits = 2 };

struct Value {
  ValueKind kind = ValueKind::kCiphertext;
  int32_t level = 0;  // limbs q_0..q_level
  double scale = 1;   // of ciphertexts and plaintexts; of digits: their ciphertext's
  int32_t parts = 2;  // of ciphertexts: 2, or 3 before relinearization

  bool operator==(const Value&) const = default;
};

enum class Opcode : uint8_t {
  kEncode = 0,          // result: plaintext; source, index, row, rotation say of what
  kAdd = 1,             // ciphertext, ciphertext
  kSub = 2,             // ciphertext, ciphertext
  kNegate = 3,          // ciphertext
  kAddPlain = 4,        // ciphertext, plaintext
  kSubPlain = 5,        // ciphertext, plaintext
  kMulPlain = 6,        // ciphertext, plaintext
  kMul = 7,             // ciphertext, ciphertext -> three parts
  kRelinearize = 8,     // ciphertext of three parts; key
  kRescale = 9,         // ciphertext; one level down
  kLevelReduce = 10,    // ciphertext; down to the result's level
  kRotate = 11,         // ciphertext; key
  kDecompose = 12,      // ciphertext -> digits
  kRotateHoisted = 13,  // ciphertext, digits; key
  kLoadKey = 14,        // key's lifetime begins
  kClearKey = 15,       // key's lifetime ends
  kClear = 16,          // value's lifetime ends
};
inline constexpr int kOpcodes = 17;
const char* OpcodeName(Opcode opcode);  // "rotate_hoisted"; "unknown" for a number that is none

// What an encode encodes: a vector of doubles, rotated left by `rotation`, repeated cyclically through the slots.
enum class EncodeSource : uint8_t {
  kWeight = 0,    // row `row` of weights[index]
  kConstant = 1,  // constants[index]
};

struct Op {
  Opcode opcode = Opcode::kClear;
  uint32_t result = kNone;                // value
  uint32_t operands[2] = {kNone, kNone};  // values
  uint32_t key = kNone;                   // index into keys: of the key operations
  // Encode only.
  EncodeSource source = EncodeSource::kWeight;
  uint32_t index = 0;
  uint32_t row = 0;
  int32_t rotation = 0;
  // Where in the user's model the operation comes from: index into locations ("mlp.mlir:17:5").
  uint32_t location = 0;

  bool operator==(const Op&) const = default;
};

// A switching key that the program needs. Keys are listed in order of first use.
struct Key {
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

struct Program {
  std::string name;  // of the compiled function
  scheme::ParameterLiteral parameters;
  bool insecure = false;  // compiled with --insecure: parameters above the 128-bit bound are accepted
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Weight> weights;
  std::vector<std::vector<double>> constants;
  std::vector<Key> keys;
  std::vector<Value> values;
  std::vector<Op> ops;
  std::vector<std::string> locations;

  // Parameters::Create with the security that the program was compiled for.
  Result<scheme::Parameters> CheckedParameters() const;
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
