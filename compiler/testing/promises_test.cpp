// SPDX-License-Identifier: Apache-2.0
// What the compiler promises of whole programs: no diagonal lost or doubled and few rotations, IR
// after each phase that can be read again, options that do what they say.

#include "compiler/driver/compile.h"
#include "compiler/testing/RandomProgram.h"
#include "program/cleartext.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>

namespace keymemrt::compiler {
namespace {

using testing::HasSubstr;

const CompileOptions kInsecure = {.function = "", .insecure = true};

/// One transform by `count` diagonals from index `first` on, of ones and twos that tell them apart.
struct Transform {
  TestProgram program;
  std::vector<double> result;
};

Transform makeTransform(int count, int first) {
  ProgramText text(insecureTestParameters(1));
  const auto slots = static_cast<int>(text.slots());
  std::vector<double> input(text.slots()), diagonals;
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = std::sin(static_cast<double>(i * i));
  std::vector<int32_t> indices;
  Transform made;
  made.result.resize(text.slots());
  for (int d = 0; d < count; ++d) {
    indices.push_back(first + d);
    for (int j = 0; j < slots; ++j) {
      diagonals.push_back(1 + 0.5 * std::cos(d + 3 * j));
      made.result[j] += diagonals.back() * input[((j + first + d) % slots + slots) % slots];
    }
  }
  const std::string x = text.ciphertext(input, text.slots());
  made.program = text.finish(
      {text.transform(x, text.weights(indices.size(), diagonals), text.slots(), indices)});
  return made;
}

TEST(Promises, TransformsLoseNoDiagonalAndRotateSeldom) {
  for (int count : {1, 2, 3, 4, 5, 7, 16, 17, 31, 64, 127, 128, 137, 255, 300, 500})
    for (int first : {0, 5, -3}) {
      SCOPED_TRACE(std::to_string(count) + " diagonals from " + std::to_string(first));
      const Transform transform = makeTransform(count, first);
      const auto program = CompileText(transform.program.text, "transform.mlir", kInsecure);
      ASSERT_TRUE(program.ok()) << program.status().message();
      const auto weight = [&](uint32_t, uint32_t row, std::span<double> out) {
        std::copy_n(transform.program.arguments[1].begin() + static_cast<long>(row * out.size()),
                    out.size(), out.begin());
        return Status();
      };
      const std::vector<std::vector<double>> inputs = {transform.program.arguments[0]};
      const auto result = program::EvaluateCleartext(*program, inputs, weight);
      ASSERT_TRUE(result.ok()) << result.status().message();
      double largest = 0;
      for (size_t j = 0; j < transform.result.size(); ++j)
        largest = std::max(largest, std::abs(result->outputs[0][j] - transform.result[j]));
      EXPECT_LT(largest, 1e-9);
      const auto most = static_cast<size_t>(2 * std::ceil(std::sqrt(count)) + 2);
      EXPECT_LE(program->keys.size(), most);
      size_t rotations = 0;
      for (const program::Op &op : program->ops)
        rotations +=
            op.opcode == program::Opcode::kRotate || op.opcode == program::Opcode::kRotateHoisted;
      EXPECT_LE(rotations, most);
    }
}

/// A perceptron of three layers as Orion packs it into 4096 slots: dense transforms with rotations
/// that add up their blocks, and one with nine diagonals left of 0 besides.
TEST(Promises, LayersOfAPerceptronShareTheirKeys) {
  scheme::ParameterLiteral parameters = insecureTestParameters(6);
  parameters.log_n = 13;
  const auto large = scheme::FindNttPrimes(50, 13, 2), small = scheme::FindNttPrimes(30, 13, 6);
  parameters.q = {large->at(1)};
  parameters.q.insert(parameters.q.end(), small->begin(), small->end());
  parameters.p = {large->at(0)};
  ProgramText text(parameters);
  ASSERT_EQ(text.slots(), 4096u);
  std::string x = text.ciphertext({1}, text.slots());
  for (int layer = 0; layer < 3; ++layer) {
    std::vector<int32_t> indices(128);
    std::iota(indices.begin(), indices.end(), 0);
    for (int32_t i = 4087; layer == 2 && i < 4096; ++i)
      indices.push_back(i);
    x = text.transform(
        x, text.weights(indices.size(), std::vector<double>(indices.size() * text.slots())),
        text.slots(), indices);
    if (layer == 2)
      break;
    for (int64_t shift = 2048; shift >= 128; shift /= 2)
      x = text.binary("ckks.add", x, text.rotate(x, shift, false));
    x = text.rescale(text.mul(x, x));
  }
  const auto program = CompileText(text.finish({x}).text, "perceptron.mlir", kInsecure);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_LE(program->keys.size(), 30u);
}

std::string writeFile(const std::string &text) {
  const std::string path = testing::TempDir() + "/promises_test_model.mlir";
  std::ofstream(path) << text;
  return path;
}

TEST(Promises, TheIRAfterEachPhaseIsPrintedWithAliases) {
  const std::string path = writeFile(makeTransform(20, -3).program.text);
  EXPECT_EQ(PhaseNames().size(), 5u);
  for (const std::string &phase : PhaseNames()) {
    SCOPED_TRACE(phase);
    const auto text = CompileFileTo(phase, path, kInsecure);
    ASSERT_TRUE(text.ok()) << text.status().message();
    EXPECT_THAT(*text, HasSubstr("!ct_L")); // with aliases
    if (phase != "import")
      continue;
    // What import leaves, it leaves again.
    const auto again = CompileFileTo(phase, writeFile(*text), kInsecure);
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(*again, *text);
    writeFile(makeTransform(20, -3).program.text);
  }
  const auto wrong = CompileFileTo("lowered", path, kInsecure);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.status().code(), ErrorCode::kInvalidArgument);
}

Status compileStatus(const std::string &text, const CompileOptions &options,
                     std::string *diagnostics) {
  testing::internal::CaptureStderr();
  const auto program = CompileText(text, "model.mlir", options);
  *diagnostics = testing::internal::GetCapturedStderr();
  return program.ok() ? Status() : program.status();
}

TEST(Promises, FewBabyStepsOfABootstrapAreFewKeys) {
  ProgramText text(insecureTestParameters(3));
  const std::string model =
      text.finish({text.bootstrap(text.ciphertext({0.5}, text.slots()))}).text;
  std::vector<size_t> keys;
  for (const int steps : {0, 4, 2}) {
    CompileOptions options = kInsecure;
    options.bootstrapForm = "horner";
    options.bootstrapBabySteps = steps;
    const auto program = CompileText(model, "model.mlir", options);
    ASSERT_TRUE(program.ok());
    keys.push_back(program->keys.size());
  }
  EXPECT_LT(keys[1], keys[0]);
  EXPECT_LT(keys[2], keys[1]);
}

TEST(Promises, StrictTypesInsist) {
  ProgramText text(insecureTestParameters(2));
  const std::string x = text.ciphertext({1}, 512);
  // The product's type claims the scale of its operands.
  const std::string program = text.finish({text.mul(x, x)}).text;
  std::string diagnostics;
  EXPECT_TRUE(compileStatus(program, kInsecure, &diagnostics).ok()) << diagnostics;
  CompileOptions strict = kInsecure;
  strict.strictTypes = true;
  EXPECT_FALSE(compileStatus(program, strict, &diagnostics).ok());
  EXPECT_THAT(diagnostics, HasSubstr("expected a result of scale 2^60"));
}

TEST(Promises, UnusableModuliAreRegeneratedOnRequest) {
  std::string text = makeTransform(3, 0).program.text;
  const size_t at = text.find("P = [") + 5;
  text.replace(at, text.find(']', at) - at, "1125899906842624"); // 2^50
  std::string diagnostics;
  EXPECT_FALSE(compileStatus(text, kInsecure, &diagnostics).ok());
  CompileOptions regenerate = kInsecure;
  regenerate.regenerateModuli = true;
  EXPECT_TRUE(compileStatus(text, regenerate, &diagnostics).ok()) << diagnostics;
  EXPECT_THAT(diagnostics, HasSubstr("replaced 1 modulus"));
  const auto program = CompileText(text, "model.mlir", regenerate);
  ASSERT_TRUE(program.ok());
  ASSERT_EQ(program->parameters.p.size(), 1u);
  EXPECT_EQ(std::lround(std::log2(static_cast<double>(program->parameters.p[0]))), 50);
}

TEST(Promises, ElementsOfATensorArgumentKeepTheirNames) {
  std::string text = makeTransform(1, 0).program.text;
  // Two ciphertexts in a tensor, of which the second is negated; the weights come after them.
  const size_t begin = text.find("func.func"), end = text.find("  }\n}", begin);
  text.replace(
      begin, end - begin,
      "func.func @f(%x: tensor<2x!ct>, %w: tensor<512xf64>) -> !ct {\n"
      "    %c1 = arith.constant 1 : index\n"
      "    %e = tensor.extract %x[%c1] : tensor<2x!ct>\n"
      "    %p = lwe.rlwe_encode %w {encoding = #enc, ring = #plain} : tensor<512xf64> -> !pt\n"
      "    %y = ckks.mul_plain %e, %p : (!ct, !pt) -> !ct\n"
      "    return %y : !ct\n");
  const auto program = CompileText(text, "model.mlir", kInsecure);
  ASSERT_TRUE(program.ok()) << program.status().message();
  ASSERT_EQ(program->inputs.size(), 2u);
  EXPECT_EQ(program->inputs[0].name, "arg0.0");
  EXPECT_EQ(program->inputs[1].name, "arg0.1");
  ASSERT_EQ(program->weights.size(), 1u);
  EXPECT_EQ(program->weights[0].name, "arg1");
}

} // namespace
} // namespace keymemrt::compiler
