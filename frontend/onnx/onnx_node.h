// SPDX-License-Identifier: Apache-2.0
//
// What the reader needs of ONNX's protobuf classes: constants as doubles, attributes that must all be understood.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"

namespace keymemrt::frontend {

struct OnnxConstant {
  std::vector<int64_t> dimensions;
  std::vector<double> values;  // C order

  std::vector<int64_t> Integers() const { return {values.begin(), values.end()}; }
};

// float, double, int32, int64 and bool; kCorrupt for other types, data in other files, and sizes that do not fit.
Result<OnnxConstant> ReadConstant(const onnx::TensorProto& tensor);

// The attributes of a node. Those that were never asked for must not be there: an attribute that is ignored would be an
// answer that is wrong.
class OnnxAttributes {
 public:
  explicit OnnxAttributes(const onnx::NodeProto& node) : node_(node) {}

  int64_t Integer(const std::string& name, int64_t otherwise);
  double Float(const std::string& name, double otherwise);
  std::string String(const std::string& name, const std::string& otherwise);
  // `otherwise` where the attribute is absent.
  std::vector<int64_t> Integers(const std::string& name, const std::vector<int64_t>& otherwise);
  const onnx::TensorProto* Tensor(const std::string& name);
  // Understood by doing nothing: hints, and values that only training uses.
  void Ignore(const std::string& name) { asked_.insert(name); }

  // After all questions: kCorrupt when an attribute is left or one had another type than it was asked as.
  Status Finish() const;

 private:
  const onnx::AttributeProto* Find(const std::string& name, onnx::AttributeProto::AttributeType type);
  const onnx::NodeProto& node_;
  std::set<std::string> asked_;
  std::string mistyped_;
};

}  // namespace keymemrt::frontend
