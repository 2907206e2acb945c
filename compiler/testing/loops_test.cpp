// SPDX-License-Identifier: Apache-2.0
// Programs with loops keep their meaning: when they are flattened and compiled, and when the passes
// around keys work on them as loops, in any order.

#include "compiler/analysis/Interpreter/Interpreter.h"
#include "compiler/dialect/RegisterDialects.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/testing/RandomProgram.h"
#include "compiler/transforms/Flatten/Flatten.h"
#include "compiler/transforms/HoistRotations/HoistRotations.h"
#include "compiler/transforms/InsertKeys/InsertKeys.h"
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"
#include "compiler/transforms/RotationIndexAnalysis/RotationIndexAnalysis.h"
#include "compiler/transforms/VerifyKeyLifetimes/VerifyKeyLifetimes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

namespace keymemrt::compiler {
namespace {

using mlir::ModuleOp;
using Results = std::vector<std::vector<double>>;

mlir::MLIRContext &context() {
  static mlir::MLIRContext instance = [] {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    return mlir::MLIRContext(registry, mlir::MLIRContext::Threading::DISABLED);
  }();
  return instance;
}

mlir::OwningOpRef<ModuleOp> parse(const TestProgram &program) {
  return mlir::parseSourceString<ModuleOp>(program.text, mlir::ParserConfig(&context()),
                                           "test.mlir");
}

Results meaning(ModuleOp module, const TestProgram &program) {
  const auto results = interpret(*module.getOps<mlir::func::FuncOp>().begin(), program.arguments);
  return mlir::succeeded(results) ? *results : Results();
}

/// Largest difference, relative to the largest number of `wanted`.
double distance(const Results &found, const Results &wanted) {
  double difference = 0, largest = 1e-30;
  if (found.size() != wanted.size() || wanted.empty())
    return INFINITY;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (found[i].size() != wanted[i].size())
      return INFINITY;
    for (size_t j = 0; j < found[i].size(); ++j) {
      if (std::isnan(found[i][j]))
        return INFINITY;
      difference = std::max(difference, std::abs(found[i][j] - wanted[i][j]));
      largest = std::max(largest, std::abs(wanted[i][j]));
    }
  }
  return difference / largest;
}

constexpr double kTolerance = 1e-9;

/// The seed of `number`; printed by whoever fails.
std::mt19937_64 seeded(uint64_t number) { return std::mt19937_64(number); }

TEST(Loops, CompileToStraightLines) {
  const scheme::ParameterLiteral parameters = insecureTestParameters(12);
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random = seeded(seed);
    const TestProgram program =
        randomLoopProgram(random, parameters, 1 + static_cast<int>(random() % 3), seed % 2 == 0);
    mlir::OwningOpRef<ModuleOp> module = parse(program);
    ASSERT_TRUE(module) << program.text;
    const Results wanted = meaning(*module, program);
    ASSERT_FALSE(wanted.empty()) << program.text;
    for (Phase phase : kPhases) {
      mlir::PassManager manager(&context());
      addPhase(manager, phase, {"", /*insecure=*/true});
      ASSERT_TRUE(mlir::succeeded(manager.run(*module))) << getPhaseName(phase).str() << "\n"
                                                         << program.text;
      ASSERT_LT(distance(meaning(*module, program), wanted), kTolerance)
          << getPhaseName(phase).str() << "\n"
          << program.text;
    }
  }
}

TEST(Loops, KeepTheirMeaningUnderPassesInAnyOrder) {
  const scheme::ParameterLiteral parameters = insecureTestParameters(12);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  for (uint64_t seed = 1001; seed <= 1200 && std::chrono::steady_clock::now() < end; ++seed) {
    std::mt19937_64 random = seeded(seed);
    const TestProgram program = randomLoopProgram(
        random, parameters, 1 + static_cast<int>(random() % 3), /*tensors=*/false);
    mlir::OwningOpRef<ModuleOp> module = parse(program);
    ASSERT_TRUE(module) << program.text;
    const Results wanted = meaning(*module, program);
    ASSERT_FALSE(wanted.empty()) << program.text;
    std::string order = "seed " + std::to_string(seed) + ": insert-keys";
    mlir::PassManager manager(&context());
    const bool analyseFirst = random() % 2 == 0;
    if (analyseFirst) {
      order += " after rotation-index-analysis";
      manager.addPass(createRotationIndexAnalysis());
    }
    manager.addNestedPass<mlir::func::FuncOp>(createInsertKeys());
    for (int i = 0; i < 5; ++i) {
      const uint64_t choice = random() % 7;
      const auto bound = static_cast<unsigned>(random() % 4);
      switch (choice) {
      case 0:
        order += " hoist-rotations";
        manager.addNestedPass<mlir::func::FuncOp>(createHoistRotations());
        break;
      case 1:
      case 2:
        order += " merge-key-lifetimes=" + std::to_string(bound);
        manager.addNestedPass<mlir::func::FuncOp>(createMergeKeyLifetimes({bound}));
        break;
      case 3:
        order += " rotation-index-analysis";
        manager.addPass(createRotationIndexAnalysis());
        break;
      case 4:
        order += " cse";
        manager.addPass(mlir::createCSEPass());
        break;
      case 5:
        order += " canonicalize";
        manager.addPass(mlir::createCanonicalizerPass());
        break;
      default:
        if (i >= 3) {
          order += " flatten";
          manager.addPass(createFlatten());
        }
      }
      manager.addNestedPass<mlir::func::FuncOp>(createVerifyKeyLifetimes({/*report=*/false}));
    }
    SCOPED_TRACE(order);
    ASSERT_TRUE(mlir::succeeded(manager.run(*module))) << program.text;
    ASSERT_LT(distance(meaning(*module, program), wanted), kTolerance) << program.text;
  }
}

/// The indices that the analysis finds are those that the flat program uses, or more where it
/// cannot know.
TEST(Loops, TellAllTheirRotations) {
  const scheme::ParameterLiteral parameters = insecureTestParameters(12);
  for (uint64_t seed = 2001; seed <= 2100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random = seeded(seed);
    const TestProgram program = randomLoopProgram(random, parameters, 2, seed % 2 == 0);
    const auto indices = [&](uint64_t mostSteps, bool flatten) {
      mlir::OwningOpRef<ModuleOp> module = parse(program);
      mlir::PassManager manager(&context());
      if (flatten)
        manager.addPass(createFlatten());
      manager.addPass(createRotationIndexAnalysis({mostSteps, 1 << 16}));
      EXPECT_TRUE(mlir::succeeded(manager.run(*module))) << program.text;
      auto attr = (*module)->getAttrOfType<mlir::DenseI64ArrayAttr>("rotation_analysis.indices");
      return attr ? std::set<int64_t>(attr.asArrayRef().begin(), attr.asArrayRef().end())
                  : std::set<int64_t>{-1};
    };
    const std::set<int64_t> used = indices(1000000, /*flatten=*/true);
    EXPECT_EQ(indices(1000000, /*flatten=*/false), used) << program.text;
    const std::set<int64_t> bounded = indices(0, /*flatten=*/false);
    EXPECT_TRUE(std::includes(bounded.begin(), bounded.end(), used.begin(), used.end()))
        << program.text;
  }
}

} // namespace
} // namespace keymemrt::compiler
