// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/network.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "frontend/tensors/npy.h"

namespace keymemrt::frontend {

namespace {

bool IsIdentifier(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

bool AllFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

// The array `key` of model.json's "tensors"; its shape must be the one declared there.
Result<Tensor> ReadTensor(const std::string& directory, const std::string& model_path, const nlohmann::json& tensors,
                          const std::string& key) {
  const auto malformed = [&] {
    return Corrupt("{}: tensors.{}: an object with a 'file' (a name within the directory) and a 'shape' expected",
                   model_path, key);
  };
  if (!tensors.is_object() || !tensors.contains(key) || !tensors[key].is_object()) return malformed();
  const nlohmann::json& entry = tensors[key];
  if (!entry.contains("file") || !entry["file"].is_string() || !entry.contains("shape")) return malformed();
  const std::string file = entry["file"].get<std::string>();
  if (file.find('/') != std::string::npos) return malformed();
  const std::string path = directory + "/" + file;
  KMRT_ASSIGN_OR_RETURN(Tensor tensor, ReadNpy(path));
  if (nlohmann::json(tensor.shape) != entry["shape"]) {
    return Corrupt("{}: its shape is {}, {} promises {}", path, ShapeToString(tensor.shape), model_path,
                   entry["shape"].dump());
  }
  return tensor;
}

}  // namespace

Status CheckNetwork(std::span<const Layer> layers) {
  if (layers.empty() || !std::holds_alternative<Dense>(layers[0])) {
    return InvalidArgument("a network begins with a dense layer: it gives the input its length");
  }
  size_t width = std::get<Dense>(layers[0]).columns;
  std::set<std::string> names;
  for (const Layer& layer : layers) {
    const Dense* dense = std::get_if<Dense>(&layer);
    if (dense == nullptr) continue;
    if (!IsIdentifier(dense->name) || !names.insert(dense->name).second) {
      return InvalidArgument("layer \"{}\": a name of its own, of letters, digits, '_' and '.', expected", dense->name);
    }
    if (dense->rows == 0 || dense->columns == 0 || dense->weights.size() != dense->rows * dense->columns ||
        dense->bias.size() != dense->rows) {
      return InvalidArgument("layer {}: {} weights and {} biases for {} outputs and {} inputs", dense->name,
                             dense->weights.size(), dense->bias.size(), dense->rows, dense->columns);
    }
    if (dense->columns != width) {
      return InvalidArgument("layer {}: takes {} inputs, the layers before give {}", dense->name, dense->columns,
                             width);
    }
    if (!AllFinite(dense->weights) || !AllFinite(dense->bias)) {
      return InvalidArgument("layer {}: a weight or bias is not a finite number", dense->name);
    }
    width = dense->rows;
  }
  return Status();
}

std::vector<double> Evaluate(std::span<const Layer> layers, std::span<const double> input) {
  std::vector<double> x(input.begin(), input.end());
  for (const Layer& layer : layers) {
    if (const Dense* dense = std::get_if<Dense>(&layer)) {
      std::vector<double> y = dense->bias;
      for (size_t row = 0; row < dense->rows; ++row) {
        for (size_t column = 0; column < dense->columns; ++column) {
          y[row] += dense->weights[row * dense->columns + column] * x[column];
        }
      }
      x = std::move(y);
    } else {
      for (double& value : x) value *= value;
    }
  }
  return x;
}

Result<std::vector<Layer>> ReadNetwork(const std::string& directory) {
  const std::string path = directory + "/model.json";
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::byte> text, ReadFile(path, uint64_t{1} << 20));
  const auto* begin = reinterpret_cast<const char*>(text.data());
  const nlohmann::json model = nlohmann::json::parse(begin, begin + text.size(), nullptr, /*allow_exceptions=*/false);
  if (!model.is_object() || !model.contains("layers") || !model["layers"].is_array() || !model.contains("tensors")) {
    return Corrupt("{}: a JSON object with the keys 'layers' and 'tensors' expected", path);
  }
  std::vector<Layer> layers;
  for (const nlohmann::json& entry : model["layers"]) {
    if (!entry.is_string()) return Corrupt("{}: layers: names expected, found {}", path, entry.dump());
    const std::string name = entry.get<std::string>();
    if (name == "square") {
      layers.emplace_back(Square{});
      continue;
    }
    KMRT_ASSIGN_OR_RETURN(Tensor weights, ReadTensor(directory, path, model["tensors"], name + "_w"));
    KMRT_ASSIGN_OR_RETURN(Tensor bias, ReadTensor(directory, path, model["tensors"], name + "_b"));
    if (weights.shape.size() != 2 || bias.shape.size() != 1) {
      return Corrupt("{}: layer {}: weights [outputs, inputs] and a bias [outputs] expected", path, name);
    }
    layers.emplace_back(
        Dense{name, weights.shape[0], weights.shape[1], std::move(weights.values), std::move(bias.values)});
  }
  if (const Status status = CheckNetwork(layers); !status.ok()) return Corrupt("{}: {}", path, status.message());
  return layers;
}

}  // namespace keymemrt::frontend
