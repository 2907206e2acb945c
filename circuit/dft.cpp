// SPDX-License-Identifier: Apache-2.0
#include "circuit/dft.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace keymemrt::circuit {

namespace {

constexpr int kMaxLogSlots = 16;

// exp(2*pi*i*k / 2^log_order), from two tables of the square root of their number; error about an ulp.
class RootsOfUnity {
 public:
  explicit RootsOfUnity(int log_order) : log_low_(log_order / 2) {
    const auto table = [&](int log_size, int shift) {
      std::vector<std::complex<double>> roots(size_t{1} << log_size);
      for (size_t i = 0; i < roots.size(); ++i) {
        const long double angle =
            2 * std::numbers::pi_v<long double> * std::ldexp(static_cast<long double>(i), shift - log_order);
        roots[i] = {static_cast<double>(std::cos(angle)), static_cast<double>(std::sin(angle))};
      }
      return roots;
    };
    low_ = table(log_low_, 0);
    high_ = table(log_order - log_low_, log_low_);
  }

  std::complex<double> operator()(uint64_t k) const {
    const std::complex<double> a = low_[k & (low_.size() - 1)], b = high_[(k >> log_low_) & (high_.size() - 1)];
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
  }

 private:
  int log_low_;
  std::vector<std::complex<double>> low_, high_;
};

// The layers of a stage: half block sizes 2^first .. 2^(first+count-1).
struct Layers {
  int first, count;
};

Layers LayersOf(const DftStage& stage) {
  const auto begin = stage.radices.begin();
  const int before = std::accumulate(begin, begin + stage.stage, 0);
  const int count = stage.radices[static_cast<size_t>(stage.stage)];
  return {stage.direction == DftDirection::kSlotToCoeff ? before : stage.log_slots - before - count, count};
}

// Whether diagonals k*h and (k - 2^r)*h are one: blocks are all there is.
bool Wraps(const DftStage& stage, const Layers& layers) {
  return layers.first + layers.count == stage.log_slots && !stage.halves;
}

// k of diagonal k*h.
int64_t Offset(const DftStage& stage, const Layers& layers, size_t row) {
  const int64_t radix = int64_t{1} << layers.count;
  return static_cast<int64_t>(row) - (Wraps(stage, layers) ? 0 : radix - 1);
}

}  // namespace

Status DftStage::Check() const {
  if (log_slots < 1 || log_slots > kMaxLogSlots) {
    return InvalidArgument("DFT stage: 2^{} slots; 2^1 to 2^{} expected", log_slots, kMaxLogSlots);
  }
  int sum = 0;
  for (const int radix : radices) {
    if (radix < 1 || radix > log_slots - sum)
      return InvalidArgument("DFT stage: {} layers; 1 to {} expected", radix, log_slots - sum);
    sum += radix;
  }
  if (sum != log_slots) return InvalidArgument("DFT stage: {} layers in all stages; {} expected", sum, log_slots);
  if (stage < 0 || stage >= static_cast<int>(radices.size())) {
    return InvalidArgument("DFT stage: there is no stage {}; 0 to {} expected", stage, radices.size() - 1);
  }
  if (!(factor > 0) || !std::isfinite(factor)) {
    return InvalidArgument("DFT stage: the factor {} is not a positive number", factor);
  }
  return Status();
}

std::vector<int64_t> DftStage::Rotations() const {
  const Layers layers = LayersOf(*this);
  const int64_t radix = int64_t{1} << layers.count;
  std::vector<int64_t> rotations(static_cast<size_t>(Wraps(*this, layers) ? radix : 2 * radix - 1));
  for (size_t row = 0; row < rotations.size(); ++row) {
    rotations[row] = Offset(*this, layers, row) * (int64_t{1} << layers.first);
  }
  return rotations;
}

int64_t DftStage::Period() const {
  const Layers layers = LayersOf(*this);
  return int64_t{1} << (halves ? log_slots + 1 : layers.first + layers.count);
}

std::vector<std::complex<double>> DftStage::Diagonal(size_t row) const {
  const Layers layers = LayersOf(*this);
  const bool wraps = Wraps(*this, layers), forward = direction == DftDirection::kSlotToCoeff;
  const int64_t radix = int64_t{1} << layers.count, offset = Offset(*this, layers, row);
  const int log_order = layers.first + layers.count + 2;  // that of the largest layer's twiddles, 8h
  const uint64_t order = uint64_t{1} << log_order;
  const RootsOfUnity root(log_order);
  const int64_t period = Period(), block = int64_t{1} << (layers.first + layers.count);

  // 5^j modulo the order, for every twiddle of the largest layer; those of smaller ones are these modulo theirs.
  std::vector<uint32_t> powers(static_cast<size_t>(block / 2));
  uint64_t power = 1;
  for (uint32_t& entry : powers) {
    entry = static_cast<uint32_t>(power);
    power = power * 5 % order;
  }

  std::vector<std::complex<double>> diagonal(static_cast<size_t>(period));
  for (int64_t position = 0; position < block; ++position) {
    const int64_t out = position >> layers.first, low = position & ((int64_t{1} << layers.first) - 1);
    int64_t in = out + offset;
    if (wraps) in &= radix - 1;
    if (in < 0 || in >= radix) continue;
    // Layer by layer only one bit of the entry's place changes. A twiddle is picked by the bits below it: of the result
    // in SlotToCoeff, where they have been dealt with, of the operand in CoeffToSlot.
    uint64_t exponent = 0;
    for (int layer = 0; layer < layers.count; ++layer) {
      const bool in_bit = (in >> layer) & 1, out_bit = (out >> layer) & 1;
      if (in_bit && out_bit) exponent += order / 2;
      if (!(forward ? in_bit : out_bit)) continue;
      const int64_t mask = (int64_t{1} << layer) - 1;
      const int64_t j = low + (((forward ? out : in) & mask) << layers.first);
      const int shift = layers.count - 1 - layer;  // this layer's twiddles are of order / 2^shift
      const uint64_t twiddle = (powers[static_cast<size_t>(j)] & ((order >> shift) - 1)) << shift;
      exponent += forward ? twiddle : order - twiddle;
    }
    diagonal[static_cast<size_t>(position)] = factor * root(exponent & (order - 1));
  }
  for (int64_t begin = block; begin < period; ++begin) {
    diagonal[static_cast<size_t>(begin)] = diagonal[static_cast<size_t>(begin - block)];
  }
  if (halves) {
    for (int64_t j = period / 2; j < period; ++j) {
      std::complex<double>& entry = diagonal[static_cast<size_t>(j)];
      entry = forward ? std::complex<double>(-entry.imag(), entry.real())
                      : std::complex<double>(entry.imag(), -entry.real());
    }
  }
  return diagonal;
}

std::vector<int> SplitLayers(DftDirection direction, int log_slots, int stages) {
  stages = std::min(stages, log_slots);
  std::vector<int> radices(static_cast<size_t>(stages), log_slots / stages);
  const size_t larger = static_cast<size_t>(log_slots % stages);
  if (direction == DftDirection::kCoeffToSlot) {
    for (size_t i = 0; i < larger; ++i) ++radices[i];
  } else {
    for (size_t i = radices.size() - larger; i < radices.size(); ++i) ++radices[i];
  }
  return radices;
}

}  // namespace keymemrt::circuit
