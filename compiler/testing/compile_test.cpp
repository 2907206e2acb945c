// SPDX-License-Identifier: Apache-2.0
// The driver: which failure ends in which code, and what a program says of itself.

#include "compiler/driver/compile.h"
#include "compiler/testing/RandomProgram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace keymemrt::compiler {
namespace {

using testing::HasSubstr;

TestProgram small() {
  ProgramText text(insecureTestParameters(2));
  const std::string x = text.ciphertext({1, 2, 3}, 8);
  const std::string w = text.weights(0, std::vector<double>(16, 0.5));
  return text.finish(
      {text.rotate(text.plain("ckks.mul_plain", x, text.encode(w, 16), false), -1, false)});
}

TEST(Compile, TellsInputsWeightsKeysAndLocations) {
  const auto program =
      CompileText(small().text, "dir/model.mlir", {.function = "", .insecure = true});
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(program->name, "f");
  EXPECT_TRUE(program->insecure);
  ASSERT_EQ(program->inputs.size(), 1u);
  EXPECT_EQ(program->inputs[0].name, "arg0");
  EXPECT_EQ(program->inputs[0].length, 3u);
  EXPECT_EQ(program->inputs[0].period, 8u);
  ASSERT_EQ(program->weights.size(), 1u);
  EXPECT_EQ(program->weights[0].name, "arg1");
  EXPECT_EQ(program->weights[0].columns, 16u);
  ASSERT_EQ(program->outputs.size(), 1u);
  EXPECT_EQ(program->outputs[0].length, 512u);
  ASSERT_EQ(program->keys.size(), 1u);
  EXPECT_EQ(program->keys[0].shift, 511);
  EXPECT_EQ(program->keys[0].level,
            2); // rotated before the rescale, which is placed before the return
  bool found = false;
  for (const program::Op &op : program->ops)
    found |= op.opcode == program::Opcode::kRotate &&
             program->Describe(op).starts_with("model.mlir:13:");
  EXPECT_TRUE(found);
}

Status fails(const std::string &text, CompileOptions options = {.function = "", .insecure = true},
             std::string *diagnostics = nullptr) {
  testing::internal::CaptureStderr();
  const auto program = CompileText(text, "model.mlir", options);
  const std::string captured = testing::internal::GetCapturedStderr();
  if (diagnostics)
    *diagnostics = captured;
  return program.ok() ? Status() : program.status();
}

TEST(Compile, RefusesAMissingFile) {
  const auto program = CompileFile("/no/such/model.mlir", {});
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(program.status().message(), HasSubstr("/no/such/model.mlir"));
}

TEST(Compile, ReadsAFile) {
  const std::string path = testing::TempDir() + "/compile_test_model.mlir";
  std::ofstream(path) << small().text;
  EXPECT_TRUE(CompileFile(path, {.function = "f", .insecure = true}).ok());
}

TEST(Compile, RefusesWhatIsNoProgram) {
  std::string diagnostics;
  Status status = fails("this is not MLIR", {}, &diagnostics);
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(diagnostics, HasSubstr("model.mlir:1:1"));

  std::string text = small().text;
  text.replace(text.find("ckks.mul_plain"), 14, "ckks.frobnicate");
  status = fails(text, {.function = "", .insecure = true}, &diagnostics);
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(diagnostics, HasSubstr("frobnicate"));
}

TEST(Compile, RefusesInsecureParameters) {
  std::string diagnostics;
  const Status status = fails(small().text, {}, &diagnostics);
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("model.mlir"));
  EXPECT_THAT(diagnostics, HasSubstr("128-bit"));
}

TEST(Compile, RefusesAnUnknownFunction) {
  std::string diagnostics;
  const Status status = fails(small().text, {.function = "g", .insecure = true}, &diagnostics);
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(diagnostics, HasSubstr("'g'"));
}

} // namespace
} // namespace keymemrt::compiler
