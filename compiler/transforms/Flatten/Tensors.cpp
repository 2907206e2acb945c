// SPDX-License-Identifier: Apache-2.0
// The execution of what builds tensors, memrefs and storages; see Execution.h.

#include "compiler/dialect/Preprocessing/Preprocessing.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "compiler/transforms/Flatten/Execution.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace keymemrt::compiler {

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

} // namespace keymemrt::compiler
