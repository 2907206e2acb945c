// SPDX-License-Identifier: Apache-2.0
// Straight-line CKKS programs in HEIR's syntax for tests: written line by line or at random, with
// the numbers to run them on.
#pragma once

#include "scheme/parameters.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace keymemrt::compiler {

/// N = 2^10 with `levels` primes of 30 bits above q_0: for programs whose arithmetic is not that of
/// the scheme.
scheme::ParameterLiteral insecureTestParameters(int levels);

struct TestProgram {
  std::string text;
  /// One vector for each function argument: the period of a ciphertext, the rows of a tensor.
  std::vector<std::vector<double>> arguments;
  /// Of each ciphertext argument: how many of its numbers are the input; the rest is zero.
  std::vector<size_t> lengths;
};

/// Builds the one function of a module. Values are named by the strings that operations return. All
/// types of ciphertexts claim the top level and the default scale: that is not to be believed.
class ProgramText {
public:
  explicit ProgramText(const scheme::ParameterLiteral &parameters);

  size_t slots() const { return slotCount; }
  std::string ciphertext(const std::vector<double> &numbers, size_t period);
  /// A tensor of `rows` rows; 0: a vector.
  std::string weights(size_t rows, const std::vector<double> &numbers);
  std::string constant(size_t rows, const std::vector<double> &numbers);
  std::string encode(const std::string &vector, size_t columns);
  std::string transform(const std::string &x, const std::string &diagonals, size_t columns,
                        const std::vector<int32_t> &indices);
  /// "ckks.add" and the like.
  std::string binary(const std::string &op, const std::string &a, const std::string &b);
  std::string plain(const std::string &op, const std::string &ciphertext,
                    const std::string &plaintext, bool plainFirst);
  std::string unary(const std::string &op, const std::string &x);
  std::string rotate(const std::string &x, int64_t shift, bool dynamic);
  std::string mul(const std::string &a, const std::string &b); // with relinearization
  std::string rescale(const std::string &x);
  std::string series(const std::string &x, const std::vector<double> &coefficients, double low,
                     double high);
  std::string bootstrap(const std::string &x);
  std::string levelReduce(const std::string &x, int levels);
  /// Appends a line to the body.
  void line(const std::string &text);

  TestProgram finish(const std::vector<std::string> &results);

private:
  std::string fresh() { return "%v" + std::to_string(next++); }

  std::string header;
  std::string moduleAttributes;
  std::string body;
  std::vector<std::string> parameterList;
  TestProgram program;
  size_t slotCount;
  int next = 0;
};

/// About `size` operations on up to three inputs: rotations by any amount, sparse and dense
/// transforms, products with and without rescales, sums of what differs in level and scale,
/// plaintexts in either order. Needs `levels` of at least 12.
TestProgram randomProgram(std::mt19937_64 &random, const scheme::ParameterLiteral &parameters,
                          int size);

/// `size` loops, branches and operations, nested: scf and affine, with bounds, conditions, shifts
/// and rows that depend on induction variables; shifts of any sign; loops that never run; products
/// and transforms by odd numbers of diagonals anywhere. With `tensors`, some loops carry two
/// ciphertexts in a tensor. Takes as many levels as there are, needs at least 5.
TestProgram randomLoopProgram(std::mt19937_64 &random, const scheme::ParameterLiteral &parameters,
                              int size, bool tensors);

} // namespace keymemrt::compiler
