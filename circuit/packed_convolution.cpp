// SPDX-License-Identifier: Apache-2.0
#include "circuit/packed_convolution.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdlib>

namespace keymemrt::circuit {

int64_t SlotLayout::Slot(int32_t channel, int32_t y, int32_t x) const {
  const int32_t lane = channel % lanes;
  return channel / lanes * block + (int64_t{y} * gap + lane / gap) * pitch + int64_t{x} * gap + lane % gap;
}

int64_t SlotLayout::End() const {
  const int32_t grids = (channels + lanes - 1) / lanes;
  return (grids - 1) * block + ((height - 1) * int64_t{gap} + (lanes - 1) / gap) * pitch + int64_t{width} * gap;
}

Status SlotLayout::Check() const {
  if (channels < 1 || height < 1 || width < 1 || gap < 1 || lanes < 1 || pitch < 1 || block < 1 || period < 1 ||
      !std::has_single_bit(static_cast<uint64_t>(period))) {
    return InvalidArgument("slot layout: positive numbers and a power of two as period expected");
  }
  constexpr int64_t kMost = int64_t{1} << 31;
  if (period > kMost || pitch > kMost || block > kMost || int64_t{channels} * height > kMost ||
      int64_t{channels} * height * width > kMost || int64_t{height} * gap > kMost || int64_t{width} * gap > kMost) {
    return InvalidArgument("slot layout: a tensor that no ciphertext holds");
  }
  if (lanes > int64_t{gap} * gap || pitch < int64_t{width} * gap) {
    return InvalidArgument("slot layout: {} lanes in a gap of {}, rows of {} x {} in {} slots", lanes, gap, width, gap,
                           pitch);
  }
  SlotLayout grid = *this;
  grid.channels = std::min(channels, lanes);
  const bool several = channels > lanes;
  if ((several && grid.End() > block) || End() > period) {
    return InvalidArgument("slot layout: {} slots in a period of {}, grids of {} in {}", End(), period, grid.End(),
                           block);
  }
  return Status();
}

std::string SlotLayout::Describe() const {
  return fmt::format("{} x {} x {}, gap {}, {} a grid, period {}", channels, height, width, gap, lanes, period);
}

std::vector<SlotElement> Elements(const SlotLayout& layout) {
  std::vector<SlotElement> elements(static_cast<size_t>(layout.period));
  for (int32_t channel = 0; channel < layout.channels; ++channel) {
    for (int32_t y = 0; y < layout.height; ++y) {
      for (int32_t x = 0; x < layout.width; ++x) {
        elements[static_cast<size_t>(layout.Slot(channel, y, x))] = {channel, y, x};
      }
    }
  }
  return elements;
}

int64_t PackedConvolution::weight_count() const {
  return int64_t{output.channels} * (input.channels / groups) * kernel_height * kernel_width;
}

Status PackedConvolution::Check() const {
  KMRT_RETURN_IF_ERROR(input.Check());
  KMRT_RETURN_IF_ERROR(output.Check());
  if (groups < 1 || kernel_height < 1 || kernel_width < 1 || stride_y < 1 || stride_x < 1 ||
      input.channels % groups != 0 || output.channels % groups != 0) {
    return InvalidArgument("packed convolution: positive numbers, and groups that divide the channels, expected");
  }
  // So that no product of the formula leaves 64 bits, and positions not 32.
  for (const int64_t extent :
       {int64_t{output.height} * stride_y, int64_t{output.width} * stride_x, int64_t{kernel_height},
        int64_t{kernel_width}, std::abs(int64_t{pad_top}), std::abs(int64_t{pad_left})}) {
    if (extent >= int64_t{1} << 29) return InvalidArgument("packed convolution: windows that no image has");
  }
  if (int64_t{output.channels} * (input.channels / groups) > (int64_t{1} << 40) / kernel_height / kernel_width) {
    return InvalidArgument("packed convolution: more weights than any file holds");
  }
  return Status();
}

std::vector<int64_t> PackedConvolution::Ladder() const {
  std::vector<int64_t> ladder;
  for (int64_t step = input.period / 2; step >= output.period; step /= 2) ladder.push_back(step);
  return ladder;
}

ConvolutionDiagonals::ConvolutionDiagonals(const PackedConvolution& convolution)
    : convolution_(convolution), input_(Elements(convolution.input)), output_(Elements(convolution.output)) {}

int64_t ConvolutionDiagonals::length() const {
  return std::max(convolution_.input.period, convolution_.output.period);
}

std::vector<int64_t> ConvolutionDiagonals::Indices(std::span<const double> weights) const {
  const PackedConvolution& c = convolution_;
  assert(static_cast<int64_t>(weights.size()) == c.weight_count());
  const int64_t window = std::min(c.input.period, c.output.period);
  std::vector<bool> found(static_cast<size_t>(window));
  const int32_t inputs = c.input.channels / c.groups;
  size_t next = 0;
  for (int32_t o = 0; o < c.output.channels; ++o) {
    const int32_t first = o / (c.output.channels / c.groups) * inputs;
    for (int32_t i = 0; i < inputs; ++i) {
      for (int32_t k = 0; k < c.kernel_height; ++k) {
        for (int32_t l = 0; l < c.kernel_width; ++l) {
          if (weights[next++] == 0) continue;
          for (int32_t v = 0; v < c.output.height; ++v) {
            const int32_t y = v * c.stride_y + k - c.pad_top;
            if (y < 0 || y >= c.input.height) continue;
            for (int32_t u = 0; u < c.output.width; ++u) {
              const int32_t x = u * c.stride_x + l - c.pad_left;
              if (x < 0 || x >= c.input.width) continue;
              // Both are less than 2^31 apart, and the window is a power of two.
              const int64_t d = c.input.Slot(first + i, y, x) - c.output.Slot(o, v, u);
              found[static_cast<size_t>(d & (window - 1))] = true;
            }
          }
        }
      }
    }
  }
  std::vector<int64_t> indices;
  for (size_t d = 0; d < found.size(); ++d) {
    if (found[d]) indices.push_back(static_cast<int64_t>(d));
  }
  if (indices.empty()) indices.push_back(0);  // a transform without diagonals would be no program
  return indices;
}

void ConvolutionDiagonals::Fill(int64_t d, std::span<const double> weights, std::span<double> out) const {
  const PackedConvolution& c = convolution_;
  assert(static_cast<int64_t>(out.size()) == length() && static_cast<int64_t>(weights.size()) == c.weight_count());
  const int32_t inputs = c.input.channels / c.groups;
  const int32_t outputs = c.output.channels / c.groups;
  for (size_t j = 0; j < out.size(); ++j) {
    out[j] = 0;
    const SlotElement& to = output_[j & (output_.size() - 1)];
    const SlotElement& from = input_[static_cast<size_t>(static_cast<int64_t>(j) + d) & (input_.size() - 1)];
    if (to.channel < 0 || from.channel < 0) continue;
    const int32_t k = from.y + c.pad_top - to.y * c.stride_y;
    const int32_t l = from.x + c.pad_left - to.x * c.stride_x;
    const int32_t i = from.channel - to.channel / outputs * inputs;
    if (k < 0 || k >= c.kernel_height || l < 0 || l >= c.kernel_width || i < 0 || i >= inputs) continue;
    const int64_t row = (int64_t{to.channel} * inputs + i) * c.kernel_height + k;
    out[j] = weights[static_cast<size_t>(row * c.kernel_width + l)];
  }
}

}  // namespace keymemrt::circuit
