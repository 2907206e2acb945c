// SPDX-License-Identifier: Apache-2.0
// Damaged and hostile modules: the compiler answers with diagnostics that have a location, and
// never crashes. Each run fuzzes for a few seconds from a seed that it prints;
// KEYMEMRT_FUZZ_SECONDS makes it longer, KEYMEMRT_FUZZ_SEED repeats it. What is being compiled is
// kept in a file until it is done, so that a crash leaves it behind.

#include "compiler/dialect/RegisterDialects.h"
#include "compiler/driver/compile.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/testing/RandomProgram.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

namespace keymemrt::compiler {
namespace {

double seconds() {
  const char *text = std::getenv("KEYMEMRT_FUZZ_SECONDS");
  return text ? std::atof(text) : 6;
}

uint64_t seed() {
  const char *text = std::getenv("KEYMEMRT_FUZZ_SEED");
  const uint64_t number = text ? std::strtoull(text, nullptr, 10) : std::random_device()();
  std::cout << "seed " << number << std::endl;
  return number;
}

/// Words and numbers to put where others were.
constexpr const char *kWords[] = {"0",
                                  "-1",
                                  "1",
                                  "1152921504606846976",
                                  "-9223372036854775808",
                                  "1.0e308",
                                  "f64",
                                  "index",
                                  "!ct",
                                  "!pt",
                                  "!ct3",
                                  "i64",
                                  "%arg0",
                                  "%arg1",
                                  "%v0",
                                  "%l0",
                                  "scf.yield",
                                  "return",
                                  "[]",
                                  "<>",
                                  "{}",
                                  "array<i32>",
                                  "tensor<0xf64>",
                                  "tensor<?xf64>",
                                  "tensor<4611686018427387904xf64>",
                                  "dense<0x7FF0000000000000>",
                                  "memref<2x!key_mgmt.rot_key<>>",
                                  "key_mgmt.load_key",
                                  "ckks.mul",
                                  "ckks.rotate",
                                  "orion.linear_transform",
                                  "orion.chebyshev",
                                  "ckks.bootstrap",
                                  "affine_map<(d0) -> (d0 floordiv 0)>",
                                  "\"",
                                  "#enc"};

/// Cuts text into words, so that most mutants still parse a good way.
std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> words(1);
  const auto isWord = [](char c) { return std::isalnum(c) || std::strchr("_.%#!@-", c); };
  for (char c : text) {
    if (!words.back().empty() && !(isWord(c) && isWord(words.back().back())))
      words.emplace_back();
    words.back() += c;
  }
  return words;
}

std::string mutate(std::mt19937_64 &random, const std::string &text) {
  std::vector<std::string> words = split(text);
  // The body more often than the types in front.
  const auto pick = [&] {
    const size_t begin = random() % 4 == 0 ? 0 : words.size() / 3;
    return begin + random() % (words.size() - begin);
  };
  for (uint64_t i = 1 + random() % 3; i > 0; --i) {
    const size_t at = pick();
    switch (random() % 6) {
    case 0:
      words.erase(words.begin() + static_cast<long>(at));
      break;
    case 1:
      words.insert(words.begin() + static_cast<long>(at), words[pick()]);
      break;
    case 2:
      std::swap(words[at], words[pick()]);
      break;
    case 3:
      words[at] = kWords[random() % std::size(kWords)];
      break;
    case 4: // another number
      for (size_t j = at; j < std::min(at + 40, words.size()); ++j)
        if (std::isdigit(words[j].front())) {
          words[j] = std::to_string(random() % 3 == 0 ? random() : random() % 20);
          break;
        }
      break;
    default:
      words[at] = words[pick()];
    }
    if (words.size() < 4)
      break;
  }
  std::string result;
  for (const std::string &word : words)
    result += word;
  return result;
}

TestProgram seedProgram(std::mt19937_64 &random) {
  static const scheme::ParameterLiteral parameters = insecureTestParameters(12);
  if (random() % 2 == 0)
    return randomProgram(random, parameters, 1 + static_cast<int>(random() % 6));
  return randomLoopProgram(random, parameters, 1, random() % 2 == 0);
}

/// The file that a crash leaves behind.
class Witness {
public:
  explicit Witness(const std::string &text) : path(testing::TempDir() + "/fuzz_test_input.mlir") {
    std::ofstream(path) << text;
  }
  ~Witness() { std::filesystem::remove(path); }

private:
  const std::string path;
};

TEST(Fuzz, CompilerAnswersWithDiagnostics) {
  std::mt19937_64 random(seed());
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds());
  int compiled = 0, refused = 0;
  while (std::chrono::steady_clock::now() < end) {
    const std::string base = seedProgram(random).text;
    for (int i = 0; i < 20 && std::chrono::steady_clock::now() < end; ++i) {
      const std::string text = mutate(random, base);
      const Witness witness(text);
      CompileOptions options;
      options.insecure = true;
      options.mostSteps = 200'000;
      testing::internal::CaptureStderr();
      const auto program = CompileText(text, "fuzz.mlir", options);
      const std::string diagnostics = testing::internal::GetCapturedStderr();
      ++(program.ok() ? compiled : refused);
      if (program.ok())
        continue;
      ASSERT_TRUE(program.status().code() == ErrorCode::kCorrupt ||
                  program.status().code() == ErrorCode::kInvalidArgument)
          << program.status().message() << "\n"
          << text;
      ASSERT_NE(diagnostics.find("fuzz.mlir:"), std::string::npos) << diagnostics << "\n" << text;
      ASSERT_NE(diagnostics.find("error: "), std::string::npos) << diagnostics << "\n" << text;
    }
  }
  std::cout << compiled << " compiled, " << refused << " refused" << std::endl;
  EXPECT_GT(compiled, 0);
  EXPECT_GT(refused, 0);
}

/// Passes on what they are not made for, in any order, as a user of keymemrt-opt may run them.
TEST(Fuzz, PassesInAnyOrderNeverCrash) {
  registerPasses();
  mlir::registerTransformsPasses();
  std::mt19937_64 random(seed());
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds());
  const char *const passes[] = {
      "check-parameters",
      "check-parameters{insecure}",
      "regenerate-moduli",
      "verify-types",
      "flatten{most-steps=100000}",
      "normalize",
      "canonicalize",
      "cse",
      "func.func(affine-full-unroll{most-operations=20000})",
      "func.func(mul-to-add)",
      "place-bootstraps{insecure}",
      "func.func(remove-unnecessary-bootstraps)",
      "choose-bootstrap-parameters{insecure}",
      "func.func(place-rescales)",
      "func.func(infer-levels-and-scales)",
      "func.func(expand-bootstrap)",
      "func.func(lower-chebyshev)",
      "func.func(choose-key-set{optimize=upload})",
      "func.func(lower-linear-transform)",
      "func.func(lower-linear-transform{form=minimum_key})",
      "func.func(insert-keys)",
      "func.func(hoist-rotations)",
      "func.func(annotate-key-levels)",
      "func.func(merge-key-lifetimes)",
      "func.func(merge-key-lifetimes{max-live-keys=0})",
      "func.func(merge-key-lifetimes{max-live-bytes=100000 max-live-keys=0})",
      "func.func(prefetch-keys)",
      "func.func(insert-clears)",
      "func.func(verify-key-lifetimes)",
      "func.func(annotate-liveness)",
      "func.func(reuse-buffers)",
      "rotation-index-analysis",
      "lower-to-openfhe",
      "lower-to-openfhe{keys=false}",
      "verify-phase{phase=ckks}",
      "verify-phase{phase=planned}",
      "verify-program-form"};
  int failures = 0, runs = 0;
  while (std::chrono::steady_clock::now() < end) {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
    for (int i = 0; i < 30 && std::chrono::steady_clock::now() < end; ++i) {
      const std::string base = seedProgram(random).text;
      const std::string text = random() % 2 == 0 ? base : mutate(random, base);
      // Often on what one of the phases leaves.
      const char *const phases[] = {"keymemrt-to-import{insecure},", "keymemrt-to-ckks{insecure},",
                                    "keymemrt-to-keyed{insecure},",
                                    "keymemrt-to-planned{insecure},"};
      std::string order = random() % 2 == 0 ? phases[random() % std::size(phases)] : "";
      for (uint64_t j = 1 + random() % 8; j > 0; --j)
        order += std::string(passes[random() % std::size(passes)]) + (j == 1 ? "" : ",");
      const Witness witness("// " + order + "\n" + text);
      std::string last;
      bool located = true;
      mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
        last = diagnostic.str();
        located = located && !mlir::isa<mlir::UnknownLoc>(diagnostic.getLocation());
        return mlir::success();
      });
      const auto module =
          mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context), "fuzz.mlir");
      if (!module)
        continue;
      mlir::PassManager manager(&context);
      ASSERT_TRUE(mlir::succeeded(mlir::parsePassPipeline(order, manager))) << order;
      ++runs;
      if (mlir::failed(manager.run(*module))) {
        ++failures;
        ASSERT_FALSE(last.empty()) << order << "\n" << text;
      }
      ASSERT_TRUE(located) << last << "\n" << order << "\n" << text;
    }
  }
  std::cout << runs << " runs, " << failures << " failed with a diagnostic" << std::endl;
  EXPECT_GT(runs, failures);
  EXPECT_GT(failures, 0);
}

} // namespace
} // namespace keymemrt::compiler
