// SPDX-License-Identifier: Apache-2.0
// The named phases of the compiler; see Pipeline.h.

#include "compiler/pipeline/Pipeline.h"

#include "compiler/transforms/AnnotateKeyLevels/AnnotateKeyLevels.h"
#include "compiler/transforms/AnnotateLiveness/AnnotateLiveness.h"
#include "compiler/transforms/CheckParameters/CheckParameters.h"
#include "compiler/transforms/Flatten/Flatten.h"
#include "compiler/transforms/HoistRotations/HoistRotations.h"
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h"
#include "compiler/transforms/InsertClears/InsertClears.h"
#include "compiler/transforms/InsertKeys/InsertKeys.h"
#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h"
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"
#include "compiler/transforms/MulToAdd/MulToAdd.h"
#include "compiler/transforms/Normalize/Normalize.h"
#include "compiler/transforms/PrefetchKeys/PrefetchKeys.h"
#include "compiler/transforms/RegenerateModuli/RegenerateModuli.h"
#include "compiler/transforms/ReuseBuffers/ReuseBuffers.h"
#include "compiler/transforms/RotationIndexAnalysis/RotationIndexAnalysis.h"
#include "compiler/transforms/VerifyKeyLifetimes/VerifyKeyLifetimes.h"
#include "compiler/transforms/VerifyPhase/VerifyPhase.h"
#include "compiler/transforms/VerifyProgramForm/VerifyProgramForm.h"
#include "compiler/transforms/VerifyTypes/VerifyTypes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace keymemrt::compiler {

StringRef getPhaseName(Phase phase) {
  switch (phase) {
  case Phase::Import:
    return "import";
  case Phase::Ckks:
    return "ckks";
  case Phase::Keyed:
    return "keyed";
  case Phase::Planned:
    return "planned";
  case Phase::Program:
    return "program";
  }
  llvm_unreachable("no phase");
}

std::optional<Phase> getPhase(StringRef name) {
  for (Phase phase : kPhases)
    if (getPhaseName(phase) == name)
      return phase;
  return std::nullopt;
}

void addPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Import:
    if (options.strictTypes)
      manager.addPass(createVerifyTypes());
    if (options.regenerateModuli)
      manager.addPass(createRegenerateModuli());
    manager.addPass(createCheckParameters({options.insecure}));
    manager.addPass(createFlatten({options.function, options.mostSteps}));
    manager.addPass(createNormalize());
    // Before encodings get their place: merged later, a plaintext would live from its first use to
    // a far one.
    manager.addPass(mlir::createCSEPass());
    break;
  case Phase::Ckks:
    manager.addNestedPass<func::FuncOp>(createInferLevelsAndScales());
    manager.addNestedPass<func::FuncOp>(createLowerLinearTransform());
    break;
  case Phase::Keyed:
    manager.addNestedPass<func::FuncOp>(createInsertKeys());
    manager.addNestedPass<func::FuncOp>(createHoistRotations());
    manager.addNestedPass<func::FuncOp>(createAnnotateKeyLevels());
    break;
  case Phase::Planned:
    manager.addNestedPass<func::FuncOp>(createMergeKeyLifetimes());
    manager.addNestedPass<func::FuncOp>(createVerifyKeyLifetimes({/*report=*/false}));
    manager.addNestedPass<func::FuncOp>(createInsertClears());
    break;
  case Phase::Program:
    manager.addPass(createVerifyProgramForm());
    return;
  }
  manager.addPass(createVerifyPhase({getPhaseName(phase).str()}));
}

void addPhasesTo(OpPassManager &manager, Phase last, const PipelineOptions &options) {
  for (Phase phase : kPhases)
    if (phase <= last)
      addPhase(manager, phase, options);
}

namespace {

struct CommandLineOptions : PassPipelineOptions<CommandLineOptions> {
  Option<std::string> function{*this, "function",
                               llvm::cl::desc("The function to compile, where there are several")};
  Option<bool> insecure{*this, "insecure",
                        llvm::cl::desc("Accept parameters above the 128-bit bound"),
                        llvm::cl::init(false)};
  Option<bool> strictTypes{*this, "strict-types",
                           llvm::cl::desc("Insist on the levels and scales in the input's types"),
                           llvm::cl::init(false)};
  Option<bool> regenerateModuli{
      *this, "regenerate-moduli",
      llvm::cl::desc("Replace moduli that are no NTT primes by primes of their size"),
      llvm::cl::init(false)};
};

void registerPipeline(Phase last) {
  std::string description = "Run the phases up to this one: ";
  for (Phase phase : kPhases)
    if (phase <= last)
      description += (phase == Phase::Import ? "" : ", ") + getPhaseName(phase).str();
  PassPipelineRegistration<CommandLineOptions>(
      "keymemrt-to-" + getPhaseName(last).str(), description,
      [last](OpPassManager &manager, const CommandLineOptions &options) {
        addPhasesTo(
            manager, last,
            {options.function, options.insecure, options.strictTypes, options.regenerateModuli});
      });
}

} // namespace

void registerPasses() {
  registerVerifyTypes();
  registerRegenerateModuli();
  registerCheckParameters();
  registerFlatten();
  registerNormalize();
  registerMulToAdd();
  registerInferLevelsAndScales();
  registerLowerLinearTransform();
  registerInsertKeys();
  registerHoistRotations();
  registerMergeKeyLifetimes();
  registerPrefetchKeys();
  registerInsertClears();
  registerAnnotateLiveness();
  registerReuseBuffers();
  registerAnnotateKeyLevels();
  registerVerifyKeyLifetimes();
  registerRotationIndexAnalysis();
  registerVerifyPhase();
  registerVerifyProgramForm();
  for (Phase phase : kPhases)
    registerPipeline(phase);
}

} // namespace keymemrt::compiler
