// SPDX-License-Identifier: Apache-2.0
// The named phases of the compiler; see Pipeline.h.

#include "compiler/pipeline/Pipeline.h"

#include "compiler/transforms/CheckParameters/CheckParameters.h"
#include "compiler/transforms/HoistRotations/HoistRotations.h"
#include "compiler/transforms/InferLevelsAndScales/InferLevelsAndScales.h"
#include "compiler/transforms/InsertClears/InsertClears.h"
#include "compiler/transforms/InsertKeys/InsertKeys.h"
#include "compiler/transforms/LowerLinearTransform/LowerLinearTransform.h"
#include "compiler/transforms/MergeKeyLifetimes/MergeKeyLifetimes.h"
#include "compiler/transforms/Normalize/Normalize.h"
#include "compiler/transforms/VerifyKeyLifetimes/VerifyKeyLifetimes.h"
#include "compiler/transforms/VerifyProgramForm/VerifyProgramForm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace keymemrt::compiler {

void addPhase(OpPassManager &manager, Phase phase, const PipelineOptions &options) {
  switch (phase) {
  case Phase::Import:
    manager.addPass(createCheckParameters({options.insecure}));
    manager.addPass(createNormalize({options.function}));
    // Before encodings get their place: merged later, a plaintext would live from its first use to
    // a far one.
    manager.addPass(mlir::createCSEPass());
    return;
  case Phase::Ckks:
    manager.addNestedPass<func::FuncOp>(createInferLevelsAndScales());
    manager.addNestedPass<func::FuncOp>(createLowerLinearTransform());
    return;
  case Phase::Keyed:
    manager.addNestedPass<func::FuncOp>(createInsertKeys());
    manager.addNestedPass<func::FuncOp>(createHoistRotations());
    manager.addNestedPass<func::FuncOp>(createMergeKeyLifetimes());
    manager.addNestedPass<func::FuncOp>(createVerifyKeyLifetimes({/*report=*/false}));
    return;
  case Phase::Program:
    manager.addNestedPass<func::FuncOp>(createInsertClears());
    manager.addPass(createVerifyProgramForm());
    return;
  }
}

void addPhasesTo(OpPassManager &manager, Phase last, const PipelineOptions &options) {
  for (Phase phase : {Phase::Import, Phase::Ckks, Phase::Keyed, Phase::Program})
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
};

void registerPipeline(StringRef name, StringRef description, Phase last) {
  PassPipelineRegistration<CommandLineOptions>(
      name, description, [last](OpPassManager &manager, const CommandLineOptions &options) {
        addPhasesTo(manager, last, {options.function, options.insecure});
      });
}

} // namespace

void registerPasses() {
  registerCheckParameters();
  registerNormalize();
  registerInferLevelsAndScales();
  registerLowerLinearTransform();
  registerInsertKeys();
  registerHoistRotations();
  registerMergeKeyLifetimes();
  registerInsertClears();
  registerVerifyKeyLifetimes();
  registerVerifyProgramForm();
  registerPipeline("keymemrt-to-import",
                   "Run phase import: check parameters, normalise the program", Phase::Import);
  registerPipeline("keymemrt-to-ckks",
                   "Run import and ckks: infer levels and scales, lower linear transforms",
                   Phase::Ckks);
  registerPipeline("keymemrt-to-keyed",
                   "Run import, ckks and keyed: make keys values with lifetimes", Phase::Keyed);
  registerPipeline("keymemrt-to-program",
                   "Run all phases: mark last uses too and check the form of a program",
                   Phase::Program);
}

} // namespace keymemrt::compiler
