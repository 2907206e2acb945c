// SPDX-License-Identifier: Apache-2.0
// Completion, diagnostics and definitions of this project's dialects for editors that speak the language server
// protocol.

#include "compiler/dialect/RegisterDialects.h"
#include "llvm/Support/LogicalResult.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char** argv) {
  mlir::DialectRegistry registry;
  keymemrt::compiler::registerDialects(registry);
  return llvm::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
