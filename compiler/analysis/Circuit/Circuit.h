// SPDX-License-Identifier: Apache-2.0
// What operations and attributes mean to circuit/, which compiler, program and engine share.
#pragma once

#include "circuit/bootstrap_plan.h"
#include "circuit/chebyshev.h"
#include "circuit/dft.h"
#include "circuit/linear_transform_plan.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/Orion/Orion.h"
#include "scheme/parameters.h"

#include <optional>

namespace keymemrt::compiler {

/// On the operation that takes a series' input first, a dictionary: `low` and `high` of the
/// interval in which its first operand must lie, and the layer's `name` where it is known.
inline constexpr llvm::StringLiteral kDomainName = "kmrt.domain";

circuit::ChebyshevSeries getSeries(orion::ChebyshevOp op);

circuit::DftStage getStage(ckks::DftStageAttr attr);
ckks::DftStageAttr getStageAttr(mlir::MLIRContext *context, const circuit::DftStage &stage);

circuit::BootstrapOptions getBootstrapOptions(ckks::BootstrapAttr attr);
ckks::BootstrapAttr getBootstrapAttr(mlir::MLIRContext *context,
                                     const circuit::BootstrapOptions &options);

/// Plain and null are each other's.
scheme::KeyShape getShape(ckks::KeyShapeAttr attr);
ckks::KeyShapeAttr getShapeAttr(mlir::MLIRContext *context, const scheme::KeyShape &shape);

/// "horner" and so on; nullopt for another word.
std::optional<circuit::LinearTransformForm> getForm(llvm::StringRef name);

/// How a transform that has begun is carried out. Emits an error and fails where its attributes
/// make no sense.
mlir::FailureOr<circuit::LinearTransformPlan> getPlan(key_mgmt::BeginTransformOp op, int64_t slots);

/// Whether `op` is step number `step` of `plan` with the right kind and key: a rotation of `shift`,
/// 0 without a key.
bool isStep(const circuit::LinearTransformPlan &plan, mlir::Operation *op, uint64_t step,
            int64_t shift);

} // namespace keymemrt::compiler
