// SPDX-License-Identifier: Apache-2.0
// A straight-line function as a placement problem; see FromFunction.h.

#include "compiler/analysis/BootstrapPlacement/FromFunction.h"

#include "circuit/polynomial_plan.h"
#include "compiler/analysis/Circuit/Circuit.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>

using namespace mlir;

namespace keymemrt::compiler {

static int depthOf(Operation *op, const Chain &chain) {
  return TypeSwitch<Operation *, int>(op)
      .Case<ckks::MulOp, ckks::MulPlainOp, orion::LinearTransformOp>([](auto) { return 1; })
      .Case([&](orion::ChebyshevOp op) {
        return circuit::SeriesDepth(getSeries(op), chain.defaultScale(),
                                    chain.prime(chain.residualTop()));
      })
      .Default(0);
}

FunctionPlacement makePlacementProblem(func::FuncOp function, const Chain &chain) {
  FunctionPlacement result;
  result.problem.topLevel = static_cast<int>(chain.residualTop());
  llvm::DenseMap<Value, int> numbers;
  const auto add = [&](Value value, PlacementNode node) {
    numbers[value] = static_cast<int>(result.values.size());
    result.values.push_back(value);
    result.problem.nodes.push_back(std::move(node));
  };
  for (BlockArgument argument : function.getArguments())
    if (isa<lwe::CiphertextType>(argument.getType()))
      add(argument, {});
  for (Operation &op : function.getBody().front().without_terminator()) {
    if (op.getNumResults() != 1 || !isa<lwe::CiphertextType>(op.getResult(0).getType()))
      continue;
    PlacementNode node;
    for (Value operand : op.getOperands())
      if (auto it = numbers.find(operand);
          it != numbers.end() && !llvm::is_contained(node.operands, it->second))
        node.operands.push_back(it->second);
    node.depth = depthOf(&op, chain);
    node.isBootstrap = isa<ckks::BootstrapOp>(op);
    node.isRefreshable = cast<lwe::CiphertextType>(op.getResult(0).getType()).getSize() == 2;
    add(op.getResult(0), std::move(node));
  }
  for (Value operand : function.getBody().front().getTerminator()->getOperands())
    if (auto it = numbers.find(operand); it != numbers.end())
      result.problem.results.push_back(it->second);
  return result;
}

} // namespace keymemrt::compiler
