// SPDX-License-Identifier: Apache-2.0
// The driver: which failure ends in which code, and what a program says of itself.

#include "compiler/driver/compile.h"
#include "compiler/testing/RandomProgram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

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
  const Status status = fails(small().text, {.function = "g", .insecure = true});
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("'g'"));
}

/// Two transforms of one input by two arguments with these attributes, added up; `module` goes to
/// the module's.
std::string twoLayers(const std::string &first, const std::string &second,
                      const std::string &module = "") {
  ProgramText text(insecureTestParameters(2));
  const std::string x = text.ciphertext({1, 2}, 512);
  const std::vector<double> diagonals(3 * 512, 0.25);
  const std::string w = text.weights(3, diagonals), v = text.weights(3, diagonals);
  const std::string y = text.transform(x, w, 512, {0, 1, 2}),
                    z = text.transform(x, v, 512, {0, 1, -1});
  std::string result = text.finish({text.binary("ckks.add", y, z)}).text;
  for (const auto &[name, attributes] : {std::pair(w, first), std::pair(v, second)}) {
    const std::string argument = name + ": tensor<3x512xf64>";
    result.insert(result.find(argument) + argument.size(), " {" + attributes + "}");
  }
  result.insert(result.find("scheme.ckks"), module);
  return result;
}

std::string layer(const std::string &name, int row, int column) {
  return "orion.layer_name = \"" + name +
         "\", orion.layer_role = \"weights\", orion.block_row = " + std::to_string(row) +
         " : i64, orion.block_col = " + std::to_string(column) + " : i64";
}

std::vector<std::string> weightNames(const std::string &text) {
  const auto program = CompileText(text, "model.mlir", {.function = "", .insecure = true});
  std::vector<std::string> names;
  if (program.ok())
    for (const program::Weight &weight : program->weights)
      names.push_back(weight.name);
  return names;
}

TEST(Compile, NamesWeightsByLayerAndBlock) {
  using testing::ElementsAre;
  EXPECT_THAT(weightNames(twoLayers(layer("fc1", 0, 0), layer("fc2", 0, 0))),
              ElementsAre("fc1.weights", "fc2.weights"));
  EXPECT_THAT(weightNames(twoLayers(layer("fc1", 0, 0), layer("fc1", 0, 1))),
              ElementsAre("fc1.weights", "fc1.weights.0.1"));
  EXPECT_THAT(weightNames(twoLayers("", layer("fc1", 2, 1))),
              ElementsAre("arg1", "fc1.weights.2.1"));
  std::string diagnostics;
  const Status status = fails(twoLayers(layer("fc1", 0, 0), layer("fc1", 0, 0)),
                              {.function = "", .insecure = true}, &diagnostics);
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(diagnostics, HasSubstr("both have the name 'fc1.weights'"));
}

TEST(Compile, ListsEachKeyOnceInOrderOfFirstUse) {
  const auto program =
      CompileText(twoLayers("", ""), "model.mlir", {.function = "", .insecure = true});
  ASSERT_TRUE(program.ok());
  std::set<int32_t> shifts;
  for (const program::Key &key : program->keys) {
    EXPECT_TRUE(shifts.insert(key.shift).second) << key.shift;
    EXPECT_EQ(key.level, 2);
  }
  // Rotations by 1 serve both transforms.
  EXPECT_EQ(shifts, (std::set<int32_t>{1, 2, 511}));
}

TEST(Compile, TakesTheLogicalSlotsFromTheModule) {
  const auto program = CompileText(twoLayers("", "", "scheme.requested_slot_count = 64 : i64, "),
                                   "model.mlir", {.function = "", .insecure = true});
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(program->outputs.at(0).length, 64u);
  EXPECT_EQ(program->inputs.at(0).period, 512u); // the argument's own
  std::string diagnostics;
  EXPECT_FALSE(fails(twoLayers("", "", "scheme.requested_slot_count = 63 : i64, "),
                     {.function = "", .insecure = true}, &diagnostics)
                   .ok());
  EXPECT_THAT(diagnostics, HasSubstr("divide the 512 slots"));
}

TEST(Compile, ChecksLengthsAndPeriods) {
  for (const char *attribute :
       {"kmrt.period = 3 : i64", "kmrt.period = 1024 : i64", "kmrt.period = 0 : i64",
        "kmrt.period = \"8\"", "kmrt.length = 9 : i64, kmrt.period = 8 : i64"}) {
    std::string text = small().text;
    const size_t begin = text.find("kmrt.length"), end = text.find('}', begin);
    text.replace(begin, end - begin, attribute);
    std::string diagnostics;
    EXPECT_EQ(fails(text, {.function = "", .insecure = true}, &diagnostics).code(),
              ErrorCode::kCorrupt)
        << attribute;
    EXPECT_THAT(diagnostics, HasSubstr("kmrt.")) << attribute;
  }
}

} // namespace
} // namespace keymemrt::compiler
