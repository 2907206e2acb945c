// SPDX-License-Identifier: Apache-2.0
// Static control flow, executed.

#include "compiler/transforms/Flatten/Flatten.h"

#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "compiler/transforms/Flatten/Execution.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_FLATTEN
#include "compiler/transforms/Flatten/Flatten.h.inc"

namespace {

/// Encryption, decryption and packing on the client's side, which HEIR puts beside the program.
bool isClientHelper(func::FuncOp function) {
  return llvm::any_of(function->getDiscardableAttrs(), [](NamedAttribute attr) {
    const StringRef name = attr.getName();
    return name.starts_with("client.") && name != "client.preprocessed_func";
  });
}

FailureOr<func::FuncOp> selectFunction(ModuleOp module, StringRef name) {
  llvm::StringSet<> called;
  module.walk([&](func::CallOp op) {
    auto around = op->getParentOfType<func::FuncOp>();
    if (!around || around.getName() != op.getCallee())
      called.insert(op.getCallee());
  });
  SmallVector<func::FuncOp> candidates;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!name.empty() && function.getName() == name) {
      if (function.isExternal())
        return function.emitError("expected function '") << name << "' to have a body";
      return function;
    }
    if (!function.isExternal() && !isClientHelper(function) && !called.contains(function.getName()))
      candidates.push_back(function);
  }
  if (!name.empty())
    return module.emitError("expected a function named '") << name << "'";
  if (candidates.empty())
    return module.emitError("expected a function to compile: one with a body and no 'client.*' "
                            "attribute that no other calls");
  if (candidates.size() > 1) {
    InFlightDiagnostic error = module.emitError("expected one function to compile, found ")
                               << candidates.size() << "; name one with the option 'function'";
    for (func::FuncOp function : candidates)
      error.attachNote(function.getLoc()) << "'" << function.getName() << "' is one";
    return error;
  }
  return candidates.front();
}

class Flattener {
public:
  Flattener(func::FuncOp function, uint64_t mostSteps)
      : function(function), builder(function.getContext()), execution(builder, mostSteps) {}

  LogicalResult run() {
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected structured control flow (scf or affine), found branches "
                                "between ")
             << function.getBody().getBlocks().size() << " blocks";
    builder.setInsertionPoint(function);
    flat = func::FuncOp::create(builder, function.getLoc(), function.getName(),
                                builder.getFunctionType({}, {}));
    flat->setDiscardableAttrs(function->getDiscardableAttrDictionary());
    Block *block = flat.addEntryBlock();
    builder.setInsertionPointToStart(block);
    Block &body = function.getBody().front();
    for (BlockArgument argument : body.getArguments())
      if (failed(bindArgument(argument)))
        return failure();
    if (failed(execution.run(body)) || failed(makeReturn(body.getTerminator())))
      return failure();
    flat.setFunctionType(builder.getFunctionType(block->getArgumentTypes(),
                                                 block->getTerminator()->getOperandTypes()));
    flat.setAllArgAttrs(argumentAttrs);
    flat.setAllResultAttrs(resultAttrs);
    return success();
  }

  /// Replaces the function by the flat one, or takes the flat one back.
  void finish(bool success) {
    if (!success) {
      if (flat)
        flat.erase();
      return;
    }
    const StringAttr visibility = function.getSymVisibilityAttr();
    function.erase();
    if (visibility)
      flat.setSymVisibilityAttr(visibility);
  }
  func::FuncOp getFlat() { return flat; }

private:
  /// The attributes of element `element` of `count`, of argument or result `number`. It keeps its
  /// name where it is given another position.
  DictionaryAttr rename(DictionaryAttr attrs, StringRef what, size_t number, size_t element,
                        size_t count, size_t position) {
    NamedAttrList list(attrs);
    const std::string name = (what + Twine(number)).str();
    if (count > 1)
      list.set("kmrt.name", builder.getStringAttr(name + "." + Twine(element)));
    else if (position != number)
      list.set("kmrt.name", builder.getStringAttr(name));
    return list.getDictionary(builder.getContext());
  }

  LogicalResult bindArgument(BlockArgument argument) {
    const Type type = argument.getType();
    const unsigned number = argument.getArgNumber();
    Block &block = flat.getBody().front();
    const DictionaryAttr attrs = function.getArgAttrDict(number);
    auto tensor = dyn_cast<RankedTensorType>(type);
    const bool split = tensor && (lwe::getCiphertextType(type) || lwe::getPlaintextType(type));
    if (split && (!tensor.hasStaticShape() || tensor.getNumElements() > (1 << 20)))
      return mlir::emitError(argument.getLoc())
             << "expected a tensor of static shape and at most 2^20 ciphertexts, found " << type;
    const size_t count = split ? static_cast<size_t>(tensor.getNumElements()) : 1;
    Elements elements;
    for (size_t i = 0; i < count; ++i) {
      const size_t position = block.getNumArguments();
      const BlockArgument made =
          block.addArgument(split ? tensor.getElementType() : type, argument.getLoc());
      elements.push_back({made, -1, {}});
      argumentAttrs.push_back(rename(attrs, "arg", number, i, count, position));
    }
    if (split) {
      execution.bind(argument, Data::of(std::move(elements)));
    } else if (isa<ShapedType>(type)) {
      Data whole;
      whole.whole = elements.front().value;
      execution.bind(argument, whole);
    } else if (!type.isIntOrIndexOrFloat()) { // a single number is not known
      execution.bind(argument, Data::of(elements.front()));
    }
    return success();
  }

  LogicalResult makeReturn(Operation *op) {
    SmallVector<Data> results = execution.takeOperands(op);
    if (results.size() != op->getNumOperands())
      return failure();
    SmallVector<Value> operands;
    for (auto [number, result] : llvm::enumerate(results)) {
      const DictionaryAttr attrs = function.getResultAttrDict(number);
      const Elements elements = result.elements ? *result.elements : Elements{result.single};
      for (auto [i, element] : llvm::enumerate(elements)) {
        if (!element.value || element.position >= 0)
          return op->emitOpError("expected to return ciphertexts, found ")
                 << op->getOperand(number).getType();
        resultAttrs.push_back(rename(attrs, "result", number, i, elements.size(), operands.size()));
        operands.push_back(element.value);
      }
    }
    func::ReturnOp::create(builder, op->getLoc(), operands);
    return success();
  }

  func::FuncOp function, flat;
  OpBuilder builder;
  Execution execution;
  SmallVector<DictionaryAttr> argumentAttrs, resultAttrs;
};

struct Flatten : impl::FlattenBase<Flatten> {
  using FlattenBase::FlattenBase;

  void runOnOperation() override {
    FailureOr<func::FuncOp> selected = selectFunction(getOperation(), function);
    if (failed(selected))
      return signalPassFailure();
    Flattener flattener(*selected, mostSteps);
    const bool done = succeeded(flattener.run());
    flattener.finish(done);
    if (!done)
      return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(*getOperation().getBody()))
      if (&op != flattener.getFlat())
        op.erase();
  }
};

} // namespace

} // namespace keymemrt::compiler
