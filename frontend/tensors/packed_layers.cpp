// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/packed_layers.h"

#include <bit>
#include <cmath>
#include <mutex>
#include <optional>

namespace keymemrt::frontend {

namespace {

using circuit::ConvolutionDiagonals;
using circuit::PackedConvolution;
using circuit::SlotLayout;

constexpr std::string_view kMark = ".convolution.";
constexpr size_t kLayoutNumbers = 24;
// A ciphertext has no more.
constexpr double kMostSlots = 1 << 16;

std::vector<double> Numbers(const PackedConvolution& c, uint64_t slots) {
  std::vector<double> numbers = {static_cast<double>(slots)};
  for (const SlotLayout* l : {&c.input, &c.output}) {
    for (const int64_t x : {int64_t{l->channels}, int64_t{l->height}, int64_t{l->width}, int64_t{l->gap},
                            int64_t{l->lanes}, l->pitch, l->block, l->period}) {
      numbers.push_back(static_cast<double>(x));
    }
  }
  for (const int32_t x : {c.groups, c.kernel_height, c.kernel_width, c.stride_y, c.stride_x, c.pad_top, c.pad_left}) {
    numbers.push_back(x);
  }
  return numbers;
}

struct Description {
  PackedConvolution convolution;
  uint64_t slots = 0;
};

Result<Description> FromNumbers(std::span<const double> numbers) {
  for (const double x : numbers) {
    if (x != std::floor(x) || std::abs(x) > INT32_MAX) return InvalidArgument("whole numbers expected, found {}", x);
  }
  const double* next = numbers.data();
  const auto take = [&] { return static_cast<int32_t>(*next++); };
  Description d;
  const double slots = *next++;
  if (slots < 1 || slots > kMostSlots || !std::has_single_bit(static_cast<uint64_t>(slots))) {
    return InvalidArgument("{} slots: a power of two expected", slots);
  }
  d.slots = static_cast<uint64_t>(slots);
  PackedConvolution& c = d.convolution;
  for (SlotLayout* l : {&c.input, &c.output}) {
    l->channels = take(), l->height = take(), l->width = take(), l->gap = take(), l->lanes = take();
    l->pitch = take(), l->block = take(), l->period = take();
  }
  c.groups = take(), c.kernel_height = take(), c.kernel_width = take(), c.stride_y = take(), c.stride_x = take();
  c.pad_top = take(), c.pad_left = take();
  KMRT_RETURN_IF_ERROR(c.Check());
  if (static_cast<double>(std::max(c.input.period, c.output.period)) > slots) {
    return InvalidArgument("periods of {} and {} in {} slots", c.input.period, c.output.period, slots);
  }
  return d;
}

// Repeats the first `period` numbers through all of them.
void Repeat(std::span<double> values, size_t period) {
  for (size_t j = period; j < values.size(); ++j) values[j] = values[j - period];
}

// Rows that are made of a whole small array.
class MadeRows : public RowSource {
 public:
  MadeRows(std::shared_ptr<const RowSource> source, Shape shape)
      : source_(std::move(source)), shape_(std::move(shape)) {}
  const Shape& shape() const override { return shape_; }

 protected:
  // The array, read at the first call.
  Result<std::span<const double>> Source() const {
    const std::lock_guard lock(mutex_);
    if (!values_) {
      const Shape& shape = source_->shape();
      const size_t columns = shape.back();
      std::vector<double> values((shape.size() == 2 ? shape[0] : 1) * columns);
      for (size_t row = 0; row * columns < values.size(); ++row) {
        KMRT_RETURN_IF_ERROR(source_->ReadRow(row, std::span(values).subspan(row * columns, columns)));
      }
      values_ = std::move(values);
    }
    return std::span<const double>(*values_);
  }

 private:
  const std::shared_ptr<const RowSource> source_;
  const Shape shape_;
  mutable std::mutex mutex_;
  mutable std::optional<std::vector<double>> values_;
};

class DiagonalRows : public MadeRows {
 public:
  DiagonalRows(std::shared_ptr<const RowSource> weights, const Description& description, std::vector<int64_t> indices)
      : MadeRows(std::move(weights), {indices.size(), description.slots}),
        convolution_(description.convolution),
        indices_(std::move(indices)) {}

  Status ReadRow(uint64_t row, std::span<double> out) const override {
    KMRT_ASSIGN_OR_RETURN(const std::span<const double> weights, Source());
    std::call_once(made_, [&] { diagonals_.emplace(convolution_); });
    const size_t length = static_cast<size_t>(diagonals_->length());
    diagonals_->Fill(indices_[row], weights, out.first(length));
    Repeat(out, length);
    return Status();
  }

 private:
  const PackedConvolution convolution_;
  const std::vector<int64_t> indices_;
  mutable std::once_flag made_;
  mutable std::optional<ConvolutionDiagonals> diagonals_;
};

class BiasRow : public MadeRows {
 public:
  BiasRow(std::shared_ptr<const RowSource> bias, const Description& description)
      : MadeRows(std::move(bias), {description.slots}), layout_(description.convolution.output) {}

  Status ReadRow(uint64_t, std::span<double> out) const override {
    KMRT_ASSIGN_OR_RETURN(const std::span<const double> bias, Source());
    const std::vector<circuit::SlotElement> elements = circuit::Elements(layout_);
    for (size_t j = 0; j < elements.size(); ++j) {
      out[j] = elements[j].channel < 0 ? 0 : bias[static_cast<size_t>(elements[j].channel)];
    }
    Repeat(out, elements.size());
    return Status();
  }

 private:
  const SlotLayout layout_;
};

// One of a layer's arrays, with a shape that `fits`; taken out of `arrays`.
template <typename Fits>
Result<std::shared_ptr<const RowSource>> Take(WeightFile::Arrays& arrays, const std::string& name, Fits fits) {
  auto node = arrays.extract(name);
  if (node.empty()) return InvalidArgument("it is missing");
  if (!node.mapped().ok()) return node.mapped().status();
  std::shared_ptr<const RowSource> source = std::move(node.mapped()).value();
  if (!fits(source->shape())) return InvalidArgument("its shape is {}", ShapeToString(source->shape()));
  return source;
}

Result<std::vector<double>> ReadSmall(const RowSource& source) {
  std::vector<double> values(source.shape()[0]);
  KMRT_RETURN_IF_ERROR(source.ReadRow(0, values));
  return values;
}

// Names of a block's arrays: `layer` + role + `block`, which is empty or ".<row>.<column>".
struct Names {
  std::string layer, block;
  std::string Kept(std::string_view role) const { return fmt::format("{}{}{}{}", layer, kMark, role, block); }
  std::string Shown(std::string_view role) const { return fmt::format("{}.{}{}", layer, role, block); }
};

struct Shown {
  std::unique_ptr<RowSource> weights, bias;  // no bias: null
};

// On failure, too, the block's arrays are gone. `part` is the array that is at fault.
Result<Shown> Show(WeightFile::Arrays& arrays, const Names& names, std::string& part) {
  const auto take = [&](const char* role, auto fits) {
    part = names.Kept(role);
    return Take(arrays, part, fits);
  };
  auto layout = take("layout", [](const Shape& s) { return s == Shape{kLayoutNumbers}; });
  auto diagonals = take("diagonals", [](const Shape& s) { return s.size() == 1 && s[0] >= 1 && s[0] <= kMostSlots; });
  auto weights = take("weights", [](const Shape& s) { return s.size() == 2; });
  const bool has_bias = arrays.contains(names.Kept("bias"));
  auto bias = take("bias", [](const Shape& s) { return s.size() == 1; });
  part = names.Kept("layout");
  if (!layout.ok()) return layout.status();
  KMRT_ASSIGN_OR_RETURN(const std::vector<double> numbers, ReadSmall(**layout));
  KMRT_ASSIGN_OR_RETURN(const Description description, FromNumbers(numbers));
  const uint64_t outputs = static_cast<uint64_t>(description.convolution.output.channels);

  part = names.Kept("diagonals");
  if (!diagonals.ok()) return diagonals.status();
  KMRT_ASSIGN_OR_RETURN(const std::vector<double> rotations, ReadSmall(**diagonals));
  std::vector<int64_t> indices;
  for (const double rotation : rotations) {
    if (rotation != std::floor(rotation) || std::abs(rotation) >= static_cast<double>(description.slots)) {
      return InvalidArgument("rotations below {} expected, found {}", description.slots, rotation);
    }
    indices.push_back(static_cast<int64_t>(rotation));
  }

  part = names.Kept("weights");
  if (!weights.ok()) return weights.status();
  const Shape shape = {outputs, static_cast<uint64_t>(description.convolution.weight_count()) / outputs};
  if ((*weights)->shape() != shape) {
    return InvalidArgument("its shape is {}, the layout wants {}", ShapeToString((*weights)->shape()),
                           ShapeToString(shape));
  }
  part = names.Kept("bias");
  Shown shown;
  shown.weights = std::make_unique<DiagonalRows>(*std::move(weights), description, std::move(indices));
  if (!has_bias) return shown;
  if (!bias.ok()) return bias.status();
  if ((*bias)->shape()[0] != outputs) {
    return InvalidArgument("{} numbers for {} outputs", (*bias)->shape()[0], outputs);
  }
  shown.bias = std::make_unique<BiasRow>(*std::move(bias), description);
  return shown;
}

}  // namespace

std::vector<NpzArray> PackedBlockArrays(const BlockName& name, const PackedConvolution& convolution,
                                        std::span<const double> weights, std::vector<double> bias,
                                        std::span<const int64_t> diagonals, uint64_t slots) {
  const auto copy = [](std::vector<double> values) {
    return [values = std::move(values)](uint64_t, std::span<double> out) {
      std::copy(values.begin(), values.end(), out.begin());
      return Status();
    };
  };
  const uint64_t outputs = static_cast<uint64_t>(convolution.output.channels);
  const uint64_t columns = weights.size() / outputs;
  const bool first = name.row == 0 && name.column == 0;
  const Names names{name.layer, first ? "" : fmt::format(".{}.{}", name.row, name.column)};
  std::vector<NpzArray> arrays = {
      {names.Kept("weights"),
       {outputs, columns},
       [weights, columns](uint64_t row, std::span<double> out) {
         const auto from = weights.subspan(row * columns, columns);
         std::copy(from.begin(), from.end(), out.begin());
         return Status();
       }},
      {names.Kept("layout"), {kLayoutNumbers}, copy(Numbers(convolution, slots))},
      {names.Kept("diagonals"), {diagonals.size()}, copy({diagonals.begin(), diagonals.end()})}};
  if (!bias.empty()) arrays.push_back({names.Kept("bias"), {outputs}, copy(std::move(bias))});
  return arrays;
}

void ShowPackedLayers(const std::string& path, WeightFile::Arrays& arrays) {
  std::vector<Names> blocks;
  const std::string layout = std::string(kMark) + "layout";
  for (const auto& [name, array] : arrays) {
    const size_t at = name.rfind(layout);
    if (at == std::string::npos) continue;
    const std::string block = name.substr(at + layout.size());
    if (block.empty() || block.front() == '.') blocks.push_back({name.substr(0, at), block});
  }
  for (const Names& names : blocks) {
    std::string part;
    Result<Shown> shown = Show(arrays, names, part);
    if (shown.ok()) {
      arrays.insert_or_assign(names.Shown("weights"), std::move(shown->weights));
      if (shown->bias != nullptr) arrays.insert_or_assign(names.Shown("bias"), std::move(shown->bias));
      continue;
    }
    const Status status = Corrupt("{}: {}: {}", path, part, shown.status().message());
    arrays.insert_or_assign(names.Shown("weights"), status);
    arrays.insert_or_assign(names.Shown("bias"), status);
  }
}

}  // namespace keymemrt::frontend
