// SPDX-License-Identifier: Apache-2.0
// The execution of a function on what is known; see Execution.h.

#include "compiler/transforms/Flatten/Execution.h"

#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/Mgmt/Mgmt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace keymemrt::compiler {

static bool isEncoded(Type type) {
  return lwe::getCiphertextType(type) || lwe::getPlaintextType(type);
}

InFlightDiagnostic Execution::unknown(Operation *op, const Twine &what, Value value) {
  InFlightDiagnostic error = op->emitOpError("expected ") << what << " known at compile time";
  if (value) {
    Value source = value.getType().isIntOrIndex() ? getUnboundedSource(value) : Value();
    error.attachNote((source ? source : value).getLoc()) << "this is not known";
  }
  return error;
}

void Execution::bind(Value value, Data what) {
  if (what.single.number) {
    known.set(value, what.single.number);
    data.erase(value);
    return;
  }
  known.set(value, {});
  data[value] = std::move(what);
}

std::optional<Data> Execution::get(Value value, Operation *user) {
  if (!isa<ShapedType>(value.getType()))
    if (Attribute number = known.get(value))
      return Data::of(number);
  if (auto it = data.find(value); it != data.end())
    return it->second;
  unknown(user, "a value", value);
  return std::nullopt;
}

bool Execution::isLastUse(OpOperand &use) {
  const auto [it, isNew] = lastUses.try_emplace(&use, false);
  if (!isNew)
    return it->second;
  Value value = use.get();
  Operation *op = use.getOwner();
  // The same answer for all, so that many uses do not take the square of their number.
  if (llvm::count(op->getOperands(), value) != 1 || !value.hasNUsesOrMore(1) ||
      value.hasNUsesOrMore(17))
    return false;
  for (;; op = op->getParentOp()) {
    Block *block = op->getBlock();
    for (Operation *user : value.getUsers()) {
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (ancestor && ancestor != op && op->isBeforeInBlock(ancestor))
        return false;
    }
    if (block == value.getParentBlock())
      return lastUses[&use] = true;
    if (!isBranch(op->getParentOp())) // the next iteration uses it again
      return false;
  }
}

std::optional<Data> Execution::take(OpOperand &operand) {
  std::optional<Data> result = get(operand.get(), operand.getOwner());
  if (result && isa<ShapedType>(operand.get().getType()) && isLastUse(operand))
    data.erase(operand.get());
  return result;
}

SmallVector<Data> Execution::takeOperands(Operation *op) {
  SmallVector<Data> result;
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<Data> taken = take(operand);
    if (!taken)
      return {};
    result.push_back(std::move(*taken));
  }
  return result;
}

FailureOr<std::shared_ptr<Elements>> Execution::getElements(OpOperand &operand, bool own) {
  std::optional<Data> found = own ? take(operand) : get(operand.get(), operand.getOwner());
  if (!found)
    return failure();
  if (found->whole) {
    const std::optional<size_t> count = countElements(found->whole.getType());
    if (!count)
      return operand.getOwner()->emitOpError("expected a tensor of static shape, found ")
             << found->whole.getType();
    auto elements = std::make_shared<Elements>(*count);
    for (size_t i = 0; i < *count; ++i)
      (*elements)[i] = {found->whole, static_cast<int64_t>(i), {}};
    return elements;
  }
  if (!found->elements)
    return operand.getOwner()->emitOpError("expected a tensor, found ") << operand.get().getType();
  if (own && found->elements.use_count() > 1)
    return std::make_shared<Elements>(*found->elements);
  return found->elements;
}

std::optional<int64_t> Execution::getInteger(OpFoldResult number) {
  if (auto attr = dyn_cast<Attribute>(number))
    return cast<IntegerAttr>(attr).getValue().trySExtValue();
  return known.getInteger(cast<Value>(number));
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

LogicalResult Execution::run(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(execute(&op)))
      return failure();
  return success();
}

LogicalResult Execution::executeLoop(LoopLikeOpInterface op) {
  const std::optional<StaticLoop> loop = getStaticLoop(op, known);
  if (!loop) {
    Value bound;
    for (Value operand : op->getOperands())
      if (!bound && operand.getType().isIntOrIndex() && !known.getInteger(operand))
        bound = operand;
    return unknown(op, "bounds of the loop that are", bound);
  }
  SmallVector<Data> carried;
  for (OpOperand &init : op.getInitsMutable()) {
    std::optional<Data> taken = take(init);
    if (!taken)
      return failure();
    carried.push_back(std::move(*taken));
  }
  Block &body = op.getLoopRegions().front()->front();
  for (int64_t i = 0; i < loop->tripCount; ++i) {
    // A body without operations takes its time too.
    if (stepsLeft-- == 0)
      return op->emitOpError("takes too many operations to execute; is this loop meant to be so "
                             "long? The limit is the option 'most-steps'");
    known.setInteger(*op.getSingleInductionVar(), loop->lower + i * loop->step);
    for (auto [argument, value] : llvm::zip_equal(op.getRegionIterArgs(), carried))
      bind(argument, std::move(value));
    if (failed(run(body)))
      return failure();
    carried = takeOperands(body.getTerminator());
    if (carried.size() != op->getNumResults())
      return failure();
  }
  for (auto [result, value] : llvm::zip_equal(op->getResults(), carried))
    bind(result, std::move(value));
  return success();
}

LogicalResult Execution::executeBranch(Operation *op) {
  const std::optional<bool> condition = getCondition(op, known);
  if (!condition) {
    Value operand;
    for (Value value : op->getOperands())
      if (!operand && !known.get(value))
        operand = value;
    return unknown(op, "a condition that is", operand);
  }
  Region &region = op->getRegion(*condition ? 0 : 1);
  if (region.empty())
    return success();
  if (failed(run(region.front())))
    return failure();
  SmallVector<Data> results = takeOperands(region.front().getTerminator());
  if (results.size() != op->getNumResults())
    return failure();
  for (auto [result, value] : llvm::zip_equal(op->getResults(), results))
    bind(result, std::move(value));
  return success();
}

LogicalResult Execution::executeCall(func::CallOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  if (!callee || callee.isExternal() || !callee.getBody().hasOneBlock())
    return op.emitOpError("expected '") << op.getCallee() << "' to be a function of one block";
  if (!active.insert(callee).second)
    return op.emitOpError("calls '")
           << op.getCallee() << "', which is not done yet: recursion is not supported";
  SmallVector<Data> operands = takeOperands(op);
  if (operands.size() != op->getNumOperands())
    return failure();
  Block &body = callee.getBody().front();
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), operands))
    bind(argument, std::move(value));
  if (failed(run(body)))
    return failure();
  SmallVector<Data> results = takeOperands(body.getTerminator());
  if (results.size() != op->getNumResults())
    return failure();
  for (auto [result, value] : llvm::zip_equal(op->getResults(), results))
    bind(result, std::move(value));
  active.erase(callee);
  return success();
}

LogicalResult Execution::execute(Operation *op) {
  if (stepsLeft-- == 0)
    return op->emitOpError(
        "is one operation too many to execute; the limit is the option 'most-steps'");
  if (isLoop(op))
    return executeLoop(cast<LoopLikeOpInterface>(op));
  if (isBranch(op))
    return executeBranch(op);
  if (auto call = dyn_cast<func::CallOp>(op))
    return executeCall(call);
  if (isa<arith::ConstantOp>(op))
    return executeConstant(op);
  for (auto executeKind : {&Execution::executeTensor, &Execution::executeMemory,
                           &Execution::executeStorage, &Execution::executeElementwise})
    if (const std::optional<LogicalResult> done = (this->*executeKind)(op))
      return *done;
  if (auto use = dyn_cast<key_mgmt::UseKeyOp>(op))
    return executeUse(use);
  const StringRef dialect = op->getName().getDialectNamespace();
  if (op->getNumRegions() == 0 &&
      llvm::is_contained({"ckks", "lwe", "orion", "kernel", "key_mgmt"}, dialect))
    return repeat(op);
  if (isa<mgmt::InitOp>(op)) { // a note on what is only known to HEIR
    std::optional<Data> taken = take(op->getOpOperand(0));
    return taken ? (bind(op->getResult(0), std::move(*taken)), success()) : failure();
  }
  if (auto select = dyn_cast<arith::SelectOp>(op);
      select && !select.getType().isIntOrIndexOrFloat()) {
    auto condition = dyn_cast_or_null<IntegerAttr>(known.get(select.getCondition()));
    if (!condition)
      return unknown(op, "a condition that is", select.getCondition());
    std::optional<Data> chosen = take(op->getOpOperand(condition.getValue().isZero() ? 2 : 1));
    return chosen ? (bind(select, std::move(*chosen)), success()) : failure();
  }
  // What is not known now is an error where it is used.
  if (op->getNumRegions() == 0 && (known.evaluate(op) || isMemoryEffectFree(op)))
    return success();
  return op->emitOpError("is not supported: control flow is made of scf.for, scf.if, affine.for, "
                         "affine.if and calls");
}

/// Another name for a key, which a straight line does not need.
LogicalResult Execution::executeUse(key_mgmt::UseKeyOp op) {
  const std::optional<Data> key = get(op.getInputKey(), op);
  if (!key)
    return failure();
  auto is = dyn_cast<key_mgmt::RotKeyType>(key->single.value.getType());
  auto named = dyn_cast<key_mgmt::RotKeyType>(op.getType());
  if (is && named && is.getRotationIndex() && named.getRotationIndex() &&
      is.getRotationIndex() != named.getRotationIndex())
    return op.emitOpError("names a key of index ")
           << *is.getRotationIndex() << " as one of index " << *named.getRotationIndex();
  return bind(op.getKey(), *key), success();
}

LogicalResult Execution::executeConstant(Operation *op) {
  auto constant = cast<arith::ConstantOp>(op);
  if (!isa<ShapedType>(constant.getType()))
    return success(); // KnownValues knows it
  // A resource whose numbers are at hand is a constant like others.
  TypedAttr value = constant.getValue();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      if (bool splat = false;
          DenseElementsAttr::isValidRawBuffer(resource.getType(), blob->getData(), splat))
        value = DenseElementsAttr::getFromRawBuffer(resource.getType(), blob->getData());
  Value &made = constants[value];
  if (!made) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(builder.getInsertionBlock());
    made = arith::ConstantOp::create(builder, op->getLoc(), value);
  }
  Data result;
  result.whole = made;
  bind(constant, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Operations that stay
//===----------------------------------------------------------------------===//

FailureOr<Value> Execution::getOperand(Operation *op, unsigned operand, size_t element,
                                       Type encoded) {
  OpOperand &use = op->getOpOperand(operand);
  const Type type = use.get().getType();
  const std::optional<Data> found = get(use.get(), op);
  if (!found)
    return failure();
  if (found->whole && !isEncoded(type) && !encoded)
    return found->whole;
  if (isa<ShapedType>(type) && !isEncoded(type)) {
    auto numbers = getElements(use);
    if (failed(numbers))
      return failure();
    // The numbers of one of several plaintexts.
    const size_t length =
        encoded ? (*numbers)->size() / *countElements(encoded) : (*numbers)->size();
    const auto tensor = cast<RankedTensorType>(type);
    return materialize(builder, op, ArrayRef(**numbers).slice(element * length, length),
                       encoded ? Type(RankedTensorType::get({static_cast<int64_t>(length)},
                                                            tensor.getElementType()))
                               : type);
  }
  const Element single = isa<ShapedType>(type) ? (*found->elements)[element] : found->single;
  if (!single.isSet())
    return op->emitOpError("uses an element of a tensor that has not been set");
  if (!single.number && single.position < 0)
    return single.value;
  if (single.number) {
    // Numbers are few: each once.
    Value &made = constants[single.number];
    if (!made) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(builder.getInsertionBlock());
      made = arith::ConstantOp::create(builder, op->getLoc(), cast<TypedAttr>(single.number));
    }
    return made;
  }
  return materialize(builder, op, single, type);
}

LogicalResult Execution::repeat(Operation *op) {
  // Tensors of ciphertexts and plaintexts fall into their elements; the verifiers have checked that
  // all have one shape.
  Type tensor;
  for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (isa<ShapedType>(type) && isEncoded(type))
      tensor = type;
  const std::optional<size_t> count = tensor ? countElements(tensor) : 1;
  if (!count || (tensor && !llvm::all_of(op->getResultTypes(), [&](Type type) {
                   return isa<ShapedType>(type) && countElements(type) == count;
                 })))
    return op->emitOpError("expected tensors of one static shape");
  const bool encodes = isa<lwe::RLWEEncodeOp>(op);
  SmallVector<Elements> results(op->getNumResults());
  if ((made += *count) > kMostOperations)
    return op->emitOpError("makes the program longer than ")
           << kMostOperations << " operations; is the loop around it meant to be so long?";
  for (size_t i = 0; i < *count; ++i) {
    SmallVector<Value> operands;
    SmallVector<Type> types;
    for (Type type : op->getResultTypes())
      types.push_back(tensor ? getElementTypeOrSelf(type) : type);
    NamedAttrList attributes(op->getAttrs());
    for (unsigned j = 0; j < op->getNumOperands(); ++j) {
      // The shift of a rotation, the index of a key: as an attribute, in the type.
      const std::optional<int64_t> number =
          j == op->getNumOperands() - 1 && op->getOperand(j).getType().isIntOrIndex()
              ? known.getInteger(op->getOperand(j))
              : std::nullopt;
      if (isa<ckks::RotateOp>(op) && j == 1) {
        if (!number)
          return op->emitOpError("expected a shift that is constant at compile time"), failure();
        attributes.set("static_shift", builder.getI64IntegerAttr(*number));
        attributes.erase("indices"); // of all iterations
        continue;
      }
      FailureOr<Value> operand =
          getOperand(op, j, i, encodes && tensor ? op->getResult(0).getType() : Type());
      if (failed(operand))
        return failure();
      operands.push_back(*operand);
      if (number && isa<key_mgmt::LoadKeyOp, key_mgmt::AssumeLoadedOp>(op)) {
        auto key = cast<key_mgmt::RotKeyType>(types.front());
        types.front() =
            key_mgmt::RotKeyType::get(op->getContext(), *number, key.getLevel(), key.getShape());
        attributes.erase("indices");
      }
    }
    OperationState state(op->getLoc(), op->getName(), operands, types, attributes);
    for (auto [j, result] : llvm::enumerate(builder.create(state)->getResults()))
      results[j].push_back({result, -1, {}});
  }
  for (auto [result, elements] : llvm::zip_equal(op->getResults(), results))
    bind(result, isa<ShapedType>(result.getType()) ? Data::of(std::move(elements))
                                                   : Data::of(elements.front()));
  return success();
}

} // namespace keymemrt::compiler
