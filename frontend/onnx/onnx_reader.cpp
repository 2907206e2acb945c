// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/onnx_reader.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "base/file.h"
#include "frontend/onnx/onnx_node.h"

namespace keymemrt::frontend {

namespace {

// Sides of windows: kernels, strides and pads beyond are no images.
constexpr int64_t kLargestExtent = 1 << 16;

// An ONNX value that depends on the input. Flatten changes how a node's result is seen, not where its numbers are.
struct View {
  size_t node = 0;
  bool flat = false;  // [batch, numbers] instead of [batch, channels, height, width]
};

// "/layer1/conv1/Conv" becomes "layer1.conv1.Conv": letters, digits, '_' and '.', which all file formats take.
std::string Identifier(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  for (char& c : name) {
    if (c == '/') c = '.';
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.') c = '_';
  }
  return name.empty() ? "unnamed" : name;
}

class Reader {
 public:
  explicit Reader(const onnx::GraphProto& graph) : onnx_(graph) {}

  Result<Graph> Read() {
    if (onnx_.output_size() != 1) return Corrupt("{} outputs: one expected", onnx_.output_size());
    for (const onnx::TensorProto& tensor : onnx_.initializer()) stored_.emplace(tensor.name(), &tensor);
    for (const onnx::TensorProto& tensor : onnx_.initializer()) {
      if (tensor.name().empty()) return Corrupt("a constant without a name");
    }
    graph_.name = onnx_.name().empty() ? "network" : Identifier(onnx_.name());
    KMRT_RETURN_IF_ERROR(ReadInput());
    for (const onnx::NodeProto* node : NeededNodes()) {
      const Status status = ReadNode(*node);
      if (!status.ok()) return status.WithContext(fmt::format("node '{}' ({})", Label(*node), node->op_type()));
    }
    const auto output = views_.find(onnx_.output(0).name());
    if (output == views_.end()) {
      return Corrupt("the output '{}' is not computed from the input", onnx_.output(0).name());
    }
    // A node that follows the output in the file only feeds what was left out, so the output is the last.
    if (output->second.node + 1 != graph_.nodes.size() || graph_.nodes.size() < 2) {
      return Corrupt("the output '{}' is not computed last", onnx_.output(0).name());
    }
    KMRT_RETURN_IF_ERROR(CheckGraph(graph_));
    return std::move(graph_);
  }

 private:
  static std::string Label(const onnx::NodeProto& node) {
    if (!node.name().empty()) return node.name();
    return node.output_size() > 0 ? node.output(0) : "without a name";
  }

  // In their order in the file, which ONNX wants to be topological.
  std::vector<const onnx::NodeProto*> NeededNodes() const {
    std::set<std::string> needed = {onnx_.output(0).name()};
    std::vector<const onnx::NodeProto*> nodes;
    for (int i = onnx_.node_size(); i-- > 0;) {
      const onnx::NodeProto& node = onnx_.node(i);
      if (std::none_of(node.output().begin(), node.output().end(),
                       [&](const std::string& output) { return needed.contains(output); })) {
        continue;
      }
      needed.insert(node.input().begin(), node.input().end());
      nodes.push_back(&node);
    }
    std::reverse(nodes.begin(), nodes.end());
    return nodes;
  }

  Status ReadInput() {
    const onnx::ValueInfoProto* input = nullptr;
    for (const onnx::ValueInfoProto& candidate : onnx_.input()) {
      if (stored_.contains(candidate.name())) continue;  // a constant that a caller could replace
      if (input != nullptr) return Corrupt("several inputs, '{}' and '{}'", input->name(), candidate.name());
      input = &candidate;
    }
    if (input == nullptr) return Corrupt("no input");
    const onnx::TensorShapeProto& shape = input->type().tensor_type().shape();
    std::vector<int64_t> sizes;
    for (int i = 0; i < shape.dim_size(); ++i) sizes.push_back(shape.dim(i).dim_value());  // 0 when open
    const bool image = sizes.size() == 4;
    if ((!image && sizes.size() != 2) || sizes[0] > 1 ||
        std::any_of(sizes.begin() + 1, sizes.end(), [](int64_t d) { return d < 1 || d > kLargestExtent; })) {
      return Corrupt(
          "the input '{}' has the shape [{}]: one image, [1, channels, height, width], or one vector, "
          "[1, numbers], expected",
          input->name(), fmt::join(sizes, ", "));
    }
    Node node{"input", {}, {static_cast<size_t>(sizes[1])}, GraphInput{}};
    if (image)
      node.shape = {static_cast<size_t>(sizes[1]), static_cast<size_t>(sizes[2]), static_cast<size_t>(sizes[3])};
    names_.insert(node.name);
    graph_.nodes.push_back(std::move(node));
    views_[input->name()] = {0, !image};
    return Status();
  }

  Status ReadNode(const onnx::NodeProto& node) {
    const std::string& op = node.op_type();
    if (!node.domain().empty() && node.domain() != "ai.onnx")
      return Corrupt("operators of '{}' are not supported", node.domain());
    if (node.output_size() < 1) return Corrupt("it has no output");
    OnnxAttributes attributes(node);
    if (op == "Constant") return ReadConstantNode(node, attributes);
    if (op == "Conv") return ReadConv(node, attributes);
    if (op == "Gemm") return ReadGemm(node, attributes);
    if (op == "MatMul") return ReadMatMul(node, attributes);
    if (op == "BatchNormalization") return ReadBatchNormalization(node, attributes);
    if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div") return ReadArithmetic(node, attributes);
    if (op == "Pow") return ReadPow(node, attributes);
    if (op == "Relu") return ReadActivation(node, attributes, Activation::kRelu);
    if (op == "Sigmoid") return ReadActivation(node, attributes, Activation::kSigmoid);
    if (op == "AveragePool") return ReadAveragePool(node, attributes);
    if (op == "GlobalAveragePool") return ReadGlobalAveragePool(node, attributes);
    if (op == "Pad") return ReadPad(node, attributes);
    if (op == "Flatten" || op == "Reshape") return ReadReshape(node, attributes);
    if (op == "Identity" || op == "Dropout") return ReadIdentity(node, attributes);
    return Corrupt(
        "the operator is not supported; supported are Conv, Gemm, MatMul, BatchNormalization, Add, Sub, Mul, "
        "Div, Pow, Relu, Sigmoid, AveragePool, GlobalAveragePool, Pad, Flatten, Reshape, Identity, Dropout "
        "and Constant");
  }

  // --- Operands and results ---

  bool HasInput(const onnx::NodeProto& node, int i) const { return i < node.input_size() && !node.input(i).empty(); }
  bool IsView(const onnx::NodeProto& node, int i) const { return HasInput(node, i) && views_.contains(node.input(i)); }

  Result<View> ViewOf(const onnx::NodeProto& node, int i) const {
    if (!HasInput(node, i)) return Corrupt("its operand {} is missing", i);
    const auto found = views_.find(node.input(i));
    if (found != views_.end()) return found->second;
    return Corrupt("its operand '{}' is {}", node.input(i),
                   constants_.contains(node.input(i)) || stored_.contains(node.input(i))
                       ? "a constant where a value that depends on the input is expected"
                       : "not defined before it");
  }

  Result<const OnnxConstant*> ConstantOf(const onnx::NodeProto& node, int i) {
    if (!HasInput(node, i)) return Corrupt("its operand {} is missing", i);
    const std::string& name = node.input(i);
    if (const auto found = constants_.find(name); found != constants_.end()) return &found->second;
    const auto stored = stored_.find(name);
    if (stored == stored_.end()) {
      return Corrupt("its operand '{}' is {}", name,
                     views_.contains(name) ? "not a constant" : "not defined before it");
    }
    KMRT_ASSIGN_OR_RETURN(OnnxConstant constant, ReadConstant(*stored->second));
    return &constants_.emplace(name, std::move(constant)).first->second;
  }

  const TensorShape& ShapeOf(View view) const { return graph_.nodes[view.node].shape; }

  // Of a layer: its weights' name where that ends as such names do, for the exporters' names of nodes are longer.
  static std::string LayerName(const onnx::NodeProto& node) {
    if (node.input_size() > 1) {
      for (const std::string_view suffix : {"_w", ".w", "_weight", ".weight", "_weights", ".weights"}) {
        const std::string& weights = node.input(1);
        if (weights.size() > suffix.size() && weights.ends_with(suffix)) {
          return weights.substr(0, weights.size() - suffix.size());
        }
      }
    }
    return Label(node);
  }

  std::string UniqueName(const onnx::NodeProto& node) {
    const std::string name = Identifier(LayerName(node));
    std::string unique = name;
    for (int i = 2; !names_.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
    return unique;
  }

  Status Define(const onnx::NodeProto& node, std::vector<size_t> operands, TensorShape shape,
                decltype(Node::operation) operation, bool flat) {
    graph_.nodes.push_back({UniqueName(node), std::move(operands), shape, std::move(operation)});
    return See(node, {graph_.nodes.size() - 1, flat});
  }

  Status See(const onnx::NodeProto& node, View view) {
    if (!views_.emplace(node.output(0), view).second) return Corrupt("'{}' is defined twice", node.output(0));
    return Status();
  }

  Status DefineConvolution(const onnx::NodeProto& node, View x, Convolution convolution, bool flat) {
    KMRT_ASSIGN_OR_RETURN(const TensorShape shape, OutputShape(convolution, ShapeOf(x)));
    return Define(node, {x.node}, shape, std::move(convolution), flat);
  }

  // Channel by channel: y = scale * x + shift.
  static Convolution ChannelwiseAffine(std::vector<double> scale, std::vector<double> shift) {
    Convolution c;
    c.outputs = c.groups = scale.size();
    c.inputs = 1;
    c.weights = std::move(scale);
    c.bias = std::move(shift);
    return c;
  }

  // One number a channel of `view` from a constant that ONNX would broadcast to it.
  Result<std::vector<double>> PerChannel(View view, const OnnxConstant& constant) const {
    const TensorShape& shape = ShapeOf(view);
    const size_t count = constant.values.size();
    if (count == 1) return std::vector<double>(shape.channels, constant.values[0]);
    // The axis of the channels, counted from the last one.
    const size_t axis = view.flat ? 0 : 2;
    const auto& sizes = constant.dimensions;
    if (sizes.size() > axis && sizes.size() <= axis + 2 &&
        sizes[sizes.size() - 1 - axis] == static_cast<int64_t>(count) && count == shape.channels &&
        (!view.flat || shape.height * shape.width == 1)) {
      return constant.values;
    }
    return Corrupt("a constant of shape [{}] with a value of {}: a number, or one a channel, expected",
                   fmt::join(sizes, ", "), ToString(shape));
  }

  // --- Windows ---

  // Strides and pads; `convolution` has its kernel. Of pooling, too.
  Status ReadWindow(OnnxAttributes& attributes, const TensorShape& input, Convolution& convolution) {
    const auto strides = attributes.Integers("strides", {1, 1});
    auto pads = attributes.Integers("pads", {0, 0, 0, 0});
    const std::string auto_pad = attributes.String("auto_pad", "NOTSET");
    const auto within = [](int64_t low) { return [low](int64_t x) { return x >= low && x <= kLargestExtent; }; };
    if (strides.size() != 2 || !std::all_of(strides.begin(), strides.end(), within(1))) {
      return Corrupt("strides: two positive numbers expected: only images of two dimensions are supported");
    }
    if (pads.size() != 4 || !std::all_of(pads.begin(), pads.end(), within(0))) {
      return Corrupt("pads: four numbers from 0 on expected");
    }
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      const size_t sizes[] = {input.height, input.width};
      const size_t kernel[] = {convolution.kernel_height, convolution.kernel_width};
      for (size_t axis = 0; axis < 2; ++axis) {
        const int64_t size = static_cast<int64_t>(sizes[axis]);
        const int64_t out = (size + strides[axis] - 1) / strides[axis];
        const int64_t all = std::max<int64_t>(0, (out - 1) * strides[axis] + static_cast<int64_t>(kernel[axis]) - size);
        pads[axis] = auto_pad == "SAME_UPPER" ? all / 2 : all - all / 2;
        pads[axis + 2] = all - pads[axis];
      }
    } else if (auto_pad != "NOTSET" && auto_pad != "VALID") {
      return Corrupt("auto_pad {} is not one of ONNX's", auto_pad);
    }
    convolution.stride_y = static_cast<size_t>(strides[0]);
    convolution.stride_x = static_cast<size_t>(strides[1]);
    convolution.pad_top = static_cast<size_t>(pads[0]);
    convolution.pad_left = static_cast<size_t>(pads[1]);
    convolution.pad_bottom = static_cast<size_t>(pads[2]);
    convolution.pad_right = static_cast<size_t>(pads[3]);
    return Status();
  }

  Status WantImage(View x) const {
    if (x.flat) return Corrupt("its operand is a vector, an image expected");
    return Status();
  }

  // --- Operators ---

  Status ReadConstantNode(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    const onnx::TensorProto* tensor = attributes.Tensor("value");
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    if (tensor == nullptr) return Corrupt("it has no attribute 'value'");
    KMRT_ASSIGN_OR_RETURN(OnnxConstant constant, ReadConstant(*tensor));
    constants_.emplace(node.output(0), std::move(constant));
    return Status();
  }

  Status ReadConv(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    KMRT_RETURN_IF_ERROR(WantImage(x));
    KMRT_ASSIGN_OR_RETURN(const OnnxConstant* weights, ConstantOf(node, 1));
    const auto& sizes = weights->dimensions;
    if (sizes.size() != 4 || weights->values.empty()) {
      return Corrupt("weights of shape [{}]: [outputs, inputs, height, width] expected", fmt::join(sizes, ", "));
    }
    const auto kernel = attributes.Integers("kernel_shape", {sizes[2], sizes[3]});
    if (kernel != std::vector<int64_t>{sizes[2], sizes[3]}) return Corrupt("kernel_shape differs from its weights'");
    const auto dilations = attributes.Integers("dilations", {1, 1});
    if (dilations.size() != 2 || dilations[0] < 1 || dilations[1] < 1 || dilations[0] > kLargestExtent ||
        dilations[1] > kLargestExtent || (sizes[2] - 1) * dilations[0] >= kLargestExtent ||
        (sizes[3] - 1) * dilations[1] >= kLargestExtent) {
      return Corrupt("dilations: two positive numbers expected, and a kernel that fits an image");
    }
    const int64_t groups = attributes.Integer("group", 1);
    if (groups < 1 || groups > kLargestExtent) return Corrupt("group: a positive number expected");
    Convolution c;
    c.outputs = static_cast<size_t>(sizes[0]);
    c.inputs = static_cast<size_t>(sizes[1]);
    c.groups = static_cast<size_t>(groups);
    c.kernel_height = static_cast<size_t>((sizes[2] - 1) * dilations[0] + 1);
    c.kernel_width = static_cast<size_t>((sizes[3] - 1) * dilations[1] + 1);
    KMRT_RETURN_IF_ERROR(ReadWindow(attributes, ShapeOf(x), c));
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    if (c.kernel_height > ShapeOf(x).height + c.pad_top + c.pad_bottom ||
        c.kernel_width > ShapeOf(x).width + c.pad_left + c.pad_right) {
      return Corrupt("its kernel is larger than the image with its padding");
    }
    c.weights.assign(c.outputs * c.inputs * c.kernel(), 0.0);
    const size_t rows = static_cast<size_t>(sizes[2]), columns = static_cast<size_t>(sizes[3]);
    for (size_t i = 0; i < weights->values.size(); ++i) {
      const size_t plane = i / (rows * columns);
      const size_t row = i / columns % rows * static_cast<size_t>(dilations[0]);
      const size_t column = i % columns * static_cast<size_t>(dilations[1]);
      c.weights[(plane * c.kernel_height + row) * c.kernel_width + column] = weights->values[i];
    }
    c.bias.assign(c.outputs, 0.0);
    if (HasInput(node, 2)) {
      KMRT_ASSIGN_OR_RETURN(const OnnxConstant* bias, ConstantOf(node, 2));
      c.bias = bias->values;
    }
    return DefineConvolution(node, x, std::move(c), false);
  }

  // y = x B + bias: a convolution whose kernel is all of x. `entry(o, f)`: of output o and number f of the input.
  template <typename Entry>
  Status DefineDense(const onnx::NodeProto& node, View x, size_t outputs, Entry entry, std::vector<double> bias) {
    const TensorShape& shape = ShapeOf(x);
    Convolution c;
    c.outputs = outputs;
    c.inputs = shape.channels;
    c.kernel_height = shape.height;
    c.kernel_width = shape.width;
    c.weights.resize(outputs * shape.count());
    for (size_t o = 0; o < outputs; ++o) {
      for (size_t f = 0; f < shape.count(); ++f) c.weights[o * shape.count() + f] = entry(o, f);
    }
    c.bias = std::move(bias);
    return DefineConvolution(node, x, std::move(c), true);
  }

  Result<View> DenseOperand(const onnx::NodeProto& node, int i) const {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, i));
    if (!x.flat) return Corrupt("its operand is {}, a vector expected: Flatten is missing", ToString(ShapeOf(x)));
    return x;
  }

  Status ReadGemm(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, DenseOperand(node, 0));
    KMRT_ASSIGN_OR_RETURN(const OnnxConstant* b, ConstantOf(node, 1));
    const double alpha = attributes.Float("alpha", 1);
    const double beta = attributes.Float("beta", 1);
    const bool transposed = attributes.Integer("transB", 0) != 0;
    if (attributes.Integer("transA", 0) != 0) return Corrupt("transA is not supported");
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    const size_t inputs = ShapeOf(x).count();
    if (b->dimensions.size() != 2 || b->dimensions[transposed ? 1 : 0] != static_cast<int64_t>(inputs)) {
      return Corrupt("a matrix of shape [{}] for a vector of {} numbers", fmt::join(b->dimensions, ", "), inputs);
    }
    const size_t outputs = static_cast<size_t>(b->dimensions[transposed ? 0 : 1]);
    std::vector<double> bias(outputs, 0.0);
    if (HasInput(node, 2)) {
      KMRT_ASSIGN_OR_RETURN(const OnnxConstant* c, ConstantOf(node, 2));
      const size_t count = c->values.size();
      if (c->dimensions.size() > 2 ||
          (count != 1 && (count != outputs || c->dimensions.back() != static_cast<int64_t>(outputs)))) {
        return Corrupt("a bias of shape [{}] for {} outputs", fmt::join(c->dimensions, ", "), outputs);
      }
      for (size_t o = 0; o < outputs; ++o) bias[o] = beta * c->values[count == 1 ? 0 : o];
    }
    return DefineDense(
        node, x, outputs,
        [&](size_t o, size_t f) { return alpha * b->values[transposed ? o * inputs + f : f * outputs + o]; },
        std::move(bias));
  }

  Status ReadMatMul(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, DenseOperand(node, 0));
    KMRT_ASSIGN_OR_RETURN(const OnnxConstant* b, ConstantOf(node, 1));
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    const size_t inputs = ShapeOf(x).count();
    if (b->dimensions.size() != 2 || b->dimensions[0] != static_cast<int64_t>(inputs)) {
      return Corrupt("a matrix of shape [{}] for a vector of {} numbers", fmt::join(b->dimensions, ", "), inputs);
    }
    const size_t outputs = static_cast<size_t>(b->dimensions[1]);
    return DefineDense(
        node, x, outputs, [&](size_t o, size_t f) { return b->values[f * outputs + o]; },
        std::vector<double>(outputs, 0.0));
  }

  Status ReadBatchNormalization(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    const double epsilon = attributes.Float("epsilon", 1e-5);
    attributes.Ignore("momentum");
    if (attributes.Integer("training_mode", 0) != 0) return Corrupt("training_mode: the model is not for inference");
    if (attributes.Integer("spatial", 1) != 1) return Corrupt("spatial 0 is not supported");
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    const TensorShape& shape = ShapeOf(x);
    if (x.flat && shape.height * shape.width != 1)
      return Corrupt("one scale for every number of a flattened image is not supported");
    const OnnxConstant* operands[4];
    for (int i = 0; i < 4; ++i) {
      KMRT_ASSIGN_OR_RETURN(operands[i], ConstantOf(node, i + 1));
      if (operands[i]->values.size() != shape.channels)
        return Corrupt("its operand '{}' does not have a number a channel", node.input(i + 1));
    }
    std::vector<double> scale(shape.channels), shift(shape.channels);
    for (size_t c = 0; c < shape.channels; ++c) {
      scale[c] = operands[0]->values[c] / std::sqrt(operands[3]->values[c] + epsilon);
      shift[c] = operands[1]->values[c] - operands[2]->values[c] * scale[c];
    }
    return DefineConvolution(node, x, ChannelwiseAffine(std::move(scale), std::move(shift)), x.flat);
  }

  Status ReadArithmetic(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    const std::string& op = node.op_type();
    if (IsView(node, 0) && IsView(node, 1)) {
      if (op == "Sub" || op == "Div") return Corrupt("of two values that depend on the input it is not supported");
      KMRT_ASSIGN_OR_RETURN(const View a, ViewOf(node, 0));
      KMRT_ASSIGN_OR_RETURN(const View b, ViewOf(node, 1));
      if (ShapeOf(a) != ShapeOf(b) || a.flat != b.flat) {
        return Corrupt("operands of different shapes, {} and {}", ToString(ShapeOf(a)), ToString(ShapeOf(b)));
      }
      if (op == "Add") return Define(node, {a.node, b.node}, ShapeOf(a), Sum{}, a.flat);
      return Define(node, {a.node, b.node}, ShapeOf(a), Product{}, a.flat);
    }
    const bool first = IsView(node, 0);  // else the constant is the first operand
    if (op == "Div" && !first) return Corrupt("a constant divided by a value is not supported");
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, first ? 0 : 1));
    KMRT_ASSIGN_OR_RETURN(const OnnxConstant* constant, ConstantOf(node, first ? 1 : 0));
    KMRT_ASSIGN_OR_RETURN(std::vector<double> values, PerChannel(x, *constant));
    std::vector<double> other(values.size(), op == "Add" || op == "Sub" ? (op == "Sub" && !first ? -1.0 : 1.0) : 0.0);
    if (op == "Sub" && first) {
      for (double& value : values) value = -value;
    }
    if (op == "Div") {
      for (double& value : values) value = 1 / value;
    }
    if (op == "Add" || op == "Sub") std::swap(values, other);  // scale, shift
    return DefineConvolution(node, x, ChannelwiseAffine(std::move(values), std::move(other)), x.flat);
  }

  Status ReadPow(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    KMRT_ASSIGN_OR_RETURN(const OnnxConstant* exponent, ConstantOf(node, 1));
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    if (exponent->values != std::vector<double>{2}) return Corrupt("only the exponent 2 is supported");
    return Define(node, {x.node, x.node}, ShapeOf(x), Product{}, x.flat);
  }

  Status ReadActivation(const onnx::NodeProto& node, OnnxAttributes& attributes, Activation::Function activation) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    return Define(node, {x.node}, ShapeOf(x), Activation{activation}, x.flat);
  }

  Status DefineMean(const onnx::NodeProto& node, View x, Convolution window) {
    window.outputs = window.groups = ShapeOf(x).channels;
    window.inputs = 1;
    window.weights.assign(window.outputs * window.kernel(), 1 / static_cast<double>(window.kernel()));
    window.bias.assign(window.outputs, 0.0);
    return DefineConvolution(node, x, std::move(window), false);
  }

  Status ReadAveragePool(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    KMRT_RETURN_IF_ERROR(WantImage(x));
    const auto kernel = attributes.Integers("kernel_shape", {});
    if (kernel.size() != 2 || kernel[0] < 1 || kernel[1] < 1 || kernel[0] > kLargestExtent ||
        kernel[1] > kLargestExtent) {
      return Corrupt("kernel_shape: two positive numbers expected");
    }
    Convolution window;
    window.kernel_height = static_cast<size_t>(kernel[0]);
    window.kernel_width = static_cast<size_t>(kernel[1]);
    KMRT_RETURN_IF_ERROR(ReadWindow(attributes, ShapeOf(x), window));
    const bool pads = window.pad_top + window.pad_left + window.pad_bottom + window.pad_right != 0;
    if (pads && attributes.Integer("count_include_pad", 0) == 0) {
      return Corrupt("means of windows that are cut off at the border (count_include_pad 0) are not supported");
    }
    attributes.Ignore("count_include_pad");
    if (attributes.Integer("ceil_mode", 0) != 0) return Corrupt("ceil_mode is not supported");
    for (const int64_t dilation : attributes.Integers("dilations", {1, 1})) {
      if (dilation != 1) return Corrupt("dilations are not supported");
    }
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    if (window.kernel_height > ShapeOf(x).height + window.pad_top + window.pad_bottom ||
        window.kernel_width > ShapeOf(x).width + window.pad_left + window.pad_right) {
      return Corrupt("its kernel is larger than the image with its padding");
    }
    return DefineMean(node, x, std::move(window));
  }

  Status ReadGlobalAveragePool(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    KMRT_RETURN_IF_ERROR(WantImage(x));
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    Convolution window;
    window.kernel_height = ShapeOf(x).height;
    window.kernel_width = ShapeOf(x).width;
    return DefineMean(node, x, std::move(window));
  }

  Status ReadPad(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    KMRT_RETURN_IF_ERROR(WantImage(x));
    if (attributes.String("mode", "constant") != "constant") return Corrupt("only padding with zeros is supported");
    // An attribute until version 10 of the operators, an operand later.
    std::vector<int64_t> pads = attributes.Integers("pads", {});
    double value = attributes.Float("value", 0);
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    if (HasInput(node, 1)) {
      KMRT_ASSIGN_OR_RETURN(const OnnxConstant* operand, ConstantOf(node, 1));
      pads = operand->Integers();
    }
    if (HasInput(node, 2)) {
      KMRT_ASSIGN_OR_RETURN(const OnnxConstant* operand, ConstantOf(node, 2));
      if (operand->values.size() != 1) return Corrupt("its value: one number expected");
      value = operand->values[0];
    }
    if (HasInput(node, 3)) return Corrupt("axes are not supported");
    if (value != 0) return Corrupt("only padding with zeros is supported");
    if (pads.size() != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0 ||
        std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p < 0 || p > kLargestExtent; })) {
      return Corrupt("pads [{}]: eight numbers from 0 on expected, 0 for batch and channels", fmt::join(pads, ", "));
    }
    const size_t channels = ShapeOf(x).channels;
    Convolution c = ChannelwiseAffine(std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0));
    c.pad_top = static_cast<size_t>(pads[2]);
    c.pad_left = static_cast<size_t>(pads[3]);
    c.pad_bottom = static_cast<size_t>(pads[6]);
    c.pad_right = static_cast<size_t>(pads[7]);
    return DefineConvolution(node, x, std::move(c), false);
  }

  Status ReadReshape(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(View x, ViewOf(node, 0));
    const TensorShape& shape = ShapeOf(x);
    const int64_t count = static_cast<int64_t>(shape.count());
    if (node.op_type() == "Flatten") {
      const int64_t axis = attributes.Integer("axis", 1);
      KMRT_RETURN_IF_ERROR(attributes.Finish());
      if (axis != 1 && axis != (x.flat ? -1 : -3))
        return Corrupt("only axis 1, which keeps the batch apart, is supported");
      x.flat = true;
      return See(node, x);
    }
    const bool zero_is_zero = attributes.Integer("allowzero", 0) != 0;
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    KMRT_ASSIGN_OR_RETURN(const OnnxConstant* target, ConstantOf(node, 1));
    std::vector<int64_t> sizes = target->Integers();
    const std::vector<int64_t> now =
        x.flat ? std::vector<int64_t>{1, count}
               : std::vector<int64_t>{1, static_cast<int64_t>(shape.channels), static_cast<int64_t>(shape.height),
                                      static_cast<int64_t>(shape.width)};
    int64_t known = 1;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] == 0 && !zero_is_zero && i < now.size()) sizes[i] = now[i];
      if (sizes[i] > 0 && known <= count) known *= sizes[i];
    }
    for (int64_t& size : sizes) {
      if (size == -1 && known > 0 && count % known == 0) {
        size = count / known;
        break;
      }
    }
    if (sizes == now) return See(node, x);
    if (sizes != std::vector<int64_t>{1, count}) {
      return Corrupt("to [{}]: only to [1, {}], a vector, is supported", fmt::join(target->Integers(), ", "), count);
    }
    x.flat = true;
    return See(node, x);
  }

  Status ReadIdentity(const onnx::NodeProto& node, OnnxAttributes& attributes) {
    KMRT_ASSIGN_OR_RETURN(const View x, ViewOf(node, 0));
    if (node.op_type() == "Dropout") {
      attributes.Ignore("ratio");
      attributes.Ignore("seed");
      if (HasInput(node, 2)) {
        KMRT_ASSIGN_OR_RETURN(const OnnxConstant* training, ConstantOf(node, 2));
        if (training->values != std::vector<double>{0}) return Corrupt("training_mode: the model is not for inference");
      }
    }
    KMRT_RETURN_IF_ERROR(attributes.Finish());
    return See(node, x);
  }

  const onnx::GraphProto& onnx_;
  std::map<std::string, const onnx::TensorProto*> stored_;
  std::map<std::string, OnnxConstant> constants_;  // those used so far
  std::map<std::string, View> views_;
  std::set<std::string> names_;
  Graph graph_;
};

}  // namespace

Result<Graph> ParseOnnx(std::span<const std::byte> bytes, const std::string& name) {
  onnx::ModelProto model;
  if (bytes.size() > INT32_MAX || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !model.has_graph()) {
    return Corrupt("{}: is no ONNX model", name);
  }
  Result<Graph> graph = Reader(model.graph()).Read();
  // Whatever is wrong, the file is.
  if (!graph.ok()) return Corrupt("{}: {}", name, graph.status().message());
  return graph;
}

Result<Graph> ReadOnnx(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadFile(path, uint64_t{1} << 31));
  return ParseOnnx(bytes, path);
}

}  // namespace keymemrt::frontend
