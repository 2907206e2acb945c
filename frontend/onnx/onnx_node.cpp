// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/onnx_node.h"

#include <bit>
#include <cstring>

namespace keymemrt::frontend {

namespace {

static_assert(std::endian::native == std::endian::little, "raw tensors are little endian");

template <typename T, typename Field>
bool Values(const onnx::TensorProto& tensor, const Field& field, size_t count, std::vector<double>& values) {
  values.resize(count);
  if (!tensor.has_raw_data()) {
    if (static_cast<size_t>(field.size()) != count) return false;
    std::copy(field.begin(), field.end(), values.begin());
    return true;
  }
  const std::string& raw = tensor.raw_data();
  if (raw.size() != count * sizeof(T)) return false;
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
  return true;
}

}  // namespace

Result<OnnxConstant> ReadConstant(const onnx::TensorProto& tensor) {
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    return Corrupt("the constant '{}' is kept in another file: save the model as one file", tensor.name());
  }
  OnnxConstant constant;
  uint64_t count = 1;
  for (const int64_t dimension : tensor.dims()) {
    // Every element takes a byte at least, and protobuf's files end at 2 GiB.
    if (dimension < 0 || (dimension > 0 && count > (uint64_t{1} << 31) / static_cast<uint64_t>(dimension))) {
      return Corrupt("the constant '{}' has an impossible shape", tensor.name());
    }
    count *= static_cast<uint64_t>(dimension);
    constant.dimensions.push_back(dimension);
  }
  const size_t stored = tensor.raw_data().size() + static_cast<size_t>(tensor.float_data_size()) +
                        static_cast<size_t>(tensor.double_data_size()) + static_cast<size_t>(tensor.int32_data_size()) +
                        static_cast<size_t>(tensor.int64_data_size());
  bool fits = count <= stored;
  if (fits) {
    switch (tensor.data_type()) {
      case onnx::TensorProto::FLOAT:
        fits = Values<float>(tensor, tensor.float_data(), count, constant.values);
        break;
      case onnx::TensorProto::DOUBLE:
        fits = Values<double>(tensor, tensor.double_data(), count, constant.values);
        break;
      case onnx::TensorProto::INT32:
        fits = Values<int32_t>(tensor, tensor.int32_data(), count, constant.values);
        break;
      case onnx::TensorProto::BOOL:
        fits = Values<uint8_t>(tensor, tensor.int32_data(), count, constant.values);
        break;
      case onnx::TensorProto::INT64:
        fits = Values<int64_t>(tensor, tensor.int64_data(), count, constant.values);
        break;
      default:
        return Corrupt("the constant '{}' is of type {}: float, double, int32, int64 or bool expected", tensor.name(),
                       onnx::TensorProto::DataType_Name(static_cast<onnx::TensorProto::DataType>(tensor.data_type())));
    }
  }
  if (!fits) return Corrupt("the constant '{}' does not hold the {} elements of its shape", tensor.name(), count);
  return constant;
}

const onnx::AttributeProto* OnnxAttributes::Find(const std::string& name, onnx::AttributeProto::AttributeType type) {
  asked_.insert(name);
  for (const onnx::AttributeProto& attribute : node_.attribute()) {
    if (attribute.name() != name) continue;
    if (attribute.type() == type) return &attribute;
    mistyped_ = name;
  }
  return nullptr;
}

int64_t OnnxAttributes::Integer(const std::string& name, int64_t otherwise) {
  const auto* attribute = Find(name, onnx::AttributeProto::INT);
  return attribute == nullptr ? otherwise : attribute->i();
}

double OnnxAttributes::Float(const std::string& name, double otherwise) {
  const auto* attribute = Find(name, onnx::AttributeProto::FLOAT);
  return attribute == nullptr ? otherwise : static_cast<double>(attribute->f());
}

std::string OnnxAttributes::String(const std::string& name, const std::string& otherwise) {
  const auto* attribute = Find(name, onnx::AttributeProto::STRING);
  return attribute == nullptr ? otherwise : attribute->s();
}

std::vector<int64_t> OnnxAttributes::Integers(const std::string& name, const std::vector<int64_t>& otherwise) {
  const auto* attribute = Find(name, onnx::AttributeProto::INTS);
  if (attribute == nullptr) return otherwise;
  return {attribute->ints().begin(), attribute->ints().end()};
}

const onnx::TensorProto* OnnxAttributes::Tensor(const std::string& name) {
  const auto* attribute = Find(name, onnx::AttributeProto::TENSOR);
  return attribute == nullptr ? nullptr : &attribute->t();
}

Status OnnxAttributes::Finish() const {
  if (!mistyped_.empty()) return Corrupt("its attribute '{}' is of another type than ONNX says", mistyped_);
  for (const onnx::AttributeProto& attribute : node_.attribute()) {
    if (!asked_.contains(attribute.name())) return Corrupt("its attribute '{}' is not supported", attribute.name());
  }
  return Status();
}

}  // namespace keymemrt::frontend
