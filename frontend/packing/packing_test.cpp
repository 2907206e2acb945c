// SPDX-License-Identifier: Apache-2.0
//
// The packer against the dense network: on the formulas of diagonals.h, and on the emitted text and weights file
// themselves, run by a small interpreter on plain doubles with rotations done the naive way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <regex>
#include <sstream>

#include "frontend/packing/packer.h"
#include "frontend/tensors/weight_file.h"

namespace keymemrt::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Slots = std::vector<double>;

Dense RandomDense(const std::string& name, size_t rows, size_t columns, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  Dense dense{name, rows, columns, Slots(rows * columns), Slots(rows)};
  for (double& weight : dense.weights) weight = uniform(random) / std::sqrt(static_cast<double>(columns));
  for (double& bias : dense.bias) bias = uniform(random);
  return dense;
}

Slots RandomVector(size_t size, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  Slots values(size);
  for (double& value : values) value = uniform(random);
  return values;
}

Slots RotateLeft(const Slots& x, size_t shift) {
  Slots y(x.size());
  for (size_t i = 0; i < x.size(); ++i) y[i] = x[(i + shift) % x.size()];
  return y;
}

Slots FillPeriodically(Slots values, size_t period, size_t slots) {
  values.resize(period);
  Slots out(slots);
  PeriodicVector{values}.Fill(out);
  return out;
}

// Parameters with room for `levels`; not secure, which no cleartext minds.
scheme::Parameters TestParameters(int log_n, size_t levels) {
  const auto primes = scheme::FindNttPrimes(30, log_n, levels + 2);
  EXPECT_TRUE(primes.ok());
  // P is the largest, so that every digit is one limb at most.
  const std::vector<uint64_t> q(primes->begin() + 1, primes->end());
  auto parameters = scheme::Parameters::Create({log_n, q, {primes->front()}, 30}, scheme::Security::kInsecure);
  EXPECT_TRUE(parameters.ok()) << parameters.status().message();
  return *std::move(parameters);
}

std::string TemporaryPath(const std::string& name) {
  return ::testing::TempDir() + "/" + std::to_string(getpid()) + "-" + name;
}

// Runs the emitted function as it is written, on `slots` doubles. Only what the packer emits is understood; anything
// else fails the test.
class TextInterpreter {
 public:
  TextInterpreter(const WeightFile& weights, Slots input) : weights_(weights) { values_["%ct"] = std::move(input); }

  Slots Run(const std::string& mlir) {
    std::istringstream lines(mlir);
    Slots result;
    for (std::string line; std::getline(lines, line);) {
      std::smatch m;
      if (line.find("func.func") != std::string::npos) {
        ReadArguments(line);
      } else if (std::regex_search(line, m, std::regex(R"(return (%\w+))"))) {
        result = values_.at(m[1]);
      } else if (line.starts_with("    ")) {
        RunOperation(line);
      }
    }
    return result;
  }

 private:
  void ReadArguments(const std::string& line) {
    const std::regex argument(
        R"re((%arg\d+): tensor<[^>]*> \{[^}]*orion.layer_name = "([^"]+)", orion.layer_role = "([^"]+)")re");
    for (std::sregex_iterator it(line.begin(), line.end(), argument), end; it != end; ++it) {
      names_[(*it)[1]] = (*it)[2].str() + "." + (*it)[3].str();
    }
  }

  Slots Row(const std::string& argument, uint64_t row) {
    Slots out(values_.at("%ct").size());
    const Status status = weights_.ReadRow(names_.at(argument), row, out);
    EXPECT_TRUE(status.ok()) << status.message();
    return out;
  }

  void RunOperation(const std::string& line) {
    std::smatch m;
    ASSERT_TRUE(std::regex_match(line, m, std::regex(R"(\s*(%\w+) = (\S+) (%\w+)(?:, (%\w+))?\s*(.*))"))) << line;
    const std::string op = m[2], first = m[3], second = m[4], rest = m[5];
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
        const Slots rotated = RotateLeft(x, std::stoul(number));
        for (size_t i = 0; i < x.size(); ++i) out[i] += diagonal[i] * rotated[i];
      }
      EXPECT_EQ(weights_.ArrayShape(names_.at(second)).value()[0], row);
    } else if (op == "ckks.rotate") {
      std::smatch shift;
      ASSERT_TRUE(std::regex_search(rest, shift, std::regex(R"(static_shift = (\d+))"))) << line;
      out = RotateLeft(x, std::stoul(shift[1]));
    } else if (op == "ckks.relinearize" || op == "ckks.rescale") {
      out = x;
    } else {
      const Slots y = values_.at(second);
      out.resize(x.size());
      for (size_t i = 0; i < x.size(); ++i) out[i] = op == "ckks.mul" ? x[i] * y[i] : x[i] + y[i];
      EXPECT_TRUE(op == "ckks.mul" || op == "ckks.add" || op == "ckks.add_plain") << op;
    }
  }

  const WeightFile& weights_;
  std::map<std::string, std::string> names_;
  std::map<std::string, Slots> values_;
};

TEST(Diagonals, EqualTheMatrixForOddSizes) {
  std::mt19937_64 random(1);
  constexpr size_t kSlots = 64;
  const std::pair<size_t, size_t> sizes[] = {{1, 1},   {1, 7},   {7, 1},   {3, 5},   {5, 3},   {10, 33},
                                             {33, 10}, {16, 64}, {64, 16}, {64, 64}, {63, 64}, {2, 50}};
  for (const auto& [rows, columns] : sizes) {
    for (size_t period = Period(columns); period <= kSlots; period *= 2) {
      SCOPED_TRACE(fmt::format("{} x {}, input period {}", rows, columns, period));
      const Dense dense = RandomDense("d", rows, columns, random);
      const Slots input = RandomVector(columns, random);
      const PackedDense packed = PackDense(dense, period);
      EXPECT_LE(packed.indices.size(), std::min(Period(rows), period));

      const Slots x = FillPeriodically(input, period, kSlots);
      Slots y(kSlots), diagonal(kSlots), bias(kSlots);
      for (size_t i = 0; i < packed.indices.size(); ++i) {
        packed.diagonals[i].Fill(diagonal);
        const Slots rotated = RotateLeft(x, static_cast<size_t>(packed.indices[i]));
        for (size_t j = 0; j < kSlots; ++j) y[j] += diagonal[j] * rotated[j];
      }
      for (const int64_t step : packed.ladder) {
        const Slots rotated = RotateLeft(y, static_cast<size_t>(step));
        for (size_t j = 0; j < kSlots; ++j) y[j] += rotated[j];
      }
      packed.bias.Fill(bias);
      const std::vector<Layer> layers = {dense};
      const Slots expected = Evaluate(layers, input);
      for (size_t j = 0; j < kSlots; ++j) {
        const size_t row = j % packed.output_period;
        EXPECT_NEAR(y[j] + bias[j], row < rows ? expected[row] : 0.0, 1e-12) << "slot " << j;
      }
    }
  }
}

TEST(Diagonals, OfTheMnistShapes) {
  std::mt19937_64 random(2);
  const PackedDense fc1 = PackDense(RandomDense("fc1", 128, 784, random), 1024);
  EXPECT_EQ(fc1.indices.size(), 128u);
  EXPECT_THAT(fc1.ladder, ElementsAre(512, 256, 128));
  EXPECT_EQ(fc1.output_period, 128u);
  const PackedDense fc2 = PackDense(RandomDense("fc2", 128, 128, random), 128);
  EXPECT_EQ(fc2.indices.size(), 128u);
  EXPECT_THAT(fc2.ladder, ElementsAre());
  const PackedDense fc3 = PackDense(RandomDense("fc3", 10, 128, random), 128);
  EXPECT_EQ(fc3.indices.size(), 16u);
  EXPECT_THAT(fc3.ladder, ElementsAre(64, 32, 16));
}

TEST(Diagonals, OfZerosAreLeftOut) {
  Dense dense{"d", 4, 4, Slots(16), Slots(4)};
  EXPECT_THAT(PackDense(dense, 4).indices, ElementsAre(0));  // one remains
  for (size_t row = 0; row < 4; ++row) dense.weights[row * 4 + (row + 2) % 4] = 1;
  EXPECT_THAT(PackDense(dense, 4).indices, ElementsAre(2));
}

TEST(Packer, EmittedTextAndWeightsComputeTheNetwork) {
  std::mt19937_64 random(3);
  const std::vector<std::vector<size_t>> networks = {
      {784, 128, 128, 10}, {5, 33, 7}, {9, 1}, {1, 6, 2}, {100, 3, 300, 4}};
  for (const std::vector<size_t>& widths : networks) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(widths, "-")));
    std::vector<Layer> layers;
    for (size_t i = 1; i < widths.size(); ++i) {
      if (i > 1) layers.emplace_back(Square{});
      layers.emplace_back(RandomDense(fmt::format("fc{}", i), widths[i], widths[i - 1], random));
    }
    const scheme::Parameters parameters = TestParameters(11, layers.size());
    const auto model = PackNetwork(layers, parameters, "network");
    ASSERT_TRUE(model.ok()) << model.status().message();
    const std::string path = TemporaryPath("weights.npz");
    const Status written = WriteWeights(*model, path);
    ASSERT_TRUE(written.ok()) << written.message();
    const auto weights = WeightFile::Open(path);
    ASSERT_TRUE(weights.ok()) << weights.status().message();
    std::filesystem::remove(path);  // what is open stays readable

    EXPECT_THAT(model->mlir,
                HasSubstr(fmt::format("kmrt.length = {} : i64, kmrt.period = {} : i64", widths[0], Period(widths[0]))));
    EXPECT_THAT(model->mlir, HasSubstr(fmt::format("{{kmrt.length = {} : i64}}) {{\n", widths.back())));
    const Slots input = RandomVector(widths[0], random);
    const Slots x = FillPeriodically(input, Period(widths[0]), parameters.slots());
    const Slots y = TextInterpreter(**weights, x).Run(model->mlir);
    const Slots expected = Evaluate(layers, input);
    ASSERT_EQ(y.size(), parameters.slots());
    for (size_t row = 0; row < expected.size(); ++row) EXPECT_NEAR(y[row], expected[row], 1e-11);
  }
}

TEST(Packer, TypesCarryTheLevels) {
  std::mt19937_64 random(4);
  const std::vector<Layer> layers = {RandomDense("a", 4, 8, random), Square{}, RandomDense("b", 2, 4, random)};
  const scheme::Parameters parameters = TestParameters(11, 4);
  const auto model = PackNetwork(layers, parameters, "network");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::regex typed(R"re(= (orion.linear_transform|ckks.rescale) .*?: \(?(!ct_\w+).*-> (!ct_\w+)\n)re");
  std::vector<std::string> steps;
  for (std::sregex_iterator it(model->mlir.begin(), model->mlir.end(), typed), end; it != end; ++it) {
    steps.push_back(fmt::format("{} {} {}", (*it)[1].str(), (*it)[2].str(), (*it)[3].str()));
  }
  EXPECT_THAT(steps, ElementsAre("orion.linear_transform !ct_L4_S30 !ct_L3_S30", "ckks.rescale !ct_L3_S60 !ct_L2_S30",
                                 "orion.linear_transform !ct_L2_S30 !ct_L1_S30"));
  // Every alias is defined before it is used.
  std::map<std::string, size_t> defined;
  const std::regex alias(R"re([!#]\w+(?![\w.]))re");
  std::istringstream lines(model->mlir);
  size_t number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    const size_t equals = line.find(" = ");
    const bool definition = line.starts_with("!") || line.starts_with("#");
    for (std::sregex_iterator
             it(line.begin() + static_cast<std::ptrdiff_t>(definition ? equals : 0), line.end(), alias),
         end;
         it != end; ++it) {
      EXPECT_TRUE(defined.contains((*it)[0])) << (*it)[0] << " in line " << number;
    }
    if (definition) {
      EXPECT_TRUE(defined.emplace(line.substr(0, equals), number).second) << line;
    }
  }
}

TEST(Packer, RefusesWhatCannotBePacked) {
  std::mt19937_64 random(5);
  const scheme::Parameters parameters = TestParameters(10, 2);
  const auto message = [&](const std::vector<Layer>& layers) {
    const auto model = PackNetwork(layers, parameters, "network");
    EXPECT_FALSE(model.ok());
    EXPECT_EQ(model.status().code(), ErrorCode::kInvalidArgument);
    return model.status().message();
  };
  const Dense sound = RandomDense("a", 4, 8, random);
  EXPECT_THAT(message({}), HasSubstr("begins with a dense layer"));
  EXPECT_THAT(message({Square{}, sound}), HasSubstr("begins with a dense layer"));
  EXPECT_THAT(message({sound, sound}), HasSubstr("a name of its own"));
  EXPECT_THAT(message({sound, RandomDense("b", 4, 5, random)}), HasSubstr("takes 5 inputs, the layers before give 4"));
  EXPECT_THAT(message({sound, Square{}, Square{}}), HasSubstr("add primes"));
  EXPECT_THAT(message({RandomDense("a", 4, 513, random)}), HasSubstr("513 inputs do not fit into 512 slots"));
  EXPECT_THAT(message({RandomDense("a", 513, 4, random)}), HasSubstr("513 outputs do not fit into 512 slots"));
  EXPECT_THAT(message({RandomDense("a\"b", 4, 4, random)}), HasSubstr("a name of its own"));
  Dense broken = sound;
  broken.bias.pop_back();
  EXPECT_THAT(message({broken}), HasSubstr("3 biases"));
  broken = sound;
  broken.weights[3] = std::nan("");
  EXPECT_THAT(message({broken}), HasSubstr("not a finite number"));
}

}  // namespace
}  // namespace keymemrt::frontend
