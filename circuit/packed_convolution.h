// SPDX-License-Identifier: Apache-2.0
//
// A linear layer as generalized diagonals: where the numbers of a tensor lie in the slots of a ciphertext, and which
// diagonals a convolution between two such layouts has. Pure arithmetic: a diagonal is made of the layer's compact
// weights when it is needed, so that no more than one of them need exist.
//
// Notation: rotl(x, k)[j] = x[j + k], slots modulo their number. A layout repeats with its *period*, a power of two.
// With p the period of the input, r that of the output and w = min(p, r),
//
//     z = sum_d diag_d (*) rotl(x, d),    diag_d[j] = W[element of the output at j mod r][element of the input at (j +
//     d) mod p],
//
// where (*) is slot by slot, W is the layer's matrix, and d goes through one representative of each residue modulo w
// that has a diagonal which is not zero. If r < p, slot j of z holds but a part of its output's sum; the slots j, j +
// r, j + 2r, ... hold the other parts, and adding rotations by p/2, p/4, ..., r (the *ladder*) completes them ("hybrid
// packing": Juvekar et al., "GAZELLE", 2018, section 4). Either way the result has period r.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace keymemrt::circuit {

// A tensor of channels x height x width. Neighbouring pixels are `gap` apart in both directions of a grid, and the
// first `lanes` of the gap * gap places that this leaves free belong to one channel each (multiplexed packing: Lee et
// al., "Low-complexity deep convolutional neural networks on fully homomorphic encryption using multiplexed parallel
// convolutions", 2022): strides widen the gap, channels fill it.
struct SlotLayout {
  int32_t channels = 1, height = 1, width = 1;
  int32_t gap = 1;
  int32_t lanes = 1;   // channels in one grid, at most gap * gap
  int64_t pitch = 1;   // slots from one row of a grid to the next; at least width * gap
  int64_t block = 1;   // slots from one grid to the next
  int64_t period = 1;  // a power of two

  int64_t Slot(int32_t channel, int32_t y, int32_t x) const;
  // One after the last slot that can hold a number.
  int64_t End() const;
  // kInvalidArgument: a dimension below 1, more lanes than gaps, rows or grids that overlap, a period that is no power
  // of two or less than End(), more than 2^31 numbers.
  Status Check() const;
  std::string Describe() const;  // "16 x 32 x 32, gap 1, period 16384"

  bool operator==(const SlotLayout&) const = default;
};

// What is at each slot of a period: channel, y, x; channel -1 where nothing is.
struct SlotElement {
  int32_t channel = -1, y = 0, x = 0;
};
std::vector<SlotElement> Elements(const SlotLayout& layout);

// y[o][v][u] = sum over i, k, l of w[o][i][k][l] * x[g(o) + i][v * stride_y + k - pad_top][u * stride_x + l -
// pad_left], x being 0 outside its bounds and g(o) the first input channel of o's group.
struct PackedConvolution {
  SlotLayout input, output;
  int32_t groups = 1;
  int32_t kernel_height = 1, kernel_width = 1;
  int32_t stride_y = 1, stride_x = 1;
  int32_t pad_top = 0, pad_left = 0;

  // Of the weights, outputs x (inputs of one group) x kernel_height x kernel_width.
  int64_t weight_count() const;
  // kInvalidArgument: a layout that is none, a dimension below 1, channels that the groups do not divide.
  Status Check() const;
  // Rotations to the left, each added to what it rotates; descending, none where the output's period is the longer one.
  std::vector<int64_t> Ladder() const;

  bool operator==(const PackedConvolution&) const = default;
};

// Makes diagonals. Holds one entry for each slot of the two periods. Safe from several threads.
class ConvolutionDiagonals {
 public:
  // REQUIRES: convolution.Check().ok().
  explicit ConvolutionDiagonals(const PackedConvolution& convolution);

  // The rotations d that have a diagonal, each in [0, w), ascending: all others are zero for these weights. At least
  // one. REQUIRES: weights.size() == weight_count(), also below.
  std::vector<int64_t> Indices(std::span<const double> weights) const;
  // Length of a diagonal: the longer period. It repeats with it.
  int64_t length() const;
  // Diagonal d, of any sign and size. REQUIRES: out.size() == length().
  void Fill(int64_t d, std::span<const double> weights, std::span<double> out) const;

 private:
  PackedConvolution convolution_;
  std::vector<SlotElement> input_, output_;
};

}  // namespace keymemrt::circuit
