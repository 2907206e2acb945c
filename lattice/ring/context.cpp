// SPDX-License-Identifier: Apache-2.0
#include "lattice/ring/context.h"

#include <cassert>
#include <numeric>
#include <utility>

#include "lattice/arith/cpu_clones.h"

namespace keymemrt::lattice {

namespace {

uint32_t ReverseBits(uint32_t x, int bits) {
  uint32_t reversed = 0;
  for (int i = 0; i < bits; ++i, x >>= 1) reversed = reversed << 1 | (x & 1);
  return reversed;
}

// out[j] = round(sum_i y[i][j] * factors[i]), in blocks that stay in the first-level cache while the inputs stream by.
KMRT_CPU_CLONES void RoundedSum(const uint64_t* const* y, const double* factors, size_t count, size_t n, uint8_t* out) {
  constexpr size_t kBlock = 512;
  double sums[kBlock];
  for (size_t begin = 0; begin < n; begin += kBlock) {
    for (double& sum : sums) sum = 0.5;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t* words = y[i] + begin;
      for (size_t j = 0; j < kBlock; ++j) sums[j] += static_cast<double>(static_cast<int64_t>(words[j])) * factors[i];
    }
    for (size_t j = 0; j < kBlock; ++j) out[begin + j] = static_cast<uint8_t>(static_cast<int64_t>(sums[j]));
  }
}

std::vector<std::shared_ptr<const NttTable>> MakeTables(const scheme::Parameters& parameters) {
  std::vector<std::shared_ptr<const NttTable>> tables;
  for (int limb = 0; limb < parameters.limb_count(); ++limb) {
    tables.push_back(std::make_shared<const NttTable>(parameters.log_n(), Modulus(parameters.modulus(limb))));
  }
  return tables;
}

}  // namespace

Context::Context(scheme::Parameters parameters) : Context(parameters, MakeTables(parameters)) {}

Context::Context(scheme::Parameters parameters, Tables tables)
    : parameters_(std::move(parameters)), kernels_(ActiveKernels()), tables_(std::move(tables)) {
  for (uint32_t i = 0; i < n() / 8; ++i) block_reversal_.push_back(ReverseBits(i, parameters_.log_n() - 3));
  const int q_count = parameters_.q_count();
  inverses_.resize(static_cast<size_t>(q_count) * static_cast<size_t>(q_count));
  for (int limb = 0; limb < q_count; ++limb) {
    for (int other = 0; other < q_count; ++other) {
      if (limb == other) continue;
      const Modulus& q = modulus(other);
      inverses_[static_cast<size_t>(limb * q_count + other)] = q.Inverse(q.Reduce(modulus(limb).value()));
    }
  }
}

Result<const Context*> Context::At(const scheme::KeyShape& shape) const {
  if (shape == parameters_.shape()) return this;
  const std::lock_guard lock(mutex_);
  const auto found = shaped_.find(shape);
  if (found != shaped_.end()) return found->second.get();
  KMRT_ASSIGN_OR_RETURN(scheme::Parameters parameters, parameters_.At(shape));
  // The special primes of a shape are P's, then the dropped ones of Q, in this order.
  Tables tables(tables_.begin(), tables_.begin() + shape.level + 1);
  tables.insert(tables.end(), tables_.begin() + parameters_.q_count(), tables_.end());
  tables.insert(tables.end(), tables_.begin() + shape.level + 1, tables_.begin() + parameters_.q_count());
  tables.resize(static_cast<size_t>(parameters.limb_count()));
  std::unique_ptr<const Context> context(new Context(std::move(parameters), std::move(tables)));
  return shaped_.emplace(shape, std::move(context)).first->second.get();
}

BaseConversion Context::MakeConversion(std::vector<int> from, std::vector<int> to) const {
  const auto product_without = [&](size_t skip, const Modulus& q) {
    uint64_t product = 1;
    for (size_t i = 0; i < from.size(); ++i) {
      if (i != skip) product = q.Mul(product, q.Reduce(modulus(from[i]).value()));
    }
    return product;
  };
  BaseConversion conversion;
  for (size_t i = 0; i < from.size(); ++i) {
    const Modulus& f = modulus(from[i]);
    conversion.inverse.push_back(f.Inverse(product_without(i, f)));
    conversion.reciprocal.push_back(1.0 / static_cast<double>(f.value()));
  }
  for (const int limb : to) {
    const Modulus& q = modulus(limb);
    std::vector<uint64_t> weights;
    for (size_t i = 0; i < from.size(); ++i) weights.push_back(product_without(i, q));
    const uint64_t product = product_without(from.size(), q);
    weights.push_back(q.Negate(product));
    conversion.weights.push_back(std::move(weights));
    conversion.product.push_back(product);
    conversion.product_inverse.push_back(q.Inverse(product));
  }
  conversion.from = std::move(from);
  conversion.to = std::move(to);
  return conversion;
}

const BaseConversion& Context::ModUp(int digit, int level) const {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<BaseConversion>& entry = mod_up_[level * parameters_.q_count() + digit];
  if (entry == nullptr) {
    std::vector<int> from, to;
    for (int limb = 0; limb < parameters_.limb_count(); ++limb) {
      if (limb > level && limb < parameters_.q_count()) continue;
      const bool inside = limb >= parameters_.DigitBegin(digit) && limb < parameters_.DigitEnd(digit, level);
      (inside ? from : to).push_back(limb);
    }
    entry = std::make_unique<BaseConversion>(MakeConversion(std::move(from), std::move(to)));
  }
  return *entry;
}

const BaseConversion& Context::ModDown(int level) const {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<BaseConversion>& entry = mod_down_[level];
  if (entry == nullptr) {
    std::vector<int> from(static_cast<size_t>(parameters_.p_count())), to(static_cast<size_t>(level) + 1);
    std::iota(from.begin(), from.end(), parameters_.q_count());
    std::iota(to.begin(), to.end(), 0);
    entry = std::make_unique<BaseConversion>(MakeConversion(std::move(from), std::move(to)));
  }
  return *entry;
}

void Context::WritePermutation(uint64_t galois_element, uint32_t* index) const {
  assert(galois_element % 2 == 1 && galois_element < 2 * n());
  // Evaluation i is at psi^(2j+1), j = brv(i); of x(X^g) it is x's at psi^(g*(2j+1)). The low three bits of i are the
  // high three bits h of j = j_0 + h*N/8, and g*(2j+1) = g*(2*j_0+1) + (h*g)*N/4: a group of eight stays together,
  // turned by c.
  constexpr uint32_t kReversed[] = {0, 4, 2, 6, 1, 5, 3, 7};
  const int log_blocks = parameters_.log_n() - 3;
  const uint32_t blocks = uint32_t{1} << log_blocks, g = static_cast<uint32_t>(galois_element);
  uint32_t turns[8][8];
  for (uint32_t c = 0; c < 8; ++c) {
    for (uint32_t h = 0; h < 8; ++h) turns[c][kReversed[h]] = kReversed[(c + h * g) % 8];
  }
  for (uint32_t block = 0; block < blocks; ++block) {
    // Modulo 2^32, a multiple of 2N.
    const uint32_t j = ((2 * block_reversal_[block] + 1) * g >> 1) & (8 * blocks - 1);
    const uint32_t first = 8 * block_reversal_[j % blocks];
    const uint32_t* turn = turns[j >> log_blocks];
    for (uint32_t i = 0; i < 8; ++i) index[8 * block + i] = first + turn[i];
  }
}

void ConversionOverflow(const Context& context, const BaseConversion& conversion, const uint64_t* const* y,
                        uint8_t* out) {
  RoundedSum(y, conversion.reciprocal.data(), conversion.from.size(), context.n(), out);
}

}  // namespace keymemrt::lattice
