// SPDX-License-Identifier: Apache-2.0
// Every phase keeps the meaning of a program: the interpreter before = after each phase = the
// program's own cleartext evaluation, on random programs. And the comparison can fail: mutants of
// the IR are noticed.

#include "compiler/analysis/Interpreter/Interpreter.h"
#include "compiler/dialect/RegisterDialects.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/testing/RandomProgram.h"
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"
#include "compiler/transforms/VerifyProgramForm/VerifyProgramForm.h"
#include "compiler/translate/Translate.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "program/cleartext.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

namespace keymemrt::compiler {
namespace {

using mlir::ModuleOp;
using Results = std::vector<std::vector<double>>;

mlir::func::FuncOp functionOf(ModuleOp module) {
  return *module.getOps<mlir::func::FuncOp>().begin();
}

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

bool runPhase(ModuleOp module, Phase phase, unsigned maxLiveKeys = 1,
              const std::string &form = PipelineOptions().transformForm,
              const std::string &optimize = "") {
  mlir::PassManager manager(&context());
  PipelineOptions options;
  options.insecure = true;
  options.transformForm = options.bootstrapForm = form;
  options.optimize = optimize;
  addPhase(manager, phase, options);
  if (phase == Phase::Keyed)
    manager.addNestedPass<mlir::func::FuncOp>(createMergeKeyLifetimes({maxLiveKeys}));
  return mlir::succeeded(manager.run(module));
}

/// Largest difference, relative to the largest number of `wanted`.
double distance(const Results &found, const Results &wanted) {
  double difference = 0, largest = 1e-30;
  if (found.size() != wanted.size())
    return INFINITY;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (found[i].size() > wanted[i].size())
      return INFINITY;
    for (size_t j = 0; j < found[i].size(); ++j) {
      difference = std::max(difference, std::abs(found[i][j] - wanted[i][j]));
      largest = std::max(largest, std::abs(wanted[i][j]));
      if (std::isnan(found[i][j]))
        return INFINITY;
    }
  }
  return difference / largest;
}

constexpr double kTolerance = 1e-9;

Results meaning(ModuleOp module, const TestProgram &program, Domain domain = Domain::Cleartext) {
  const auto results = interpret(functionOf(module), program.arguments, domain);
  return mlir::succeeded(results) ? *results : Results();
}

/// The program's cleartext evaluation; none while program/ cannot evaluate one of its operations.
std::optional<Results> evaluate(const program::Program &compiled, const TestProgram &program) {
  Results inputs;
  for (size_t i = 0; i < program.lengths.size(); ++i) {
    std::vector<double> input = program.arguments[i];
    input.resize(program.lengths[i]);
    inputs.push_back(std::move(input));
  }
  const auto weightRow = [&](uint32_t index, uint32_t row, std::span<double> out) {
    const auto &weight =
        program.arguments.at(std::stoul(compiled.weights[index].name.substr(3))); // arg<position>
    std::copy_n(weight.begin() + static_cast<long>(row * out.size()), out.size(), out.begin());
    return Status();
  };
  auto result = program::EvaluateCleartext(compiled, inputs, weightRow);
  if (result.status().message().find("does not evaluate it on numbers yet") != std::string::npos)
    return std::nullopt;
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? result->outputs : Results();
}

struct Check {
  std::set<program::Opcode> *seen = nullptr;          // the operations of the program are added
  unsigned maxLiveKeys = 1;                           // lifetimes are merged up to it
  std::string form = PipelineOptions().transformForm; // of linear transforms
  double tolerance = kTolerance;
  std::string optimize = {}; // what keys are chosen by; empty: they are not
};

/// Checks all phases; returns the module in its last form.
mlir::OwningOpRef<ModuleOp> checkPhases(const TestProgram &program, const Check &check = {}) {
  mlir::OwningOpRef<ModuleOp> module = parse(program);
  if (!module) {
    ADD_FAILURE() << "does not parse:\n" << program.text;
    return module;
  }
  const Results wanted = meaning(*module, program);
  EXPECT_FALSE(wanted.empty());
  for (Phase phase : kPhases) {
    SCOPED_TRACE("phase " + std::to_string(static_cast<int>(phase)));
    if (!runPhase(*module, phase, check.maxLiveKeys, check.form, check.optimize)) {
      ADD_FAILURE() << "phase fails on\n" << program.text;
      return module;
    }
    EXPECT_LT(distance(meaning(*module, program), wanted), check.tolerance) << program.text;
    if (phase != Phase::Import) {
      EXPECT_LT(distance(meaning(*module, program, Domain::Encoded), wanted), check.tolerance)
          << program.text;
    }
  }
  const auto compiled = translateToProgram(*module, /*insecure=*/true);
  if (mlir::failed(compiled)) {
    ADD_FAILURE() << "cannot be translated:\n" << program.text;
    return module;
  }
  for (const program::Op &op : compiled->ops)
    if (check.seen)
      check.seen->insert(op.opcode);
  const Status status = program::Verify(*compiled);
  EXPECT_TRUE(status.ok()) << status.message() << "\n" << program.text;
  if (status.ok()) {
    if (const auto results = evaluate(*compiled, program)) {
      EXPECT_LT(distance(*results, wanted), check.tolerance) << program.text;
    }
  }
  return module;
}

const char *const kForms[] = {"bsgs", "double_hoisted", "horner", "minimum_key"};

TEST(Phases, KeepTheMeaningOfRandomPrograms) {
  const scheme::ParameterLiteral parameters = insecureTestParameters(16);
  std::set<program::Opcode> seen;
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    checkPhases(randomProgram(random, parameters, 2 + static_cast<int>(random() % 24)),
                {.seen = &seen,
                 .maxLiveKeys = static_cast<unsigned>(seed % 4),
                 .form = seed % 2 == 0 ? kForms[0] : kForms[seed / 2 % 4]});
    if (HasFailure())
      return;
  }
  for (int opcode = 0; opcode < program::kOpcodes; ++opcode) {
    const auto each = static_cast<program::Opcode>(opcode);
    const bool bootstraps = each == program::Opcode::kConjugate ||
                            each == program::Opcode::kSwitchSecret ||
                            each == program::Opcode::kModRaise;
    EXPECT_EQ(seen.count(each), !bootstraps) << program::OpcodeName(each);
  }
}

/// A bootstrap keeps the message m but for that of the sine: (2 pi m / 2^8)^2 / 6 of it.
constexpr double kBootstrapTolerance = 1e-3;

/// Squares, some bootstrapped at other scales than the default one; slots repeat with `period`.
TestProgram bootstrapped(size_t period) {
  std::mt19937_64 random(11);
  std::uniform_real_distribution<double> uniform(-1, 1);
  ProgramText text(insecureTestParameters(3));
  std::vector<double> input(period), factors(period);
  for (double &number : input)
    number = uniform(random);
  for (double &number : factors)
    number = uniform(random);
  const std::string x = text.ciphertext(input, period);
  const std::string y = text.bootstrap(text.rescale(text.mul(x, text.rotate(x, 3, false))));
  const std::string z = text.bootstrap(
      text.plain("ckks.mul_plain", y, text.encode(text.weights(0, factors), period), false));
  return text.finish({text.binary("ckks.add", y, z), text.rescale(text.mul(z, z))});
}

TEST(Phases, KeepTheMeaningOfBootstraps) {
  for (const size_t period : {512, 64, 2}) {
    for (const char *form : kForms) {
      SCOPED_TRACE(std::string(form) + ", period " + std::to_string(period));
      std::set<program::Opcode> seen;
      checkPhases(bootstrapped(period),
                  {.seen = &seen, .form = form, .tolerance = kBootstrapTolerance});
      if (HasFailure())
        return;
      for (const auto opcode : {program::Opcode::kConjugate, program::Opcode::kSwitchSecret,
                                program::Opcode::kModRaise, program::Opcode::kBabyStep})
        EXPECT_TRUE(seen.count(opcode)) << program::OpcodeName(opcode);
    }
  }
}

TEST(Phases, KeepTheMeaningWhateverKeysAreChosen) {
  const scheme::ParameterLiteral parameters = insecureTestParameters(16);
  const char *const wishes[] = {"time", "memory", "upload"};
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(1000 + seed);
    checkPhases(randomProgram(random, parameters, 2 + static_cast<int>(random() % 24)),
                {.optimize = wishes[seed % 3]});
    if (HasFailure())
      return;
  }
  for (const char *wish : wishes)
    checkPhases(bootstrapped(64), {.tolerance = kBootstrapTolerance, .optimize = wish});
}

TEST(Phases, UseTheSameKeysForAllBootstraps) {
  std::vector<size_t> keys;
  for (int bootstraps : {1, 3}) {
    ProgramText text(insecureTestParameters(3));
    std::string x = text.ciphertext({0.5, 0.25}, text.slots());
    for (int i = 0; i < bootstraps; ++i)
      x = text.bootstrap(text.rescale(text.mul(x, x)));
    mlir::OwningOpRef<ModuleOp> module =
        checkPhases(text.finish({x}), {.tolerance = kBootstrapTolerance});
    ASSERT_FALSE(HasFailure());
    const auto compiled = translateToProgram(*module, /*insecure=*/true);
    ASSERT_TRUE(mlir::succeeded(compiled));
    EXPECT_EQ(std::count_if(compiled->ops.begin(), compiled->ops.end(),
                            [](const auto &op) { return op.opcode == program::Opcode::kModRaise; }),
              bootstraps);
    keys.push_back(compiled->keys.size());
  }
  EXPECT_EQ(keys[0], keys[1]);
}

TEST(Phases, BootstrapWhatRunsOutOfLevels) {
  ProgramText text(insecureTestParameters(2));
  std::string x = text.ciphertext({0.9, -0.5, 0.1}, text.slots());
  for (int i = 0; i < 6; ++i)
    x = text.series(x, {0, 1, 0, 0.1}, -1, 1); // stays away from 0
  const TestProgram program = text.finish({x});
  mlir::OwningOpRef<ModuleOp> module =
      checkPhases(program, {.tolerance = 10 * kBootstrapTolerance});
  ASSERT_FALSE(HasFailure());
  int raises = 0;
  functionOf(*module).walk(
      [&](mlir::Operation *op) { raises += op->getName().getStringRef() == "ckks.mod_raise"; });
  EXPECT_EQ(raises, 5); // each series takes both levels
}

/// Diagonals around 0 and in the middle, so that there are babies, giants and both signs.
TestProgram transformAndSquare() {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  ProgramText text(insecureTestParameters(3));
  const std::vector<int32_t> indices = {-3, -1, 0, 1, 2, 5, 16, 17, 18, 21, 32, 33, 255, 256};
  std::vector<double> input(100), diagonals(indices.size() * text.slots());
  for (double &number : input)
    number = uniform(random);
  for (double &number : diagonals)
    number = uniform(random);
  const std::string x = text.ciphertext(input, 128);
  const std::string y =
      text.transform(x, text.weights(indices.size(), diagonals), text.slots(), indices);
  return text.finish({text.rescale(text.mul(y, text.rotate(y, 3, false)))});
}

TEST(Phases, NoticeADroppedDiagonal) {
  const TestProgram program = transformAndSquare();
  const Results wanted = meaning(*parse(program), program);
  mlir::OwningOpRef<ModuleOp> module = parse(program);
  ASSERT_TRUE(runPhase(*module, Phase::Import));
  ASSERT_TRUE(runPhase(*module, Phase::Ckks));
  ASSERT_LT(distance(meaning(*module, program), wanted), kTolerance);
  // Each addition of the transform, dropped in turn: 14 diagonals are summed up by 13.
  int additions = 0;
  functionOf(*module).walk(
      [&](mlir::Operation *op) { additions += op->getName().getStringRef() == "ckks.add"; });
  ASSERT_EQ(additions, 13);
  for (int dropped = 0; dropped < additions; ++dropped) {
    mlir::OwningOpRef<ModuleOp> mutant = module->clone();
    int number = 0;
    functionOf(*mutant).walk([&](mlir::Operation *op) {
      if (op->getName().getStringRef() == "ckks.add" && number++ == dropped)
        op->getResult(0).replaceAllUsesWith(op->getOperand(0));
    });
    EXPECT_GT(distance(meaning(*mutant, program), wanted), 1e-3) << "addition " << dropped;
  }
}

/// Whether the final check or the interpreters notice that `mutate` was applied.
template <typename Mutation>
bool isNoticed(ModuleOp original, const TestProgram &program, Mutation mutate) {
  const Results wanted = meaning(original, program);
  mlir::OwningOpRef<ModuleOp> mutant = original.clone();
  mutate(functionOf(*mutant));
  mlir::ScopedDiagnosticHandler quiet(&context(),
                                      [](mlir::Diagnostic &) { return mlir::success(); });
  mlir::PassManager manager(&context());
  manager.addPass(createVerifyProgramForm());
  if (mlir::failed(manager.run(*mutant)))
    return true;
  return !(distance(meaning(*mutant, program), wanted) < kTolerance &&
           distance(meaning(*mutant, program, Domain::Encoded), wanted) < kTolerance);
}

TEST(Phases, NoticeEveryDroppedStep) {
  const TestProgram program = transformAndSquare();
  for (const char *form : {"double_hoisted", "horner", "minimum_key"}) {
    mlir::OwningOpRef<ModuleOp> module = checkPhases(program, {.form = form});
    ASSERT_FALSE(HasFailure());
    int steps = 0;
    const auto isStep = [](mlir::Operation *op) {
      return op->getName().getStringRef() == "key_mgmt.baby_step" ||
             op->getName().getStringRef() == "key_mgmt.giant_step";
    };
    functionOf(*module).walk([&](mlir::Operation *op) { steps += isStep(op); });
    ASSERT_GT(steps, 3);
    for (int dropped = 0; dropped < steps; ++dropped)
      EXPECT_TRUE(isNoticed(*module, program,
                            [&](mlir::func::FuncOp function) {
                              int number = 0;
                              function.walk([&](mlir::Operation *op) {
                                if (isStep(op) && number++ == dropped) {
                                  op->getResult(0).replaceAllUsesWith(op->getOperand(0));
                                  op->erase();
                                }
                              });
                            }))
          << form << ", step " << dropped;
  }
}

TEST(Phases, NoticeEveryDroppedOperationOfTheFinalForm) {
  const TestProgram program = transformAndSquare();
  mlir::OwningOpRef<ModuleOp> module = checkPhases(program);
  ASSERT_FALSE(HasFailure());
  ASSERT_FALSE(isNoticed(*module, program, [](mlir::func::FuncOp) {}));
  const size_t count = functionOf(*module).getBody().front().getOperations().size();
  std::set<std::string> kinds;
  for (size_t i = 0; i + 1 < count; ++i) {
    std::string kind;
    const bool noticed = isNoticed(*module, program, [&](mlir::func::FuncOp function) {
      mlir::Operation *op = &*std::next(function.getBody().front().begin(), static_cast<long>(i));
      // Without a result: erased. With one: passed over, where an operand is of its kind.
      mlir::Value operand;
      if (op->getNumResults() == 1 && op->getNumOperands() > 0 &&
          op->getOperand(0).getType().getTypeID() == op->getResult(0).getType().getTypeID())
        operand = op->getOperand(0);
      if (op->getNumResults() == 1 && !operand)
        return;
      kinds.insert(kind = op->getName().getStringRef().str());
      if (operand)
        op->getResult(0).replaceAllUsesWith(operand);
      op->erase();
    });
    EXPECT_TRUE(noticed || kind.empty()) << "operation " << i << ", " << kind;
  }
  for (const char *kind : {"ckks.add", "ckks.mul", "ckks.mul_plain", "ckks.rescale",
                           "key_mgmt.clear", "key_mgmt.clear_key", "key_mgmt.relinearize",
                           "key_mgmt.rotate", "key_mgmt.rotate_hoisted", "tensor_ext.rotate"})
    EXPECT_TRUE(kinds.count(kind)) << kind;
}

TEST(Phases, NoticeAWrongScale) {
  const TestProgram program = transformAndSquare();
  mlir::OwningOpRef<ModuleOp> module = checkPhases(program);
  ASSERT_FALSE(HasFailure());
  int encodes = 0;
  functionOf(*module).walk(
      [&](mlir::Operation *op) { encodes += op->getName().getStringRef() == "lwe.rlwe_encode"; });
  for (int wrong = 0; wrong < encodes; ++wrong) {
    mlir::OwningOpRef<ModuleOp> mutant = module->clone();
    int number = 0;
    functionOf(*mutant).walk([&](mlir::Operation *op) {
      if (op->getName().getStringRef() != "lwe.rlwe_encode" || number++ != wrong)
        return;
      const double scale = mlir::cast<mlir::FloatAttr>(op->getAttr("scale")).getValueAsDouble();
      op->setAttr("scale", mlir::Builder(&context()).getF64FloatAttr(scale * 1.01));
    });
    EXPECT_GT(distance(meaning(*mutant, program, Domain::Encoded), meaning(*module, program)),
              1e-6);
  }
}

TEST(Phases, UseTheFewestRotations) {
  ProgramText text(insecureTestParameters(2));
  std::vector<int32_t> indices(128);
  std::iota(indices.begin(), indices.end(), 0);
  const std::string x = text.ciphertext({1, 2, 3}, text.slots());
  const TestProgram program = text.finish({text.transform(
      x, text.weights(indices.size(), std::vector<double>(indices.size() * text.slots(), 0.01)),
      text.slots(), indices)});
  mlir::OwningOpRef<ModuleOp> module = checkPhases(program);
  ASSERT_FALSE(HasFailure());
  const auto compiled = translateToProgram(*module, /*insecure=*/true);
  ASSERT_TRUE(mlir::succeeded(compiled));
  using program::Opcode;
  const auto count = [&](Opcode opcode) {
    return std::count_if(compiled->ops.begin(), compiled->ops.end(),
                         [&](const auto &op) { return op.opcode == opcode; });
  };
  EXPECT_EQ(count(Opcode::kRotateHoisted) + count(Opcode::kRotate), 22);
  EXPECT_EQ(count(Opcode::kDecompose), 1);
  EXPECT_EQ(count(Opcode::kRescale), 1);
  EXPECT_EQ(compiled->keys.size(), 22u);
}

} // namespace
} // namespace keymemrt::compiler
