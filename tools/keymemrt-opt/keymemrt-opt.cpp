// SPDX-License-Identifier: Apache-2.0
// mlir-opt for this project's dialects.

#include "compiler/dialect/RegisterDialects.h"
#include "compiler/pipeline/Pipeline.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  keymemrt::compiler::registerDialects(registry);
  mlir::registerTransformsPasses();
  keymemrt::compiler::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "KeyMemRT optimizer driver\n", registry));
}
