// SPDX-License-Identifier: Apache-2.0
// Large programs compile within a minute and 4 GB.

#include "compiler/driver/compile.h"
#include "compiler/testing/RandomProgram.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>
#include <set>

namespace keymemrt::compiler {
namespace {

/// N = 2^16, six levels.
scheme::ParameterLiteral largeParameters() {
  const auto large = scheme::FindNttPrimes(60, 16, 2);
  const auto small = scheme::FindNttPrimes(40, 16, 6);
  scheme::ParameterLiteral parameters;
  parameters.log_n = 16;
  parameters.q = {large->at(1)};
  parameters.q.insert(parameters.q.end(), small->begin(), small->end());
  parameters.p = {large->at(0)};
  parameters.log_default_scale = 40;
  return parameters;
}

program::Program compileInTime(const std::string &text) {
  // Of the processor: one thread compiles, and what else a machine does is not the compiler's.
  const std::clock_t begin = std::clock();
  auto program = CompileText(text, "large.mlir", {.function = "", .insecure = true});
  const double time = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  EXPECT_TRUE(program.ok()) << program.status().message();
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{:.1f} s, at most {} MiB\n", time, usage.ru_maxrss >> 10);
  EXPECT_LT(time, 60);
  EXPECT_LT(usage.ru_maxrss, 4l << 20); // KiB
  return program.ok() ? std::move(*program) : program::Program();
}

size_t count(const program::Program &program, std::set<program::Opcode> opcodes) {
  size_t result = 0;
  for (const program::Op &op : program.ops)
    result += opcodes.count(op.opcode);
  return result;
}

TEST(Scale, SparseTransformOf1800Diagonals) {
  ProgramText text(largeParameters());
  std::mt19937_64 random(1);
  std::set<int32_t> indices;
  while (indices.size() < 1800)
    indices.insert(static_cast<int32_t>(random() % text.slots()));
  const std::string x = text.ciphertext({1}, text.slots());
  // An argument: its numbers are not in the program.
  const std::string w = text.weights(1800, std::vector<double>(1800)); // one column here
  std::string module =
      text.finish({text.transform(x, w, text.slots(), {indices.begin(), indices.end()})}).text;
  const std::string argument = w + ": tensor<1800x1xf64>";
  module.replace(module.find(argument), argument.size(), w + ": tensor<1800x32768xf64>");
  const program::Program program = compileInTime(module);
  EXPECT_EQ(count(program, {program::Opcode::kMulPlain}), 1800u);
}

TEST(Scale, LoopNestOf100000Rotations) {
  ProgramText text(largeParameters());
  const std::string x = text.ciphertext({1}, text.slots());
  for (const char *line :
       {"%c0 = arith.constant 0 : index", "%c1 = arith.constant 1 : index",
        "%c100 = arith.constant 100 : index", "%c1000 = arith.constant 1000 : index",
        "%y = scf.for %i = %c0 to %c100 step %c1 iter_args(%a = %arg0) -> (!ct) {",
        "  %z = affine.for %j = 0 to 1000 iter_args(%b = %a) -> (!ct) {",
        "    %s = arith.muli %i, %c1000 : index", "    %t = arith.addi %s, %j : index",
        "    %u = arith.addi %t, %c1 : index", "    %r = ckks.rotate %arg0, %u : index : !ct",
        "    %e = ckks.add %b, %r : (!ct, !ct) -> !ct", "    affine.yield %e : !ct", "  }",
        "  scf.yield %z : !ct", "}"})
    text.line(line);
  const program::Program program = compileInTime(text.finish({"%y"}).text);
  using program::Opcode;
  // Shifts from 1 to 100000: those that are 0 modulo 32768 are none, equal ones of one ciphertext
  // are one.
  EXPECT_EQ(count(program, {Opcode::kRotate, Opcode::kRotateHoisted}), 32767u);
  EXPECT_EQ(count(program, {Opcode::kAdd}), 100000u);
}

TEST(Scale, LoopNestOf100000RotationsInTurn) {
  ProgramText text(largeParameters());
  const std::string x = text.ciphertext({1}, text.slots());
  for (const char *line :
       {"%y = affine.for %i = 0 to 100 iter_args(%a = %arg0) -> (!ct) {",
        "  %z = affine.for %j = 0 to 1000 iter_args(%b = %a) -> (!ct) {",
        "    %s = affine.apply affine_map<(d0, d1) -> (d0 * 1000 + d1 + 1)>(%i, %j)",
        "    %r = ckks.rotate %b, %s : index : !ct", "    %e = ckks.add %b, %r : (!ct, !ct) -> !ct",
        "    affine.yield %e : !ct", "  }", "  affine.yield %z : !ct", "}"})
    text.line(line);
  const program::Program program = compileInTime(text.finish({"%y"}).text);
  EXPECT_EQ(count(program, {program::Opcode::kRotate}), 100000u - 3); // 32768, 65536, 98304 are 0
}

} // namespace
} // namespace keymemrt::compiler
