// SPDX-License-Identifier: Apache-2.0
//
// The spelling of HEIR's CKKS-level IR, variant A: types behind aliases, one operation a line.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "circuit/chebyshev.h"
#include "scheme/parameters.h"

namespace keymemrt::frontend {

// A value of the function under construction: its name and what its type says.
struct Ciphertext {
  std::string name;   // "%ct_3"
  int level = 0;      // limbs - 1
  int log_scale = 0;  // log2 of the scale, as HEIR counts it: rounded to whole bits
  int size = 2;       // polynomials
};

// A tensor argument.
struct WeightArgument {
  std::string name;  // "%arg0"
  std::string type;  // "tensor<128x4096xf64>"
  size_t row = 0, column = 0;
};

// What is returned: a ciphertext, and how many of its first slots are outputs.
struct ResultText {
  Ciphertext value;
  size_t length = 0;
};

// Builds one function. Every operation appends a line and returns its result. With a sparse secret
// the program is one with bootstraps, which the compiler places: then all types have the top level (the compiler
// believes no levels in types). REQUIRES: else a level is left whenever an operation uses one up; `parameters` outlives
// the builder.
class ModuleText {
 public:
  // `slots`: of weight vectors and diagonals, which repeat with it; a power of two, at most those of a ciphertext.
  ModuleText(const scheme::Parameters& parameters, size_t slots);

  // A ciphertext argument, at the highest level and the default scale.
  Ciphertext Input(size_t length, size_t period);
  // Of the layer's block (row, column). diagonals == 0: a vector of slots. `level`: that of the ciphertext it meets.
  WeightArgument Weights(const std::string& layer, const std::string& role, size_t row, size_t column, size_t diagonals,
                         int level);

  // Uses up the level of its argument: the rescale is implied.
  Ciphertext LinearTransform(const Ciphertext& x, const WeightArgument& diagonals, std::span<const int64_t> indices);
  Ciphertext RotateAndAdd(const Ciphertext& x, int64_t left_shift);
  Ciphertext AddVector(const Ciphertext& x, const WeightArgument& vector);
  Ciphertext Add(const Ciphertext& x, const Ciphertext& y);       // at the lower of their levels
  Ciphertext Multiply(const Ciphertext& x, const Ciphertext& y);  // likewise; relinearized and rescaled
  // `layer`: the activation's name, for messages.
  Ciphertext Chebyshev(const Ciphertext& x, const circuit::ChebyshevSeries& series, const std::string& layer);

  // The module, with `results` returned, at least one.
  std::string Finish(const std::string& function_name, std::span<const ResultText> results);

 private:
  Ciphertext ReduceTo(const Ciphertext& x, int level);
  Ciphertext NewCiphertext(int level, int log_scale, int size);
  // Aliases, defined (with what they need) on first use.
  void Define(const std::string& alias, const std::string& value);
  std::string Type(const Ciphertext& x);
  std::string PlaintextType(int log_scale);
  std::string Encoding(int log_scale);
  std::string Ring(int level);
  std::string PlainRing() const;

  // What is in the type of a result `levels` below this level.
  int Below(int level, int levels) const { return parameters_.literal().secret_weight != 0 ? level : level - levels; }

  const scheme::Parameters& parameters_;
  const size_t slots_;
  std::string aliases_;
  std::set<std::string> defined_;
  std::vector<std::string> arguments_;
  std::string body_;
  int next_value_ = 0;
  int next_input_ = 0;
  int next_weights_ = 0;
};

}  // namespace keymemrt::frontend
