// SPDX-License-Identifier: Apache-2.0
// What values are while a function is flattened.
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace keymemrt::compiler {

/// The most elements of a tensor; more is hostile.
inline constexpr int64_t kMostElements = int64_t{1} << 26;

/// How many elements a tensor or memref has; 1 of anything else; nullopt: dynamic, or too many.
std::optional<size_t> countElements(mlir::Type type);

/// One element of a tensor, or a value that is none. Without anything: not set yet.
struct Element {
  /// A ciphertext, plaintext, key or digits of the flat function; with a position: a tensor of
  /// numbers there.
  mlir::Value value;
  /// Of a number: its place in `value`, in row-major order.
  int64_t position = -1;
  /// Of a known number: an IntegerAttr or FloatAttr.
  mlir::Attribute number;

  bool isSet() const { return value || number; }
};

using Elements = std::vector<Element>;

/// Plaintexts in a preprocessing.storage, by site and indices.
using Storage = std::map<std::pair<int64_t, std::vector<int64_t>>, Element>;

/// What a value of the input is: one of the four.
struct Data {
  Element single;
  /// Of a tensor, in row-major order. Shared by equal tensors; whoever is the only owner may write.
  /// Of a memref: shared by all its names, and written through each.
  std::shared_ptr<Elements> elements;
  /// A tensor of numbers as it is in the flat function: an argument or a constant.
  mlir::Value whole;
  std::shared_ptr<Storage> storage;

  static Data of(mlir::Value value) { return {{value, -1, {}}, nullptr, {}, nullptr}; }
  static Data of(mlir::Attribute number) { return {{{}, -1, number}, nullptr, {}, nullptr}; }
  static Data of(Element element) { return {element, nullptr, {}, nullptr}; }
  static Data of(Elements elements) {
    return {{}, std::make_shared<Elements>(std::move(elements)), {}, nullptr};
  }
};

/// The constant that a number is, or null: it depends on an argument of the function, or is not
/// set.
mlir::Attribute getNumber(const Element &element);

/// A value of the flat function with these numbers, of `type` (a tensor, or the type of a single
/// number), made at `builder`: a row of an argument or constant, rotated where need be, or a new
/// constant. Numbers that are not set are 0. Emits an error at `user` where they are neither.
mlir::FailureOr<mlir::Value> materialize(mlir::OpBuilder &builder, mlir::Operation *user,
                                         mlir::ArrayRef<Element> numbers, mlir::Type type);

/// `op`, arithmetic on floats, element by element on `operands`: of one size, or of one element.
/// Fails without a message where a number is not known or the operation is not.
mlir::FailureOr<Elements> evaluateElementwise(mlir::Operation *op,
                                              mlir::ArrayRef<const Elements *> operands,
                                              size_t size, mlir::Type elementType);

} // namespace keymemrt::compiler
