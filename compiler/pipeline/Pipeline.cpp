// SPDX-License-Identifier: Apache-2.0
// The named phases of the compiler; see Pipeline.h.

#include "compiler/pipeline/Pipeline.h"

#include "compiler/transforms/AffineFullUnroll/AffineFullUnroll.h"
#include "compiler/transforms/AnnotateKeyLevels/AnnotateKeyLevels.h"
#include "compiler/transforms/AnnotateLiveness/AnnotateLiveness.h"
#include "compiler/transforms/CheckParameters/CheckParameters.h"
#include "compiler/transforms/ChooseBootstrapParameters/ChooseBootstrapParameters.h"
#include "compiler/transforms/ChooseKeySet/ChooseKeySet.h"
#include "compiler/transforms/ExpandBootstrap/ExpandBootstrap.h"
#include "compiler/transforms/Flatten/Flatten.h"
#include "compiler/transforms/HoistRotations/HoistRotations.h"
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h"
#include "compiler/transforms/InsertClears/InsertClears.h"
#include "compiler/transforms/InsertKeys/InsertKeys.h"
#include "compiler/transforms/LowerChebyshev/LowerChebyshev.h"
#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h"
#include "compiler/transforms/LowerToOpenFHE/LowerToOpenFHE.h"
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"
#include "compiler/transforms/MulToAdd/MulToAdd.h"
#include "compiler/transforms/Normalize/Normalize.h"
#include "compiler/transforms/PlaceBootstraps/PlaceBootstraps.h"
#include "compiler/transforms/PlaceRescales/PlaceRescales.h"
#include "compiler/transforms/PrefetchKeys/PrefetchKeys.h"
#include "compiler/transforms/RegenerateModuli/RegenerateModuli.h"
#include "compiler/transforms/RemoveUnnecessaryBootstraps/RemoveUnnecessaryBootstraps.h"
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
    manager.addPass(createPlaceBootstraps({options.insecure}));
    manager.addPass(createChooseBootstrapParameters({options.insecure}));
    break;
  case Phase::Ckks:
    manager.addNestedPass<func::FuncOp>(createInferLevelsAndScales());
    if (!options.opaqueBootstrap)
      manager.addNestedPass<func::FuncOp>(
          createExpandBootstrap({options.bootstrapForm, options.bootstrapBabySteps}));
    manager.addNestedPass<func::FuncOp>(createLowerChebyshev());
    if (!options.optimize.empty())
      manager.addNestedPass<func::FuncOp>(createChooseKeySet({options.optimize, options.memory}));
    manager.addNestedPass<func::FuncOp>(createLowerLinearTransform({options.transformForm}));
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
  Option<std::string> transformForm{
      *this, "transform-form",
      llvm::cl::desc("Of linear transforms: bsgs, double_hoisted, horner or minimum_key"),
      llvm::cl::init(PipelineOptions().transformForm)};
  Option<std::string> bootstrapForm{
      *this, "bootstrap-form",
      llvm::cl::desc("The same of bootstrapping's CoeffToSlot and SlotToCoeff"),
      llvm::cl::init(PipelineOptions().bootstrapForm)};
  Option<int> bootstrapBabySteps{
      *this, "bootstrap-baby-steps",
      llvm::cl::desc("Baby steps of each of their stages; 0: the fastest number"),
      llvm::cl::init(PipelineOptions().bootstrapBabySteps)};
  Option<std::string> optimize{
      *this, "optimize",
      llvm::cl::desc("Choose all of these over the whole program by time, memory or upload"),
      llvm::cl::init(PipelineOptions().optimize)};
  Option<uint64_t> memory{*this, "memory",
                          llvm::cl::desc("Bytes of slots that the choice is to fit into"),
                          llvm::cl::init(PipelineOptions().memory)};
  Option<bool> opaqueBootstrap{
      *this, "opaque-bootstrap",
      llvm::cl::desc("Leave each ckks.bootstrap whole, for comparison: no program holds one"),
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
        PipelineOptions all;
        all.function = options.function;
        all.insecure = options.insecure;
        all.strictTypes = options.strictTypes;
        all.regenerateModuli = options.regenerateModuli;
        all.transformForm = options.transformForm;
        all.bootstrapForm = options.bootstrapForm;
        all.bootstrapBabySteps = options.bootstrapBabySteps;
        all.optimize = options.optimize;
        all.memory = options.memory;
        all.opaqueBootstrap = options.opaqueBootstrap;
        addPhasesTo(manager, last, all);
      });
}

} // namespace

void registerPasses() {
  registerVerifyTypes();
  registerRegenerateModuli();
  registerCheckParameters();
  registerAffineFullUnroll();
  registerFlatten();
  registerPlaceBootstraps();
  registerRemoveUnnecessaryBootstraps();
  registerChooseBootstrapParameters();
  registerChooseKeySet();
  registerExpandBootstrap();
  registerNormalize();
  registerMulToAdd();
  registerPlaceRescales();
  registerInferLevelsAndScales();
  registerLowerChebyshev();
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
  registerLowerToOpenFHE();
  for (Phase phase : kPhases)
    registerPipeline(phase);
}

} // namespace keymemrt::compiler
