// SPDX-License-Identifier: Apache-2.0
// The compiler as one call; see compile.h.

#include "compiler/driver/compile.h"

#include "compiler/dialect/RegisterDialects.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/transforms/ChooseKeySet/ChooseKeySet.h"
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

// One module on its way through the phases; diagnostics go to standard error.
class Compilation {
public:
  Compilation(std::unique_ptr<llvm::MemoryBuffer> buffer, const CompileOptions &options)
      : options(options), name(buffer->getBufferIdentifier().str()),
        context(makeRegistry(), MLIRContext::Threading::DISABLED),
        printer(sources, &context, llvm::errs()), counter(&context, [this](Diagnostic &diagnostic) {
          errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
          return failure(); // on to the printer
        }) {
    context.printOpOnDiagnostic(false); // types are long, and the source line is shown
    sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  }

  Status run(Phase last) {
    module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
    if (!module)
      return fail("is no MLIR module of CKKS operations");
    if (!options.function.empty() && !SymbolTable::lookupSymbolIn(*module, options.function))
      return InvalidArgument("{}: has no function named '{}'", name, options.function);
    PassManager manager(&context);
    addPhasesTo(manager, last,
                {options.function, options.insecure, options.strictTypes, options.regenerateModuli,
                 options.mostSteps, options.transformForm, options.bootstrapForm,
                 options.bootstrapBabySteps, options.optimize, options.memory});
    if (mlir::failed(manager.run(*module)))
      return fail("cannot be compiled");
    return {};
  }

  Result<program::Program> translate() {
    FailureOr<program::Program> program = translateToProgram(*module, options.insecure);
    if (mlir::failed(program))
      return fail("cannot be compiled");
    if (const Status status = program::Verify(*program); !status.ok())
      return Failed("{}: the compiler has made an invalid program, which is a defect of the "
                    "compiler: {}",
                    name, status.message());
    return std::move(*program);
  }

  std::vector<KeySet> keySets() {
    std::vector<KeySet> sets;
    const auto rows = (*module)->getAttrOfType<ArrayAttr>(kKeySetsName);
    for (auto row : rows.getAsRange<DictionaryAttr>()) {
      const auto integer = [&](StringRef name) { return row.getAs<IntegerAttr>(name).getInt(); };
      const auto real = [&](StringRef name) {
        return row.getAs<FloatAttr>(name).getValueAsDouble();
      };
      sets.push_back({integer("keys"), static_cast<uint64_t>(integer("key_bytes")),
                      static_cast<uint64_t>(integer("least_bytes")), real("seconds"),
                      real("wall_seconds"), row.contains("chosen")});
    }
    return sets;
  }

  std::string print() {
    std::string text;
    llvm::raw_string_ostream stream(text);
    (*module)->print(stream); // unlike <<, with aliases
    return text;
  }

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }
  Status fail(const char *what) const {
    return Corrupt("{}: {} ({} error{}, shown above)", name, what, errors, errors == 1 ? "" : "s");
  }

  const CompileOptions &options;
  const std::string name;
  MLIRContext context;
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler printer;
  int errors = 0;
  ScopedDiagnosticHandler counter;
  OwningOpRef<ModuleOp> module;
};

Result<program::Program> compile(std::unique_ptr<llvm::MemoryBuffer> buffer,
                                 const CompileOptions &options) {
  Compilation compilation(std::move(buffer), options);
  if (const Status status = compilation.run(Phase::Program); !status.ok())
    return status;
  return compilation.translate();
}

Result<std::unique_ptr<llvm::MemoryBuffer>> open(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return InvalidArgument("{}: cannot be read: {}", path, buffer.getError().message());
  return std::move(*buffer);
}

} // namespace

std::vector<std::string> PhaseNames() {
  std::vector<std::string> names;
  for (Phase phase : kPhases)
    names.push_back(getPhaseName(phase).str());
  return names;
}

Result<program::Program> CompileFile(const std::string &path, const CompileOptions &options) {
  auto buffer = open(path);
  return buffer.ok() ? compile(std::move(*buffer), options) : buffer.status();
}

Result<std::string> CompileFileTo(const std::string &phase, const std::string &path,
                                  const CompileOptions &options) {
  const std::optional<Phase> last = getPhase(phase);
  if (!last)
    return InvalidArgument("expected a phase, found '{}'", phase);
  auto buffer = open(path);
  if (!buffer.ok())
    return buffer.status();
  Compilation compilation(std::move(*buffer), options);
  if (const Status status = compilation.run(*last); !status.ok())
    return status;
  return compilation.print();
}

Result<std::vector<KeySet>> KeySetsOfFile(const std::string &path, const CompileOptions &options) {
  auto buffer = open(path);
  if (!buffer.ok())
    return buffer.status();
  Compilation compilation(std::move(*buffer), options);
  if (const Status status = compilation.run(Phase::Ckks); !status.ok())
    return status;
  return compilation.keySets();
}

Result<program::Program> CompileText(const std::string &text, const std::string &name,
                                     const CompileOptions &options) {
  return compile(llvm::MemoryBuffer::getMemBufferCopy(text, name), options);
}

} // namespace keymemrt::compiler
