// SPDX-License-Identifier: Apache-2.0
// Programs with loops keep their meaning when they are flattened and compiled, and all programs
// under passes in any order that makes sense, those around keys on loops among them.
// KEYMEMRT_FUZZ_SECONDS makes the latter longer, from KEYMEMRT_FUZZ_SEED on.

#include "compiler/analysis/Interpreter/Interpreter.h"
#include "compiler/dialect/RegisterDialects.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/testing/RandomProgram.h"
#include "compiler/transforms/Flatten/Flatten.h"
#include "compiler/transforms/RotationIndexAnalysis/RotationIndexAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
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

/// A random order of passes, as keymemrt-opt takes it, in which every pass finds what it needs. It
/// ends with a program, or, where keys are inserted into loops as they are, with loops.
class Order {
public:
  explicit Order(std::mt19937_64 &random) : random(random) {}

  /// The next pass; empty: done.
  std::string next() {
    if (!ending && left-- == 0)
      end();
    if (ending)
      return last.empty() ? "" : take();
    std::vector<std::string> passes = {"canonicalize", "cse", "check-parameters{insecure}",
                                       "regenerate-moduli"};
    const auto add = [&](bool allowed, std::initializer_list<const char *> more) {
      if (allowed)
        passes.insert(passes.end(), more.begin(), more.end());
    };
    add(!isInferred, {"flatten", "func.func(affine-full-unroll)"});
    add(!isInferred, {"func.func(mul-to-add)"});
    add(!isFlat && !isKeyed, {"rotation-index-analysis", "func.func(insert-keys)"});
    add(isFlat && !isInferred && !isKeyed, {"normalize", "normalize"});
    add(isNormal && !isInferred,
        {"place-bootstraps{insecure}", "func.func(remove-unnecessary-bootstraps)",
         "choose-bootstrap-parameters{insecure}", "func.func(place-rescales)",
         "func.func(infer-levels-and-scales)", "func.func(infer-levels-and-scales)"});
    add(isInferred && !isSeriesLowered,
        {"func.func(expand-bootstrap)", "func.func(lower-chebyshev)"});
    add(isSeriesLowered && !isLowered, {"func.func(choose-key-set{optimize=memory})"});
    add(isInferred && !isLowered, {"func.func(lower-linear-transform)",
                                   "func.func(lower-linear-transform{form=double_hoisted})",
                                   "func.func(lower-linear-transform{form=horner})",
                                   "func.func(lower-linear-transform{form=minimum_key})"});
    add(isInferred, {"func.func(insert-keys)"});
    add(isKeyed,
        {"func.func(hoist-rotations)", "func.func(annotate-key-levels)", "rotation-index-analysis",
         "rotation-index-analysis", "func.func(verify-key-lifetimes{report=false})"});
    // Twice as often as others.
    for (int i = 0; isKeyed && i < 2; ++i)
      passes.push_back(
          "func.func(merge-key-lifetimes{max-live-keys=" + std::to_string(random() % 4) + "})");
    return note(passes[random() % passes.size()]);
  }

  /// Whether nothing is left but a program.
  bool isProgram() const { return isCleared; }

private:
  std::string note(std::string pass) {
    const auto is = [&](const char *name) { return pass.find(name) != std::string::npos; };
    isFlat |= is("flatten");
    isNormal |= is("normalize");
    isInferred |= is("infer-levels");
    isSeriesLowered |= is("lower-chebyshev");
    isLowered |= is("lower-linear-transform");
    isKeyed |= is("insert-keys");
    isCleared |= is("insert-clears");
    return pass;
  }
  void end() {
    ending = true;
    if (isKeyed && !isInferred) {
      last = {"func.func(verify-key-lifetimes{report=false})"};
      return;
    }
    if (!isFlat)
      last.push_back("flatten");
    if (!isInferred)
      last.insert(last.end(), {"normalize", "func.func(infer-levels-and-scales)"});
    if (!isSeriesLowered)
      last.push_back("func.func(lower-chebyshev)");
    if (!isLowered)
      last.push_back("func.func(lower-linear-transform)");
    last.insert(last.end(),
                {"func.func(insert-keys)", "verify-phase{phase=keyed}",
                 "func.func(verify-key-lifetimes{report=false})", "func.func(insert-clears)",
                 "verify-phase{phase=planned}", "verify-program-form"});
  }
  std::string take() {
    std::string pass = last.front();
    last.erase(last.begin());
    return note(std::move(pass));
  }

  std::mt19937_64 &random;
  int left = 6 + static_cast<int>(random() % 20);
  bool isFlat = false, isNormal = false, isInferred = false, isSeriesLowered = false,
       isLowered = false, isKeyed = false, isCleared = false, ending = false;
  std::vector<std::string> last;
};

TEST(Orders, OfPassesKeepTheMeaningOfRandomPrograms) {
  registerPasses();
  mlir::registerTransformsPasses();
  const scheme::ParameterLiteral parameters = insecureTestParameters(16);
  const char *const seconds = std::getenv("KEYMEMRT_FUZZ_SECONDS");
  const char *const from = std::getenv("KEYMEMRT_FUZZ_SEED");
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::duration<double>(seconds ? std::atof(seconds) : 15);
  const uint64_t begin = from ? std::strtoull(from, nullptr, 10) : 1001;
  const uint64_t last = seconds ? UINT64_MAX : begin + 400;
  int programs = 0, loops = 0, runs = 0;
  uint64_t seed = begin;
  for (; seed < last && std::chrono::steady_clock::now() < end; ++seed) {
    std::mt19937_64 random = seeded(seed);
    const TestProgram program =
        random() % 3 == 0
            ? randomProgram(random, parameters, 2 + static_cast<int>(random() % 12))
            : randomLoopProgram(random, parameters, 1 + static_cast<int>(random() % 3),
                                /*tensors=*/false);
    mlir::OwningOpRef<ModuleOp> module = parse(program);
    ASSERT_TRUE(module) << program.text;
    const Results wanted = meaning(*module, program);
    ASSERT_FALSE(wanted.empty()) << program.text;
    Order order(random);
    std::string passes;
    while (true) {
      const std::string pass = order.next();
      if (pass.empty())
        break;
      passes += (passes.empty() ? "" : ",") + pass;
      SCOPED_TRACE("seed " + std::to_string(seed) + ": --pass-pipeline='builtin.module(" + passes +
                   ")'");
      mlir::PassManager manager(&context());
      ASSERT_TRUE(mlir::succeeded(mlir::parsePassPipeline(pass, manager)));
      ASSERT_TRUE(mlir::succeeded(manager.run(*module))) << program.text;
      ASSERT_LT(distance(meaning(*module, program), wanted), kTolerance) << program.text;
      ++runs;
    }
    ++(order.isProgram() ? programs : loops);
  }
  std::cout << "seeds " << begin << " to " << seed - 1 << ": " << runs << " passes, " << programs
            << " programs, " << loops << " times loops with keys" << std::endl;
  EXPECT_GT(programs, 0);
  EXPECT_GT(loops, 0);
}

/// A key that is alive around a loop and is that of some of its iterations.
TEST(Loops, ShareKeysWithWhatIsAroundThem) {
  registerPasses();
  const scheme::ParameterLiteral parameters = insecureTestParameters(12);
  int shared = 0;
  for (uint64_t seed = 3001; seed <= 3300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random = seeded(seed);
    const TestProgram program = randomLoopProgram(random, parameters, 2, /*tensors=*/false);
    mlir::OwningOpRef<ModuleOp> module = parse(program);
    const Results wanted = meaning(*module, program);
    mlir::PassManager manager(&context());
    ASSERT_TRUE(mlir::succeeded(mlir::parsePassPipeline(
        "rotation-index-analysis,func.func(insert-keys,merge-key-lifetimes{max-live-keys=0},"
        "verify-key-lifetimes{report=false})",
        manager)));
    ASSERT_TRUE(mlir::succeeded(manager.run(*module))) << program.text;
    ASSERT_LT(distance(meaning(*module, program), wanted), kTolerance) << program.text;
    module->walk(
        [&](mlir::Operation *op) { shared += op->getName().getStringRef() == "key_mgmt.use_key"; });
  }
  EXPECT_GT(shared, 30);
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
