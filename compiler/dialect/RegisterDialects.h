// SPDX-License-Identifier: Apache-2.0
// The dialects that a program may use, for every tool that reads one.
#pragma once

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace keymemrt::compiler {

/// Adds this project's dialects and the builtin ones that CKKS-level programs use: affine, arith,
/// cf, func, linalg, math, memref, scf and tensor. Nothing is loaded until a program or pass needs
/// it.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace keymemrt::compiler
