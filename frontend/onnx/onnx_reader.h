// SPDX-License-Identifier: Apache-2.0
//
// Networks in the Open Neural Network Exchange format (.onnx, https://onnx.ai), read with the protobuf classes of its
// own schema.
//
// Operators: Conv, Gemm, MatMul (by a constant), BatchNormalization, Add, Sub, Mul, Div (with a constant; Add and Mul
// also of two values), Pow by 2, Relu, Sigmoid, AveragePool, GlobalAveragePool, Pad (zeros), Flatten, Reshape (to one
// image's vector), Identity, Dropout, Constant. SiLU comes as x * Sigmoid(x). One input, one output, one image at a
// time: the first axis of every value is the batch, 1 or open.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "frontend/network/graph.h"

namespace keymemrt::frontend {

// `name` is the file's in messages. What no node of the result needs is left out unread. Errors: kCorrupt, naming the
// ONNX node: what is malformed, or what is not supported and what would be.
Result<Graph> ParseOnnx(std::span<const std::byte> bytes, const std::string& name);
// kInvalidArgument: no such file.
Result<Graph> ReadOnnx(const std::string& path);

}  // namespace keymemrt::frontend
