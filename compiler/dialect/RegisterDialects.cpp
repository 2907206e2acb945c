// SPDX-License-Identifier: Apache-2.0
// The dialects that a program may use.

#include "compiler/dialect/RegisterDialects.h"

#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/Kernel/Kernel.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/LWE/LWE.h"
#include "compiler/dialect/Mgmt/Mgmt.h"
#include "compiler/dialect/ModArith/ModArith.h"
#include "compiler/dialect/OpenFHE/OpenFHE.h"
#include "compiler/dialect/Orion/Orion.h"
#include "compiler/dialect/Polynomial/Polynomial.h"
#include "compiler/dialect/Preprocessing/Preprocessing.h"
#include "compiler/dialect/RNS/RNS.h"
#include "compiler/dialect/TensorExt/TensorExt.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectRegistry.h"

void keymemrt::compiler::registerDialects(mlir::DialectRegistry &registry) {
  registry
      .insert<mlir::affine::AffineDialect, mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
              mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::math::MathDialect,
              mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect>();
  registry
      .insert<ckks::CKKSDialect, kernel::KernelDialect, key_mgmt::KeyMgmtDialect,
              key_mgmt::KmrtDialect, lwe::LWEDialect, mgmt::MgmtDialect, mod_arith::ModArithDialect,
              openfhe::OpenFHEDialect, orion::OrionDialect, polynomial::PolynomialDialect,
              preprocessing::PreprocessingDialect, rns::RNSDialect, tensor_ext::TensorExtDialect>();
}
