// SPDX-License-Identifier: Apache-2.0
// How many bytes of memory a loaded key takes.
#pragma once

#include "mlir/IR/Operation.h"

#include <cstdint>
#include <functional>

namespace keymemrt::compiler {

/// Bytes of a key by its type: the chunks that its level needs (all levels where it has none), N
/// words each, of the half that is read; the other half is regenerated at its use. Empty where the
/// module around `op` has no parameters or unusable ones.
std::function<uint64_t(mlir::Type)> getKeySizes(mlir::Operation *op);

/// The slots of the ring by the module around `op`; 0 where it has no parameters.
int64_t getSlots(mlir::Operation *op);

} // namespace keymemrt::compiler
