// SPDX-License-Identifier: Apache-2.0
//
// For tests: an interpreter of the text that the packer emits, on plain doubles with rotations done the naive way.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "circuit/chebyshev.h"
#include "frontend/network/graph.h"
#include "frontend/tensors/weight_file.h"

namespace keymemrt::frontend {

using Slots = std::vector<double>;

inline Slots RotateLeft(const Slots& x, int64_t shift) {
  const int64_t size = static_cast<int64_t>(x.size());
  Slots y(x.size());
  for (int64_t i = 0; i < size; ++i)
    y[static_cast<size_t>(i)] = x[static_cast<size_t>(((i + shift) % size + size) % size)];
  return y;
}

inline Slots FillPeriodically(Slots values, size_t period, size_t slots) {
  values.resize(period);
  Slots out(slots);
  for (size_t i = 0; i < slots; ++i) out[i] = values[i % period];
  return out;
}

// Runs the emitted function as it is written, on as many doubles as each input has. Only what the packer emits is
// understood; anything else fails the test.
class TextInterpreter {
 public:
  // `exact`: where not empty, series number i is taken for the activation number i.
  TextInterpreter(const WeightFile& weights, const std::vector<Slots>& inputs, std::vector<Activation> exact = {})
      : weights_(weights), exact_(std::move(exact)), slots_(inputs.at(0).size()) {
    for (size_t i = 0; i < inputs.size(); ++i) values_[fmt::format("%input_{}", i)] = inputs[i];
  }

  std::vector<Slots> Run(const std::string& mlir) {
    std::istringstream lines(mlir);
    std::vector<Slots> results;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("func.func") != std::string::npos) {
        ReadArguments(line);
      } else if (line.starts_with("    return ")) {
        const std::regex name(R"(%\w+)");
        for (std::sregex_iterator it(line.begin(), line.end(), name), end; it != end; ++it) {
          results.push_back(values_.at((*it)[0]));
        }
      } else if (line.starts_with("    ")) {
        RunOperation(line);
      }
    }
    return results;
  }

 private:
  // Arguments of one block, in the order in which attributes are printed.
  void ReadArguments(const std::string& line) {
    const std::regex argument(
        R"re((%arg\d+): tensor<[^>]*> \{orion.block_col = (\d+) : i64, orion.block_row = (\d+) : i64, )re"
        R"re(orion.layer_name = "([^"]+)", orion.layer_role = "([^"]+)")re");
    for (std::sregex_iterator it(line.begin(), line.end(), argument), end; it != end; ++it) {
      const std::string block = "." + (*it)[3].str() + "." + (*it)[2].str();
      names_[(*it)[1]] = (*it)[4].str() + "." + (*it)[5].str() + (block == ".0.0" ? "" : block);
    }
  }

  Slots Row(const std::string& argument, uint64_t row) {
    Slots period(weights_.ArrayShape(names_.at(argument)).value().back());
    const Status status = weights_.ReadRow(names_.at(argument), row, period);
    EXPECT_TRUE(status.ok()) << status.message();
    Slots out(slots_);
    for (size_t i = 0; i < out.size(); ++i) out[i] = period[i % period.size()];
    return out;
  }

  void RunOperation(const std::string& line) {
    std::smatch m;
    // Only the beginning: std::regex takes stack for every character of a long line.
    ASSERT_TRUE(std::regex_search(line, m, std::regex(R"(^\s*(%\w+) = (\S+) (%\w+)(?:, (%\w+))?\s*)"))) << line;
    const std::string op = m[2], first = m[3], second = m[4], rest = m.suffix();
    Slots& out = values_[m[1]];
    if (op == "lwe.rlwe_encode") {
      out = Row(first, 0);
      return;
    }
    const Slots x = values_.at(first);
    if (op == "orion.linear_transform") {
      std::smatch indices;
      ASSERT_TRUE(std::regex_search(rest, indices, std::regex(R"(diagonal_indices = array<i32: ([^>]*)>)"))) << line;
      std::istringstream numbers(indices[1]);
      out.assign(x.size(), 0);
      uint64_t row = 0;
      for (std::string number; std::getline(numbers, number, ','); ++row) {
        const Slots diagonal = Row(second, row);
        const Slots rotated = RotateLeft(x, std::stoll(number));
        for (size_t i = 0; i < x.size(); ++i) out[i] += diagonal[i] * rotated[i];
      }
      EXPECT_EQ(weights_.ArrayShape(names_.at(second)).value()[0], row);
    } else if (op == "ckks.rotate") {
      std::smatch shift;
      ASSERT_TRUE(std::regex_search(rest, shift, std::regex(R"(static_shift = (\d+))"))) << line;
      out = RotateLeft(x, std::stoll(shift[1]));
    } else if (op == "orion.chebyshev") {
      const std::string begin = "{coefficients = [";
      ASSERT_TRUE(rest.starts_with(begin)) << line;
      std::istringstream numbers(rest.substr(begin.size(), rest.find(']') - begin.size()));
      circuit::ChebyshevSeries series;
      for (std::string number; std::getline(numbers, number, ',');) series.coefficients.push_back(std::stod(number));
      EXPECT_THAT(rest, ::testing::HasSubstr(
                            "domain_start = -1.00000000000000000e+00 : f64, domain_end = 1.00000000000000000e+00"));
      out.resize(x.size());
      for (size_t i = 0; i < x.size(); ++i) {
        out[i] = exact_.empty() ? static_cast<double>(series(x[i])) : Apply(exact_.at(series_), x[i]);
      }
      ++series_;
    } else if (op == "ckks.relinearize" || op == "ckks.rescale" || op == "ckks.level_reduce") {
      out = x;
    } else {
      const Slots y = values_.at(second);
      out.resize(x.size());
      for (size_t i = 0; i < x.size(); ++i) out[i] = op == "ckks.mul" ? x[i] * y[i] : x[i] + y[i];
      EXPECT_TRUE(op == "ckks.mul" || op == "ckks.add" || op == "ckks.add_plain") << op;
    }
  }

  const WeightFile& weights_;
  const std::vector<Activation> exact_;
  const size_t slots_;
  size_t series_ = 0;
  std::map<std::string, std::string> names_;
  std::map<std::string, Slots> values_;
};

}  // namespace keymemrt::frontend
