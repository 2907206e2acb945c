// SPDX-License-Identifier: Apache-2.0
//
// Programs for tests, written as arithmetic: the builder works out levels, scales, the key list, key lifetimes and last
// uses. It checks nothing; Verify does. Not linked into anything that is installed.
#pragma once

#include <complex>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "circuit/bootstrap_plan.h"
#include "program/program.h"

namespace keymemrt::program {

class ProgramBuilder {
 public:
  // `literal` must be acceptable parameters; the program is `insecure` when they are above the 128-bit bound.
  explicit ProgramBuilder(scheme::ParameterLiteral literal, std::string name = "test");

  const scheme::Parameters& parameters() const { return parameters_; }
  const Value& value(uint32_t id) const { return program_.values[id]; }

  // Inputs come before any operation: highest level, default scale.
  uint32_t Input(std::string name, uint32_t length, uint32_t period);
  uint32_t Weight(std::string name, uint32_t rows, uint32_t columns);  // -> index
  uint32_t Constant(std::vector<double> values);                       // -> index
  void Output(std::string name, uint32_t value, uint32_t length);

  uint32_t EncodeWeight(uint32_t index, uint32_t row, int32_t rotation, int32_t level, double scale);
  uint32_t EncodeConstant(uint32_t index, int32_t rotation, int32_t level, double scale);
  uint32_t Add(uint32_t a, uint32_t b) { return Binary(Opcode::kAdd, a, b, value(a).scale); }
  uint32_t Sub(uint32_t a, uint32_t b) { return Binary(Opcode::kSub, a, b, value(a).scale); }
  uint32_t AddPlain(uint32_t a, uint32_t b) { return Binary(Opcode::kAddPlain, a, b, value(a).scale); }
  uint32_t SubPlain(uint32_t a, uint32_t b) { return Binary(Opcode::kSubPlain, a, b, value(a).scale); }
  uint32_t MulPlain(uint32_t a, uint32_t b) { return Binary(Opcode::kMulPlain, a, b, value(a).scale * value(b).scale); }
  uint32_t Mul(uint32_t a, uint32_t b);  // three parts
  uint32_t Negate(uint32_t a);
  uint32_t MulScalar(uint32_t a, std::complex<double> scalar, double scale);
  uint32_t MulScalarAdd(uint32_t a, uint32_t b, std::complex<double> scalar);
  uint32_t AddScalar(uint32_t a, std::complex<double> scalar);
  // What uses keys: of `shape`.
  uint32_t Relinearize(uint32_t a, scheme::KeyShape shape = {});
  uint32_t Rescale(uint32_t a);
  uint32_t LevelReduce(uint32_t a, int32_t level);
  uint32_t Rotate(uint32_t a, int32_t shift, scheme::KeyShape shape = {});
  uint32_t Decompose(uint32_t a, scheme::KeyShape shape = {});
  uint32_t RotateHoisted(uint32_t a, uint32_t digits, int32_t shift);  // keys of the digits' shape
  uint32_t Conjugate(uint32_t a, scheme::KeyShape shape = {});
  uint32_t SwitchSecret(uint32_t a, uint64_t number, scheme::KeyShape shape = {});
  uint32_t ModRaise(uint32_t a, int32_t level);
  uint32_t Transform(program::Transform transform);  // -> index, of the same one if there is
  // All steps.
  uint32_t ApplyTransform(uint32_t a, uint32_t index, scheme::KeyShape shape = {});

  // The program, with every value but the outputs cleared after its last use and a key's lifetime kept open over at
  // most `merge_window` operations that do not use it (0: load, use, clear). The builder is done with then.
  Program Finish(uint32_t merge_window = 0);

 private:
  uint32_t Define(Op op, Value value);
  uint32_t Binary(Opcode opcode, uint32_t a, uint32_t b, double scale);
  uint32_t KeyFor(scheme::KeyId id, int32_t shift, int32_t level);
  uint32_t RotationKeyFor(int32_t shift, scheme::KeyShape shape, int32_t level);
  uint32_t Scalar(std::complex<double> scalar);  // -> index

  scheme::Parameters parameters_;
  Program program_;
  std::map<scheme::KeyId, uint32_t> keys_;
};

// x bootstrapped as the plan says, which is the builder's parameters'. REQUIRES: x of two parts at the plan's input
// scale.
uint32_t Bootstrap(ProgramBuilder& builder, const circuit::BootstrapPlan& plan, uint32_t x);

struct RandomProgramOptions {
  int log_n = 11;  // 13 with the defaults below is 128-bit secure
  int levels = 3;  // rescales possible
  int special_primes = 1;
  int steps = 24;             // of arithmetic, each a few operations
  uint32_t merge_window = 0;  // as in Finish
  bool transforms = true;     // linear ones, in all forms and of all sources, with keys of shapes
};

// A program that Verify accepts and whose values, for inputs and weights in [-1, 1], stay far below the modulus; it
// uses sums, plain operations, rotations, hoisted rotations, products (relinearized at once or after a sum) and level
// drops, with keys used again and at several levels. A function of seed and options only.
Program RandomProgram(uint64_t seed, const RandomProgramOptions& options = {});

// 200 rotations in eight layers, one level each: per layer 8 hoisted ones of its input and 17 of products with
// constants, which are summed. 50 rotation keys; each layer needs half of them, the next one the other half.
// `spare_levels` remain at the end. 128-bit secure at log_n = 15 with up to 9 spare levels, at 16 with 24. Values stay
// below 8.
Program SyntheticProgram(int log_n, int spare_levels);

// The shape of LeNet on an image of up to 32 x 32: convolutions of 5 x 5 with 4 and then 8 channels, each followed by
// squares and pooling, then a dense layer; a channel is a ciphertext. 256 key switches with 56 keys, 926 plaintexts.
// 128-bit secure at log_n = 14 and above.
Program CnnProgram(int log_n);

// Parameters as RandomProgram takes them: q_0 of 50 bits, `levels` primes of 35, special primes of 51, scale 2^35.
scheme::ParameterLiteral TestParameters(int log_n, int levels, int special_primes = 1);

// With an ephemeral secret and levels for one bootstrap to level 3 with two stages each way and the plan's defaults.
scheme::ParameterLiteral BootstrapParameters(int log_n);

// Numbers in [-1, 1], a function of the arguments: one vector per input, and weight rows.
std::vector<std::vector<double>> RandomInputs(const Program& program, uint64_t seed);
void RandomWeightRow(uint64_t seed, uint32_t index, uint32_t row, std::span<double> out);

}  // namespace keymemrt::program
