// SPDX-License-Identifier: Apache-2.0
//
// Models made here through ONNX's protobuf classes, and the networks of the shared data where those are.
#include "frontend/onnx/onnx_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <numeric>
#include <random>

#include "frontend/network/fuse.h"
#include "frontend/tensors/npy.h"

namespace keymemrt::frontend {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

class Model {
 public:
  explicit Model(const std::vector<int64_t>& input_shape) {
    onnx::ValueInfoProto* input = graph().add_input();
    input->set_name("x");
    onnx::TypeProto::Tensor* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t size : input_shape) type->mutable_shape()->add_dim()->set_dim_value(size);
    graph().add_output()->set_name("y");
  }

  onnx::ModelProto proto;
  onnx::GraphProto& graph() { return *proto.mutable_graph(); }

  Model& Constant(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values) {
    onnx::TensorProto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (const int64_t size : shape) tensor->add_dims(size);
    for (const float value : values) tensor->add_float_data(value);
    return *this;
  }
  Model& Integers(const std::string& name, const std::vector<int64_t>& values) {
    onnx::TensorProto* tensor = graph().add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::INT64);
    tensor->add_dims(static_cast<int64_t>(values.size()));
    std::string raw(values.size() * sizeof(int64_t), '\0');
    std::memcpy(raw.data(), values.data(), raw.size());
    tensor->set_raw_data(raw);
    return *this;
  }
  // Named as its operator, unless it has a `name`.
  Model& Node(const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
              const std::string& name = "") {
    node_ = graph().add_node();
    node_->set_name(name.empty() ? op : name);
    node_->set_op_type(op);
    for (const std::string& input : inputs) node_->add_input(input);
    node_->add_output(output);
    return *this;
  }
  // Of the last node.
  Model& Ints(const std::string& name, const std::vector<int64_t>& values) {
    onnx::AttributeProto* attribute = NewAttribute(name, onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
    return *this;
  }
  Model& Int(const std::string& name, int64_t value) {
    NewAttribute(name, onnx::AttributeProto::INT)->set_i(value);
    return *this;
  }
  Model& Float(const std::string& name, float value) {
    NewAttribute(name, onnx::AttributeProto::FLOAT)->set_f(value);
    return *this;
  }
  Model& String(const std::string& name, const std::string& value) {
    NewAttribute(name, onnx::AttributeProto::STRING)->set_s(value);
    return *this;
  }

  std::string Bytes() const { return proto.SerializeAsString(); }
  Result<Graph> Parse() const {
    const std::string bytes = Bytes();
    return ParseOnnx(std::as_bytes(std::span(bytes)), "m.onnx");
  }
  // The message of a model that is refused.
  std::string Error() const {
    const Result<Graph> graph = Parse();
    EXPECT_FALSE(graph.ok());
    if (graph.ok()) return "";
    EXPECT_EQ(graph.status().code(), ErrorCode::kCorrupt);
    return graph.status().message();
  }
  std::vector<double> operator()(const std::vector<double>& x) const {
    const Result<Graph> graph = Parse();
    EXPECT_TRUE(graph.ok()) << graph.status().message();
    if (!graph.ok()) return {};
    EXPECT_EQ(graph->input_shape().count(), x.size());
    std::vector<double> y = Evaluate(*graph, x).back();
    EXPECT_THAT(Evaluate(FuseLinear(*graph), x).back(), Pointwise(DoubleNear(1e-9), y));
    return y;
  }

 private:
  onnx::AttributeProto* NewAttribute(const std::string& name, onnx::AttributeProto::AttributeType type) {
    onnx::AttributeProto* attribute = node_->add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }
  onnx::NodeProto* node_ = nullptr;
};

std::vector<double> Count(size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(OnnxReader, ConvWithStridesPadsAndGroups) {
  Model model({1, 2, 3, 3});
  model.Constant("w", {2, 1, 2, 2}, {1, 0, 0, 1, 2, 0, 0, 0}).Constant("b", {2}, {0.5, -1});
  model.Node("Conv", {"x", "w", "b"}, "y").Int("group", 2).Ints("strides", {2, 2}).Ints("pads", {1, 1, 0, 0});
  // Channel 0: corners of the padded 4 x 4 image, 1 2 3 / 4 5 6 / 7 8 9; channel 1: twice the upper left of each
  // window.
  EXPECT_THAT(model(Count(18)),
              ElementsAre(0 + 1 + 0.5, 0 + 3 + 0.5, 0 + 7 + 0.5, 5 + 9 + 0.5, -1, -1, -1, 2 * 14 - 1));
}

TEST(OnnxReader, ConvWithDilationsAndAutomaticPads) {
  Model model({1, 1, 4, 4});
  model.Constant("w", {1, 1, 2, 2}, {1, 10, 100, 1000});
  model.Node("Conv", {"x", "w"}, "y").Ints("dilations", {2, 2}).Ints("kernel_shape", {2, 2});
  EXPECT_THAT(model(Count(16)),
              ElementsAre(1 + 30 + 900 + 11000, 2 + 40 + 1000 + 12000, 5 + 70 + 1300 + 15000, 6 + 80 + 1400 + 16000));
  Model same({1, 1, 1, 3});
  same.Constant("w", {1, 1, 1, 2}, {1, 10});
  same.Node("Conv", {"x", "w"}, "y").String("auto_pad", std::string("SAME_UPPER"));
  EXPECT_THAT(same(Count(3)), ElementsAre(21, 32, 3));
  same.proto.mutable_graph()->mutable_node(0)->mutable_attribute(0)->set_s("SAME_LOWER");
  EXPECT_THAT(same(Count(3)), ElementsAre(10, 21, 32));
}

TEST(OnnxReader, DenseLayers) {
  Model gemm({1, 2});
  gemm.Constant("w", {2, 3}, {1, 2, 3, 4, 5, 6}).Constant("b", {1, 3}, {1, 1, 2});
  gemm.Node("Gemm", {"x", "w", "b"}, "y").Float("alpha", 0.5f).Float("beta", 2.0f);
  EXPECT_THAT(gemm({1, 10}), ElementsAre(20.5 + 2, 26 + 2, 31.5 + 4));
  Model transposed({1, 2});
  transposed.Constant("w", {3, 2}, {1, 2, 3, 4, 5, 6});
  transposed.Node("Gemm", {"x", "w"}, "y").Int("transB", 1);
  EXPECT_THAT(transposed({1, 10}), ElementsAre(21, 43, 65));
  Model matmul({1, 2});
  matmul.Constant("w", {2, 1}, {1, 2}).Constant("b", {1}, {7});
  matmul.Node("MatMul", {"x", "w"}, "p").Node("Add", {"b", "p"}, "y");
  EXPECT_THAT(matmul({1, 10}), ElementsAre(28));
}

TEST(OnnxReader, ADenseLayerOnAFlattenedImageIsAConvolutionOfItsSize) {
  Model model({1, 2, 2, 2});
  model.Constant("w", {1, 8}, {1, 2, 3, 4, 5, 6, 7, 8});
  model.Node("Flatten", {"x"}, "f").Node("Relu", {"f"}, "r").Node("Gemm", {"r", "w"}, "y").Int("transB", 1);
  EXPECT_THAT(model({1, 1, 1, 1, -1, -1, 1, 1}), ElementsAre(1 + 2 + 3 + 4 + 7 + 8));
  const Result<Graph> graph = model.Parse();
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(std::get<Convolution>(graph->nodes.back().operation).kernel_height, 2u);
}

TEST(OnnxReader, BatchNormalization) {
  Model model({1, 2, 1, 1});
  model.Constant("s", {2}, {2, 3}).Constant("b", {2}, {1, 0}).Constant("m", {2}, {5, 0}).Constant("v", {2}, {3, 8});
  model.Node("BatchNormalization", {"x", "s", "b", "m", "v"}, "y").Float("epsilon", 1.0f).Float("momentum", 0.9f);
  EXPECT_THAT(model({7, 6}), ElementsAre(2 * (7 - 5) / 2.0 + 1, 3 * 6 / 3.0));
}

TEST(OnnxReader, Arithmetic) {
  Model model({1, 2, 1, 2});
  model.Constant("c", {2, 1, 1}, {2, 4}).Constant("one", {}, {1});
  model.Node("Div", {"x", "c"}, "a")
      .Node("Sub", {"one", "a"}, "b")
      .Node("Sub", {"b", "one"}, "c1")
      .Node("Mul", {"c", "c1"}, "d");
  model.Node("Add", {"d", "x"}, "y");  // c * ((1 - x / c) - 1) + x = 0
  EXPECT_THAT(model({1, 2, 3, 4}), Pointwise(DoubleNear(1e-12), {0, 0, 0, 0}));
  Model squares({1, 2});
  squares.Constant("two", {1}, {2});
  squares.Node("Mul", {"x", "x"}, "a").Node("Pow", {"a", "two"}, "y");
  EXPECT_THAT(squares({2, 3}), ElementsAre(16, 81));
}

TEST(OnnxReader, SiluIsAProduct) {
  Model model({1, 1});
  model.Node("Sigmoid", {"x"}, "s").Node("Mul", {"x", "s"}, "y");
  EXPECT_NEAR(model({2})[0], 2 / (1 + std::exp(-2.0)), 1e-12);
}

TEST(OnnxReader, Pooling) {
  Model model({1, 1, 2, 4});
  model.Node("AveragePool", {"x"}, "p").Ints("kernel_shape", {2, 2}).Ints("strides", {2, 2});
  model.Node("Relu", {"p"}, "y");
  EXPECT_THAT(model(Count(8)), ElementsAre(3.5, 5.5));
  Model global({1, 2, 2, 2});
  global.Integers("shape", {0, -1});
  global.Node("GlobalAveragePool", {"x"}, "p").Node("Reshape", {"p", "shape"}, "y");
  EXPECT_THAT(global(Count(8)), ElementsAre(2.5, 6.5));
  Model padded({1, 1, 1, 2});
  padded.Node("AveragePool", {"x"}, "y").Ints("kernel_shape", {1, 2}).Ints("pads", {0, 1, 0, 1});
  EXPECT_THAT(padded.Error(), HasSubstr("m.onnx: node 'AveragePool' (AveragePool): means of windows"));
  padded.Int("count_include_pad", 1);
  EXPECT_THAT(padded({2, 4}), ElementsAre(1, 3, 2));
}

TEST(OnnxReader, Padding) {
  Model attribute({1, 1, 1, 2});
  attribute.Node("Pad", {"x"}, "y").Ints("pads", {0, 0, 1, 0, 0, 0, 0, 1});
  EXPECT_THAT(attribute({1, 2}), ElementsAre(0, 0, 0, 1, 2, 0));
  Model operand({1, 1, 1, 2});
  operand.Integers("p", {0, 0, 0, 2, 0, 0, 0, 0}).Node("Pad", {"x", "p"}, "y");
  EXPECT_THAT(operand({1, 2}), ElementsAre(0, 0, 1, 2));
}

TEST(OnnxReader, IdentitiesConstantsAndWhatNothingNeeds) {
  Model model({0, 1});  // an open batch
  model.Node("Dropout", {"x"}, "d").Float("ratio", 0.5f).Node("Identity", {"d"}, "i");
  model.Node("Constant", {}, "c");
  onnx::AttributeProto* value = model.graph().mutable_node(2)->add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  value->mutable_t()->set_data_type(onnx::TensorProto::DOUBLE);
  value->mutable_t()->add_double_data(3);
  model.Node("Mul", {"i", "c"}, "y").Node("Softmax", {"y"}, "unused");
  EXPECT_THAT(model({5}), ElementsAre(15));
}

TEST(OnnxReader, NamesTheNodeThatItCannotTake) {
  const auto error = [](const std::vector<int64_t>& shape, const std::function<void(Model&)>& build) {
    Model model(shape);
    build(model);
    return model.Error();
  };
  const std::vector<int64_t> image = {1, 2, 4, 4};
  EXPECT_THAT(error(image, [](Model& m) { m.Node("MaxPool", {"x"}, "y", "pool1"); }),
              HasSubstr("m.onnx: node 'pool1' (MaxPool): the operator is not supported; supported are Conv"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Relu", {"x"}, "y").Int("slope", 1); }),
              HasSubstr("node 'Relu' (Relu): its attribute 'slope' is not supported"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Flatten", {"x"}, "y").Float("axis", 1.0f); }),
              HasSubstr("its attribute 'axis' is of another type"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Flatten", {"x"}, "y").Int("axis", 2); }), HasSubstr("only axis 1"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Relu", {"nowhere"}, "y"); }),
              HasSubstr("'nowhere' is not defined before it"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Relu", {}, "y"); }), HasSubstr("its operand 0 is missing"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Constant("w", {2, 2}, {1, 2, 3, 4}).Node("MatMul", {"x", "w"}, "y");
                    }),
              HasSubstr("Flatten is missing"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Constant("w", {1, 3, 1, 1}, {1, 2, 3}).Node("Conv", {"x", "w"}, "y");
                    }),
              HasSubstr("do not fit 2 channels"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Constant("w", {1, 2, 5, 5}, std::vector<float>(50)).Node("Conv", {"x", "w"}, "y");
                    }),
              HasSubstr("kernel is larger"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Constant("w", {1, 2, 1, 1}, {1}).Node("Conv", {"x", "w"}, "y");
                    }),
              HasSubstr("the constant 'w' does not hold the 2 elements"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Constant("w", {1, 2, 1, 1}, {1, INFINITY}).Node("Conv", {"x", "w"}, "y");
                    }),
              HasSubstr("not a finite number"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Constant("c", {4}, {1, 2, 3, 4}).Node("Add", {"x", "c"}, "y");
                    }),
              HasSubstr("a constant of shape [4] with a value of 2 x 4 x 4"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Integers("s", {1, 4, 8}).Node("Reshape", {"x", "s"}, "y");
                    }),
              HasSubstr("only to [1, 32], a vector"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Node("Relu", {"x"}, "r").Node("Sub", {"x", "r"}, "y");
                    }),
              HasSubstr("of two values that depend on the input"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Relu", {"x"}, "z"); }), HasSubstr("'y' is not computed"));
  EXPECT_THAT(error(image, [](Model& m) { m.Node("Identity", {"x"}, "y"); }), HasSubstr("'y' is not computed"));
  EXPECT_THAT(error({1, 2, 4}, [](Model& m) { m.Node("Relu", {"x"}, "y"); }),
              HasSubstr("the input 'x' has the shape [1, 2, 4]"));
  EXPECT_THAT(error({8, 4}, [](Model& m) { m.Node("Relu", {"x"}, "y"); }), HasSubstr("one image"));
  EXPECT_THAT(error(image,
                    [](Model& m) {
                      m.Node("Relu", {"x"}, "y");
                      m.graph().add_input()->set_name("second");
                    }),
              HasSubstr("several inputs, 'x' and 'second'"));
}

// One way to be wrong at a time: each operator's attributes and operands, by the message, which names the node.
TEST(OnnxReader, SaysWhichAttributeOrOperandOfWhichNode) {
  using Build = std::function<void(Model&)>;
  const auto conv = [](const Build& attribute) {
    return [=](Model& m) {
      m.Constant("w", {1, 2, 3, 3}, std::vector<float>(18, 1)).Node("Conv", {"x", "w"}, "y", "n");
      attribute(m);
    };
  };
  const auto pool = [](const Build& attribute) {
    return [=](Model& m) {
      m.Node("AveragePool", {"x"}, "y", "n").Ints("kernel_shape", {2, 2});
      attribute(m);
    };
  };
  const auto pad = [](const std::vector<int64_t>& pads, const std::string& mode) {
    return [=](Model& m) { m.Node("Pad", {"x"}, "y", "n").Ints("pads", pads).String("mode", mode); };
  };
  const auto gemm = [](const std::vector<int64_t>& shape, const Build& attribute) {
    return [=](Model& m) {
      m.Constant("w", shape, std::vector<float>(static_cast<size_t>(shape[0] * shape[1]), 1));
      m.Node("Flatten", {"x"}, "f").Node("Gemm", {"f", "w"}, "y", "n");
      attribute(m);
    };
  };
  const auto norm = [](int64_t channels, const Build& attribute) {
    return [=](Model& m) {
      m.Constant("c", {channels}, std::vector<float>(static_cast<size_t>(channels), 1));
      m.Node("BatchNormalization", {"x", "c", "c", "c", "c"}, "y", "n");
      attribute(m);
    };
  };
  const auto binary = [](const std::string& op, const std::vector<std::string>& operands) {
    return [=](Model& m) { m.Constant("c", {1}, {3}).Node(op, operands, "y", "n"); };
  };
  const Build nothing = [](Model&) {};
  const auto flat = [](const std::string& op) {
    return [=](Model& m) { m.Node("Flatten", {"x"}, "f").Node(op, {"f"}, "y", "n"); };
  };
  const std::vector<std::pair<const char*, Build>> wrong = {
      {"kernel_shape differs", conv([](Model& m) {
         m.Ints("kernel_shape", {3, 1});
       })},
      {"dilations: two positive", conv([](Model& m) {
         m.Ints("dilations", {0, 1});
       })},
      {"dilations: two positive", conv([](Model& m) {
         m.Ints("dilations", {1, 1, 1});
       })},
      {"group: a positive", conv([](Model& m) { m.Int("group", 0); })},
      {"do not fit 2 channels", conv([](Model& m) { m.Int("group", 2); })},
      {"strides: two positive", conv([](Model& m) {
         m.Ints("strides", {0, 1});
       })},
      {"strides: two positive", conv([](Model& m) {
         m.Ints("strides", {1, 1, 1});
       })},
      {"pads: four numbers", conv([](Model& m) {
         m.Ints("pads", {-1, 0, 0, 0});
       })},
      {"pads: four numbers", conv([](Model& m) {
         m.Ints("pads", {1, 1});
       })},
      {"auto_pad SAME", conv([](Model& m) { m.String("auto_pad", "SAME"); })},
      {"its attribute 'fused' is not supported", conv([](Model& m) { m.Int("fused", 1); })},
      {"kernel_shape: two positive", [](Model& m) { m.Node("AveragePool", {"x"}, "y", "n"); }},
      {"ceil_mode is not supported", pool([](Model& m) { m.Int("ceil_mode", 1); })},
      {"dilations are not supported", pool([](Model& m) {
         m.Ints("dilations", {2, 2});
       })},
      {"(count_include_pad 0)", pool([](Model& m) {
         m.Ints("pads", {1, 1, 1, 1});
       })},
      {"kernel is larger",
       [](Model& m) {
         m.Node("AveragePool", {"x"}, "y", "n").Ints("kernel_shape", {5, 2});
       }},
      {"an image expected", flat("GlobalAveragePool")},
      {"an image expected", flat("Pad")},
      {"only padding with zeros", pad({0, 0, 1, 1, 0, 0, 1, 1}, "reflect")},
      {"eight numbers", pad({0, 1, 0, 0, 0, 0, 0, 0}, "constant")},
      {"eight numbers", pad({0, 0, -1, 0, 0, 0, 0, 0}, "constant")},
      {"transA is not supported", gemm({32, 2}, [](Model& m) { m.Int("transA", 1); })},
      {"a matrix of shape [31, 2]", gemm({31, 2}, nothing)},
      {"a matrix of shape [32, 2]", gemm({32, 2}, [](Model& m) { m.Int("transB", 1); })},
      {"training_mode", norm(2, [](Model& m) { m.Int("training_mode", 1); })},
      {"spatial 0", norm(2, [](Model& m) { m.Int("spatial", 0); })},
      {"does not have a number a channel", norm(3, nothing)},
      {"a constant divided by a value", binary("Div", {"c", "x"})},
      {"only the exponent 2", binary("Pow", {"x", "c"})},
      {"'c' is a constant where a value", binary("Relu", {"c"})},
      {"'c' is a constant where a value", binary("Sigmoid", {"c"})},
      {"its operand 1 is missing", binary("Mul", {"x"})},
      {"it has no attribute 'value'",
       [](Model& m) {
         m.Node("Constant", {}, "c", "n").Node("Mul", {"x", "c"}, "y");
       }},
      {"training_mode",
       [](Model& m) {
         m.Constant("t", {}, {1}).Node("Dropout", {"x", "", "t"}, "y", "n");
       }},
      {"its attribute 'to' is not supported", [](Model& m) { m.Node("Identity", {"x"}, "y", "n").Int("to", 1); }},
      {"operators of 'com.microsoft' are not supported",
       [](Model& m) {
         m.Node("Relu", {"x"}, "y", "n");
         m.graph().mutable_node(0)->set_domain("com.microsoft");
       }},
      {"is kept in another file",
       [](Model& m) {
         m.Constant("c", {1}, {3}).Node("Mul", {"x", "c"}, "y", "n");
         m.graph().mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
       }},
  };
  for (const auto& [what, build] : wrong) {
    SCOPED_TRACE(what);
    Model model({1, 2, 4, 4});
    build(model);
    const std::string message = model.Error();
    EXPECT_THAT(message, HasSubstr(what));
    EXPECT_THAT(message, HasSubstr("node 'n' ("));
  }
}

TEST(OnnxReader, DamagedFilesAreRefusedOrReadButNeverCrash) {
  Model model({1, 2, 4, 4});
  model.Constant("w", {3, 2, 3, 3}, std::vector<float>(54, 0.5f)).Constant("b", {3}, {1, 2, 3});
  model.Node("Conv", {"x", "w", "b"}, "c").Ints("pads", {1, 1, 1, 1}).Node("Relu", {"c"}, "r");
  model.Node("Flatten", {"r"}, "f")
      .Constant("v", {48, 2}, std::vector<float>(96, 0.25f))
      .Node("MatMul", {"f", "v"}, "y");
  const std::string good = model.Bytes();
  ASSERT_TRUE(model.Parse().ok());
  const auto parse = [](const std::string& bytes) {
    const Result<Graph> graph = ParseOnnx(std::as_bytes(std::span(bytes)), "m.onnx");
    if (graph.ok()) Evaluate(*graph, std::vector<double>(graph->input_shape().count(), 1.0));
    return graph.ok();
  };
  for (size_t length = 0; length < good.size(); ++length) parse(good.substr(0, length));
  std::mt19937_64 random(7);
  int accepted = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    std::string bytes = good;
    for (int flips = 1 + static_cast<int>(random() % 3); flips-- > 0;) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    // A changed size can ask for a large network; it must still be one.
    accepted += parse(bytes);
  }
  EXPECT_GT(accepted, 100);  // the weights are most of the file
  EXPECT_LT(accepted, 19000);
}

TEST(OnnxReader, MissingFile) {
  const Result<Graph> graph = ReadOnnx("/nonexistent/model.onnx");
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.status().code(), ErrorCode::kInvalidArgument);
}

// The networks that others trained, against the logits that others computed.
struct Published {
  const char* model;
  const char* images;
  bool rgb;  // [count, height, width, 3], to be normalised as CIFAR-10 is; else [count, 28, 28], pixel / 255
  const char* logits;
  size_t convolutions;  // once fused
};

class PublishedNetwork : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedNetwork, GivesTheReferenceLogits) {
  const std::string data = KMRT_SHARED_DATA;
  if (!std::filesystem::exists(data)) GTEST_SKIP() << data << " is not there";
  const Published& published = GetParam();
  const Result<Graph> graph = ReadOnnx(data + "/models/" + published.model);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  const Graph fused = FuseLinear(*graph);
  size_t convolutions = 0;
  for (const Node& node : fused.nodes) convolutions += std::holds_alternative<Convolution>(node.operation);
  EXPECT_EQ(convolutions, published.convolutions);

  const Result<Tensor> images = ReadNpy(data + "/" + published.images);
  const Result<Tensor> logits = ReadNpy(data + "/models/" + published.logits);
  ASSERT_TRUE(images.ok()) << images.status().message();
  ASSERT_TRUE(logits.ok()) << logits.status().message();
  const size_t pixels = graph->input_shape().count();
  for (size_t image = 0; image < std::min<size_t>(logits->shape[0], 16); ++image) {
    const double* const source = &images->values[image * pixels];
    std::vector<double> x(pixels);
    for (size_t i = 0; i < pixels; ++i) {
      const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
      const size_t channel = i / 1024;
      x[i] =
          published.rgb ? (source[i % 1024 * 3 + channel] / 255 - mean[channel]) / deviation[channel] : source[i] / 255;
    }
    const std::vector<double> expected(logits->values.begin() + static_cast<std::ptrdiff_t>(image * 10),
                                       logits->values.begin() + static_cast<std::ptrdiff_t>(image * 10 + 10));
    // The reference is in single precision.
    EXPECT_THAT(Evaluate(*graph, x).back(), Pointwise(DoubleNear(1e-4), expected)) << "image " << image;
    EXPECT_THAT(Evaluate(fused, x).back(), Pointwise(DoubleNear(1e-4), expected)) << "image " << image;
  }
}

INSTANTIATE_TEST_SUITE_P(SharedData, PublishedNetwork,
                         ::testing::Values(Published{"mnist-mlp-x2/model.onnx", "mnist/test_images_u8.npy", false,
                                                     "mnist-mlp-x2/expected_logits_first16.npy", 3},
                                           Published{"mnist-lola/model.onnx", "mnist/test_images_u8.npy", false,
                                                     "mnist-lola/expected_logits_first16.npy", 3},
                                           Published{"mnist-cnn-x2/model.onnx", "mnist/test_images_u8.npy", false,
                                                     "mnist-cnn-x2/expected_logits_first16.npy", 4},
                                           Published{"cifar10-resnet20-ace-onnx/resnet20_cifar10_pre.onnx",
                                                     "cifar10/test100_images_u8.npy", true,
                                                     "cifar10-resnet20-ace-onnx/expected_logits_test100.npy", 22}),
                         [](const auto& info) {
                           std::string name = info.param.model;
                           name = name.substr(0, name.find('/'));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace keymemrt::frontend
