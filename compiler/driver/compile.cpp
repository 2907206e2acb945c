// SPDX-License-Identifier: Apache-2.0
// The compiler as one call; see compile.h.

#include "compiler/driver/compile.h"

#include "compiler/dialect/RegisterDialects.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/translate/Translate.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace keymemrt::compiler {

namespace {

Result<program::Program> compile(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                 const CompileOptions &options) {
  const std::string name = buffer->getBufferIdentifier().str();
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false); // types are long, and the source line is shown

  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  SourceMgrDiagnosticHandler printer(sources, &context, llvm::errs());
  int errors = 0;
  ScopedDiagnosticHandler counter(&context, [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return failure(); // on to the printer
  });
  auto failed = [&](const char *what) {
    return Corrupt("{}: {} ({} error{}, shown above)", name, what, errors, errors == 1 ? "" : "s");
  };

  const OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return failed("is no MLIR module of CKKS operations");
  if (!options.function.empty() && !SymbolTable::lookupSymbolIn(*module, options.function))
    return InvalidArgument("{}: has no function named '{}'", name, options.function);
  PassManager manager(&context);
  addPhasesTo(manager, Phase::Program, {options.function, options.insecure});
  if (mlir::failed(manager.run(*module)))
    return failed("cannot be compiled");
  FailureOr<program::Program> program = translateToProgram(*module, options.insecure);
  if (mlir::failed(program))
    return failed("cannot be compiled");
  if (const Status status = program::Verify(*program); !status.ok())
    return Failed(
        "{}: the compiler has made an invalid program, which is a defect of the compiler: {}", name,
        status.message());
  return std::move(*program);
}

} // namespace

Result<program::Program> CompileFile(const std::string &path, const CompileOptions &options) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return InvalidArgument("{}: cannot be read: {}", path, buffer.getError().message());
  return compile(std::move(*buffer), options);
}

Result<program::Program> CompileText(const std::string &text, const std::string &name,
                                     const CompileOptions &options) {
  return compile(llvm::MemoryBuffer::getMemBufferCopy(text, name), options);
}

} // namespace keymemrt::compiler
