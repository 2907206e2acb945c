// SPDX-License-Identifier: Apache-2.0
// The execution of a function on what is known; see Execution.h.

#include "compiler/transforms/Flatten/Execution.h"

#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/Mgmt/Mgmt.h"
#include "compiler/dialect/Preprocessing/Preprocessing.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace keymemrt::compiler {

/// The most elements of a tensor; more is hostile.
static constexpr int64_t kMostElements = int64_t{1} << 26;

static bool isEncoded(Type type) {
  return lwe::getCiphertextType(type) || lwe::getPlaintextType(type);
}

/// How many elements a tensor or memref has; 1 of anything else; nullopt: dynamic, or too many.
static std::optional<size_t> countElements(Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return 1;
  if (!shaped.hasStaticShape())
    return std::nullopt;
  int64_t count = 1;
  for (int64_t size : shaped.getShape())
    if (llvm::MulOverflow(count, size, count) || count > kMostElements)
      return std::nullopt;
  return static_cast<size_t>(count);
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
// Tensors
//===----------------------------------------------------------------------===//

/// The place of `indices` in row-major order; nullopt: outside.
static std::optional<size_t> linearize(ArrayRef<int64_t> indices, ArrayRef<int64_t> shape) {
  int64_t position = 0;
  for (auto [index, size] : llvm::zip_equal(indices, shape)) {
    if (index < 0 || index >= size)
      return std::nullopt;
    position = position * size + index;
  }
  return static_cast<size_t>(position);
}

LogicalResult Execution::executeSlice(Operation *op, RankedTensorType whole, RankedTensorType part,
                                      bool insert) {
  auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
  SmallVector<int64_t> offsets, sizes, strides;
  for (auto [mixed, numbers] :
       {std::pair(slice.getMixedOffsets(), &offsets), std::pair(slice.getMixedSizes(), &sizes),
        std::pair(slice.getMixedStrides(), &strides)})
    for (OpFoldResult number : mixed) {
      const std::optional<int64_t> integer = getInteger(number);
      if (!integer)
        return unknown(op, "a slice that is", dyn_cast<Value>(number));
      numbers->push_back(*integer);
    }
  const std::optional<size_t> count = countElements(part);
  int64_t product = 1;
  for (int64_t size : sizes)
    if (size < 0 || llvm::MulOverflow(product, size, product))
      return op->emitOpError("expected sizes that are not negative");
  if (!whole.hasStaticShape() || !count || static_cast<int64_t>(*count) != product)
    return op->emitOpError("expected a slice of static shape, found ") << part;
  // Where each element of the part is in the whole.
  std::vector<size_t> positions(*count);
  SmallVector<int64_t> index(sizes.size(), 0);
  for (size_t i = 0; i < *count; ++i) {
    SmallVector<int64_t> place;
    for (size_t d = 0; d < sizes.size(); ++d) {
      int64_t step = 0, at = 0;
      if (llvm::MulOverflow(index[d], strides[d], step) || llvm::AddOverflow(offsets[d], step, at))
        at = -1;
      place.push_back(at);
    }
    const std::optional<size_t> position = linearize(place, whole.getShape());
    if (!position)
      return op->emitOpError("has a slice that is not inside ") << whole;
    positions[i] = *position;
    for (size_t d = sizes.size(); d-- > 0 && ++index[d] == sizes[d];)
      index[d] = 0;
  }
  if (insert) {
    FailureOr<std::shared_ptr<Elements>> source = getElements(op->getOpOperand(0));
    FailureOr<std::shared_ptr<Elements>> dest = getElements(op->getOpOperand(1), /*own=*/true);
    if (failed(source) || failed(dest))
      return failure();
    for (size_t i = 0; i < *count; ++i)
      (**dest)[positions[i]] = (**source)[i];
    return bind(op->getResult(0), {{}, *dest, {}, nullptr}), success();
  }
  std::optional<Data> source = get(op->getOperand(0), op);
  if (!source)
    return failure();
  Elements result(*count);
  for (size_t i = 0; i < *count; ++i)
    result[i] = source->whole ? Element{source->whole, static_cast<int64_t>(positions[i]), {}}
                              : (*source->elements)[positions[i]];
  return bind(op->getResult(0), Data::of(std::move(result))), success();
}

LogicalResult Execution::executeConcat(Operation *op, int64_t dimension) {
  const auto type = cast<RankedTensorType>(op->getResult(0).getType());
  const std::optional<size_t> count = countElements(type);
  if (!count || !type.hasStaticShape())
    return op->emitOpError("expected a tensor of static shape, found ") << type;
  // Rows of each operand in turn, a row being all dimensions from `dimension` on.
  size_t rows = 1;
  for (int64_t size : type.getShape().take_front(dimension))
    rows *= static_cast<size_t>(size);
  SmallVector<std::shared_ptr<Elements>> parts;
  for (OpOperand &operand : op->getOpOperands()) {
    auto part = getElements(operand);
    if (failed(part))
      return failure();
    parts.push_back(*part);
  }
  Elements result;
  for (size_t row = 0; row < rows; ++row)
    for (const auto &part : parts) {
      const size_t length = part->size() / rows;
      result.insert(result.end(), part->begin() + static_cast<long>(row * length),
                    part->begin() + static_cast<long>((row + 1) * length));
    }
  return bind(op->getResult(0), Data::of(std::move(result))), success();
}

std::optional<LogicalResult> Execution::executeTensor(Operation *op) {
  const auto position = [&](ValueRange values, ShapedType type) -> FailureOr<size_t> {
    SmallVector<int64_t> indices;
    for (Value value : values) {
      const std::optional<int64_t> index = known.getInteger(value);
      if (!index)
        return unknown(op, "an index that is", value), failure();
      indices.push_back(*index);
    }
    const std::optional<size_t> result = linearize(indices, type.getShape());
    if (!result)
      return op->emitOpError("has an index outside of ") << type;
    return *result;
  };
  const auto done = [&](Elements elements) -> LogicalResult {
    return bind(op->getResult(0), Data::of(std::move(elements))), success();
  };
  /// The same elements in another shape.
  const auto rename = [&](auto) -> LogicalResult {
    std::optional<Data> taken = take(op->getOpOperand(0));
    if (!taken)
      return failure();
    if (taken->whole && taken->whole.getType() != op->getResult(0).getType()) {
      auto elements = getElements(op->getOpOperand(0));
      if (failed(elements))
        return failure();
      taken = Data{{}, *elements, {}, nullptr};
    }
    return bind(op->getResult(0), std::move(*taken)), success();
  };
  using Result = std::optional<LogicalResult>;
  if (op->getNumResults() == 1)
    if (isa<ShapedType>(op->getResult(0).getType()) && !countElements(op->getResult(0).getType()))
      return op->emitOpError("expected a tensor of static shape and at most ")
             << kMostElements << " elements, found " << op->getResult(0).getType();
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](tensor::EmptyOp op) -> Result {
        return done(Elements(*countElements(op.getType())));
      })
      .Case([&](tensor::ExtractOp op) -> Result {
        const auto at = position(op.getIndices(), op.getTensor().getType());
        std::optional<Data> tensor = failed(at) ? std::nullopt : get(op.getTensor(), op);
        if (!tensor)
          return failure();
        Element element = tensor->whole ? Element{tensor->whole, static_cast<int64_t>(*at), {}}
                                        : (*tensor->elements)[*at];
        if (Attribute number = getNumber(element))
          element = {{}, -1, number};
        return bind(op.getResult(), Data::of(element)), success();
      })
      .Case([&](tensor::InsertOp op) -> Result {
        const auto at = position(op.getIndices(), op.getType());
        const std::optional<Data> scalar = failed(at) ? std::nullopt : get(op.getScalar(), op);
        if (!scalar)
          return failure();
        auto elements = getElements(op.getDestMutable(), /*own=*/true);
        if (failed(elements))
          return failure();
        (**elements)[*at] = scalar->single;
        return bind(op.getResult(), {{}, *elements, {}, nullptr}), success();
      })
      .Case([&](tensor::ExtractSliceOp op) -> Result {
        return executeSlice(op, op.getSourceType(), op.getType(), /*insert=*/false);
      })
      .Case([&](tensor::InsertSliceOp op) -> Result {
        return executeSlice(op, op.getDestType(), op.getSourceType(), /*insert=*/true);
      })
      .Case([&](tensor::ConcatOp op) -> Result {
        return executeConcat(op, static_cast<int64_t>(op.getDim()));
      })
      .Case([&](tensor::FromElementsOp op) -> Result {
        Elements elements;
        for (Value operand : op.getElements()) {
          const std::optional<Data> element = get(operand, op);
          if (!element)
            return failure();
          elements.push_back(element->single);
        }
        return done(std::move(elements));
      })
      .Case<tensor::SplatOp, linalg::FillOp>([&](auto op) -> Result {
        const std::optional<Data> element = get(op->getOperand(0), op);
        if (!element || op->getNumResults() != 1)
          return element ? op->emitOpError("expected a tensor, not a memref") : failure();
        return done(Elements(*countElements(op->getResult(0).getType()), element->single));
      })
      .Case([&](linalg::BroadcastOp op) -> Result {
        auto input = getElements(op->getOpOperand(0));
        auto type = op->getNumResults() == 1
                        ? dyn_cast<RankedTensorType>(op->getResult(0).getType())
                        : RankedTensorType();
        if (failed(input) || !type)
          return failed(input) ? failure() : op->emitOpError("expected a tensor, not a memref");
        Elements result(*countElements(type));
        for (size_t i = 0; i < result.size(); ++i) {
          // Of the place of element i, the coordinates that are not broadcast.
          size_t rest = i, from = 0, factor = 1;
          for (int64_t d = type.getRank(); d-- > 0;) {
            const auto size = static_cast<size_t>(type.getDimSize(d));
            if (!llvm::is_contained(op.getDimensions(), d)) {
              from += rest % size * factor;
              factor *= size;
            }
            rest /= size;
          }
          result[i] = (**input)[from];
        }
        return done(std::move(result));
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
          [&](auto op) -> Result { return rename(op); })
      .Case([&](tensor_ext::RotateOp op) -> Result {
        const std::optional<int64_t> shift = known.getInteger(op.getShift());
        auto elements = getElements(op->getOpOperand(0));
        if (!shift)
          return unknown(op, "a shift that is", op.getShift()), failure();
        if (failed(elements))
          return failure();
        const auto columns = cast<RankedTensorType>(op.getType()).getShape().back();
        Elements result((*elements)->size());
        for (size_t i = 0; i < result.size(); ++i) {
          const auto column = static_cast<int64_t>(i) % columns;
          const int64_t from = (column + *shift % columns + columns) % columns;
          result[i] = (**elements)[i - static_cast<size_t>(column) + static_cast<size_t>(from)];
        }
        return done(std::move(result));
      })
      .Default(Result());
}

std::optional<LogicalResult> Execution::executeElementwise(Operation *op) {
  if (op->getName().getDialectNamespace() != "arith" || op->getNumResults() != 1)
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type)
    return std::nullopt;
  SmallVector<std::shared_ptr<Elements>> operands;
  SmallVector<const Elements *> pointers;
  for (OpOperand &operand : op->getOpOperands()) {
    auto elements = getElements(operand);
    if (failed(elements))
      return failure();
    operands.push_back(*elements);
    pointers.push_back(operands.back().get());
  }
  FailureOr<Elements> result =
      evaluateElementwise(op, pointers, operands.front()->size(), type.getElementType());
  if (failed(result))
    return op->emitOpError("cannot be evaluated at compile time: the numbers of a plaintext are "
                           "constants, or a row of a function argument, possibly rotated");
  bind(op->getResult(0), Data::of(std::move(*result)));
  return success();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

std::optional<LogicalResult> Execution::executeMemory(Operation *op) {
  using Result = std::optional<LogicalResult>;
  const auto allocate = [&](auto op) -> Result {
    const std::optional<size_t> count = countElements(op.getType());
    if (!count)
      return op.emitOpError("expected a memref of static shape, found ") << op.getType();
    return bind(op.getResult(), Data::of(Elements(*count))), success();
  };
  const auto access = [&](Value memref) -> Element * {
    const std::optional<int64_t> position = getPosition(op, known);
    const std::optional<Data> memory = get(memref, op);
    if (memory && position && memory->elements)
      return &(*memory->elements)[static_cast<size_t>(*position)];
    if (memory)
      op->emitOpError("expected an index inside of the memref that is known at compile time");
    return nullptr;
  };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<memref::AllocaOp, memref::AllocOp>(allocate)
      .Case([](memref::DeallocOp) -> Result { return success(); })
      .Case<memref::LoadOp, affine::AffineLoadOp>([&](auto op) -> Result {
        const Element *element = access(op.getMemRef());
        if (!element)
          return failure();
        if (!element->isSet())
          return op.emitOpError("loads what has not been stored");
        return bind(op->getResult(0), Data::of(*element)), success();
      })
      .Case<memref::StoreOp, affine::AffineStoreOp>([&](auto op) -> Result {
        const std::optional<Data> value = get(op.getValueToStore(), op);
        Element *element = value ? access(op.getMemRef()) : nullptr;
        if (!element)
          return failure();
        *element = value->single;
        return success();
      })
      .Default(Result());
}

std::optional<LogicalResult> Execution::executeStorage(Operation *op) {
  using Result = std::optional<LogicalResult>;
  const auto access = [&](auto op) -> Element * {
    std::vector<int64_t> indices;
    for (Value value : op.getIndices()) {
      const std::optional<int64_t> index = known.getInteger(value);
      if (!index)
        return unknown(op, "an index that is", value), nullptr;
      indices.push_back(*index);
    }
    const std::optional<Data> storage = get(op.getStorage(), op);
    if (!storage)
      return nullptr;
    if (storage->storage)
      return &(*storage->storage)[{op.getSiteId(), indices}];
    op.emitOpError("expected a storage made by preprocessing.empty");
    return nullptr;
  };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](preprocessing::EmptyOp op) -> Result {
        Data made;
        made.storage = std::make_shared<Storage>();
        return bind(op.getStorage(), made), success();
      })
      .Case([&](preprocessing::StoreOp op) -> Result {
        const std::optional<Data> value = get(op.getValue(), op);
        Element *element = value ? access(op) : nullptr;
        if (!element)
          return failure();
        *element = value->single;
        return success();
      })
      .Case([&](preprocessing::LoadOp op) -> Result {
        const Element *element = access(op);
        if (!element)
          return failure();
        if (!element->isSet())
          return op.emitOpError("loads what has not been stored at this site and these indices");
        return bind(op.getResult(), Data::of(*element)), success();
      })
      .Case([&](preprocessing::LoadResourceOp op) -> Result {
        return op.emitOpError("reads a file while the program runs, which is not supported; make "
                              "the numbers an argument of the function, or a constant");
      })
      .Default(Result());
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
