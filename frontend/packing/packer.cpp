// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/packer.h"

#include "frontend/packing/module_text.h"
#include "frontend/tensors/npz.h"

namespace keymemrt::frontend {

Result<PackedModel> PackNetwork(std::span<const Layer> layers, const scheme::Parameters& parameters,
                                const std::string& function_name) {
  KMRT_RETURN_IF_ERROR(CheckNetwork(layers));
  if (layers.size() > static_cast<size_t>(parameters.max_level())) {
    return InvalidArgument("the network has {} layers and takes a level each; {} have only {}: add primes to Q",
                           layers.size(), parameters.Describe(), parameters.max_level());
  }
  const size_t slots = parameters.slots();
  const Dense& first = std::get<Dense>(layers[0]);
  size_t period = Period(first.columns);
  size_t length = first.columns;
  if (period > slots) {
    return InvalidArgument("layer {}: {} inputs do not fit into {} slots", first.name, first.columns, slots);
  }

  PackedModel model;
  model.slots = slots;
  ModuleText text(parameters);
  Ciphertext x = text.Input(length, period);
  for (const Layer& layer : layers) {
    const Dense* dense = std::get_if<Dense>(&layer);
    if (dense == nullptr) {
      x = text.Square(x);
      continue;
    }
    if (Period(dense->rows) > slots) {
      return InvalidArgument("layer {}: {} outputs do not fit into {} slots", dense->name, dense->rows, slots);
    }
    PackedDense packed = PackDense(*dense, period);
    const WeightArgument weights = text.Weights(dense->name, "weights", packed.indices.size(), x.level);
    x = text.LinearTransform(x, weights, packed.indices);
    for (const int64_t step : packed.ladder) x = text.RotateAndAdd(x, step);
    const WeightArgument bias = text.Weights(dense->name, "bias", 0, x.level);
    x = text.AddVector(x, bias);
    model.arrays.push_back({dense->name + ".weights", false, std::move(packed.diagonals)});
    model.arrays.push_back({dense->name + ".bias", true, {std::move(packed.bias)}});
    period = packed.output_period;
    length = dense->rows;
  }
  model.mlir = text.Finish(function_name, x, length);
  return model;
}

Status WriteWeights(const PackedModel& model, const std::string& path) {
  std::vector<NpzArray> arrays;
  for (const PackedArray& array : model.arrays) {
    arrays.push_back({array.name, array.is_vector ? Shape{model.slots} : Shape{array.rows.size(), model.slots},
                      [&array](uint64_t row, std::span<double> out) {
                        array.rows[row].Fill(out);
                        return Status();
                      }});
  }
  return WriteNpz(path, arrays);
}

}  // namespace keymemrt::frontend
