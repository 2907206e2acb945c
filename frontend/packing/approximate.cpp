// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/approximate.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace keymemrt::frontend {

Result<Approximations> ApproximateActivations(const Graph& graph, double error) {
  Approximations approximations(graph.nodes.size());
  std::optional<circuit::ActivationPolynomials> relu;  // of all units: max(c x, 0) = c max(x, 0)
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const auto* activation = std::get_if<Activation>(&graph.nodes[index].operation);
    if (activation == nullptr) continue;
    if (activation->function == Activation::kRelu) {
      if (!relu) {
        auto made = circuit::ApproximateRelu(error);
        if (!made.ok()) return made.status().WithContext("node '" + graph.nodes[index].name + "'");
        relu = *std::move(made);
      }
      approximations[index] = *relu;
      approximations[index].Multiply(activation->input_unit / activation->output_unit);
      continue;
    }
    // Both grow.
    const double largest = Apply(*activation, 1);
    auto made = circuit::ApproximateSmooth(
        [&](long double x) -> long double { return Apply(*activation, static_cast<double>(x)); }, error* largest);
    if (!made.ok()) return made.status().WithContext("node '" + graph.nodes[index].name + "'");
    approximations[index] = *std::move(made);
  }
  return approximations;
}

std::vector<std::vector<double>> Evaluate(const Graph& graph, const Approximations& approximations,
                                          std::span<const double> input) {
  return Evaluate(graph, input, [&](size_t node, double x) { return static_cast<double>(approximations[node](x)); });
}

}  // namespace keymemrt::frontend
