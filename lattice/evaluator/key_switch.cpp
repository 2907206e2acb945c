// SPDX-License-Identifier: Apache-2.0
#include "lattice/evaluator/key_switch.h"

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <optional>
#include <utility>

#include "lattice/keys/uniform.h"

namespace keymemrt::lattice {

namespace {

constexpr int kSlotsPerThread = 3;  // two accumulators, a digit's limb
constexpr size_t kTile = 2048;      // words of an inner product at a time: five tiles stay in the near caches

// Keeps the first error of a parallel loop.
class FirstError {
 public:
  void Set(Status status) {
    const std::lock_guard lock(mutex_);
    if (first_.ok()) first_ = std::move(status);
    failed_.store(true, std::memory_order_relaxed);
  }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  Status Take() { return std::move(first_); }

 private:
  std::mutex mutex_;
  std::atomic<bool> failed_ = false;
  Status first_;
};

// The products of a polynomial's digits with one key, limb by limb. Refers to everything it is given.
class KeyProduct {
 public:
  KeyProduct(const Workspace& work, int level, const DigitLimb& digits, const scheme::KeyId& key, const Seed& a_seed,
             KeyUse& use)
      : work_(work),
        digit_count_(work.context.parameters().DigitCount(level)),
        digits_(digits),
        key_(key),
        uniform_(a_seed, key),
        use_(use) {}

  // acc0, acc1 = sum over digits of digit * (b, a), modulo one limb of the full basis. Thread-safe; after an error,
  // also one of another limb, they hold nothing of use.
  void Limb(int limb, uint64_t* acc0, uint64_t* acc1) {
    const Kernels& kernels = work_.context.kernels();
    const size_t n = work_.context.n();
    const Modulus& q = work_.context.modulus(limb);
    const Slot extended = work_.pool.Take(MemoryClass::kScratch);
    alignas(64) uint64_t a[kTile];
    for (int digit = 0; digit < digit_count_ && !error_.failed(); ++digit) {
      const uint64_t* x = digits_(digit, limb, extended.data());
      const Result<std::span<const uint64_t>> b = use_.Chunk(digit, limb);
      if (!b.ok()) {
        error_.Set(b.status().WithContext(key_.ToString()));
        return;
      }
      const auto accumulate = digit == 0 ? kernels.mul : kernels.mul_add;
      for (size_t begin = 0; begin < n; begin += kTile) {
        const size_t size = std::min(kTile, n - begin);
        accumulate(acc0 + begin, x + begin, b->data() + begin, size, q);
        uniform_.Fill(digit, limb, q, {a, size}, begin);
        accumulate(acc1 + begin, x + begin, a, size, q);
      }
      use_.Done(digit, limb);
    }
  }

  const FirstError& error() const { return error_; }
  Status TakeError() { return error_.Take(); }

 private:
  const Workspace& work_;
  const int digit_count_;
  const DigitLimb& digits_;
  const scheme::KeyId& key_;
  const UniformExpander uniform_;
  KeyUse& use_;
  FirstError error_;
};

}  // namespace

ModUpDigits::ModUpDigits(const Workspace& work, const Poly& poly, int level)
    : work_(work), poly_(poly), level_(level), coefficients_(work.pool, MemoryClass::kScratch, level + 1) {
  const Context& context = work.context;
  const scheme::Parameters& parameters = context.parameters();
  for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
    std::vector<uint64_t*> limbs;
    for (int limb = parameters.DigitBegin(digit); limb < parameters.DigitEnd(digit, level); ++limb) {
      limbs.push_back(coefficients_.limb(limb));
    }
    digits_.push_back(
        std::make_unique<ConvertedBasis>(context, work.pool, context.ModUp(digit, level), std::move(limbs)));
  }
  ParallelFor(work.threads, level + 1, [&](int limb) {
    std::copy_n(poly.limb(limb), context.n(), coefficients_.limb(limb));
    context.kernels().ntt_inverse(coefficients_.limb(limb), context.ntt(limb));
    const int digit = limb / parameters.digit_size();
    digits_[static_cast<size_t>(digit)]->ScaleLimb(limb - parameters.DigitBegin(digit));
  });
  ParallelFor(work.threads, static_cast<int>(digits_.size()),
              [&](int digit) { digits_[static_cast<size_t>(digit)]->ComputeOverflow(); });
}

const uint64_t* ModUpDigits::Limb(int digit, int limb, uint64_t* scratch) const {
  const scheme::Parameters& parameters = work_.context.parameters();
  if (limb >= parameters.DigitBegin(digit) && limb < parameters.DigitEnd(digit, level_)) return poly_.limb(limb);
  Write(digit, limb, scratch);
  return scratch;
}

void ModUpDigits::Write(int digit, int limb, uint64_t* out) const {
  const Context& context = work_.context;
  const scheme::Parameters& parameters = context.parameters();
  const int begin = parameters.DigitBegin(digit), end = parameters.DigitEnd(digit, level_);
  if (limb >= begin && limb < end) {
    std::copy_n(poly_.limb(limb), context.n(), out);
    return;
  }
  // Position in the conversion's targets: the live limbs of the full basis without the digit's own.
  int index = limb < parameters.q_count() ? limb : limb - parameters.q_count() + level_ + 1;
  if (index >= end) index -= end - begin;
  digits_[static_cast<size_t>(digit)]->Convert(index, out);
  context.kernels().ntt_forward(out, context.ntt(limb));
}

int ModUpDigits::Slots(const scheme::Parameters& parameters, int level) {
  int slots = level + 1;
  for (int digit = 0; digit < parameters.DigitCount(level); ++digit) {
    slots += ConvertedBasis::OwnedSlots(parameters.DigitEnd(digit, level) - parameters.DigitBegin(digit));
  }
  return slots;
}

int SwitchKeySlots(const scheme::Parameters& parameters, int level, int threads) {
  const int p_count = parameters.p_count();
  return 2 * (p_count + ConvertedBasis::OwnedSlots(p_count)) + kSlotsPerThread * std::min(threads, p_count + level + 1);
}

Status SwitchKey(const Workspace& work, int level, const DigitLimb& digits, const scheme::KeyId& key, KeySource& keys,
                 const SwitchedLimb& done) {
  const Context& context = work.context;
  const Kernels& kernels = context.kernels();
  const scheme::Parameters& parameters = context.parameters();
  const size_t n = context.n();
  const int q_count = parameters.q_count(), p_count = parameters.p_count();

  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyUse> use, keys.Acquire(key, level));
  KeyProduct product(work, level, digits, key, keys.a_seed(), *use);
  const FirstError& error = product.error();

  // One loop over the limbs of P and Q: indices are handed out in order, so that a limb of Q which waits for the
  // special ones waits for threads that are at work.
  Poly special[2] = {Poly(work.pool, MemoryClass::kScratch, p_count), Poly(work.pool, MemoryClass::kScratch, p_count)};
  std::optional<ConvertedBasis> remainder[2];
  const BaseConversion& mod_down = context.ModDown(level);
  for (int part = 0; part < 2; ++part) {
    std::vector<uint64_t*> limbs;
    for (int i = 0; i < p_count; ++i) limbs.push_back(special[part].limb(i));
    remainder[part].emplace(context, work.pool, mod_down, std::move(limbs));
  }
  std::atomic<int> special_left = p_count;
  std::latch special_done(1);

  ParallelFor(work.threads, p_count + level + 1, [&](int index) {
    if (index < p_count) {
      const int limb = q_count + index;
      product.Limb(limb, special[0].limb(index), special[1].limb(index));
      for (int part = 0; part < 2; ++part) {
        if (error.failed()) break;
        kernels.ntt_inverse(special[part].limb(index), context.ntt(limb));
        remainder[part]->ScaleLimb(index);
      }
      if (special_left.fetch_sub(1) == 1) {
        for (std::optional<ConvertedBasis>& basis : remainder) {
          if (!error.failed()) basis->ComputeOverflow();
        }
        special_done.count_down();
      }
      return;
    }
    const int limb = index - p_count;
    const Slot slots[2] = {work.pool.Take(MemoryClass::kScratch), work.pool.Take(MemoryClass::kScratch)};
    product.Limb(limb, slots[0].data(), slots[1].data());
    special_done.wait();
    if (error.failed()) return;
    const Slot rest = work.pool.Take(MemoryClass::kScratch);
    for (int part = 0; part < 2; ++part) {
      uint64_t* acc = slots[part].data();
      remainder[part]->Convert(limb, rest.data());
      kernels.ntt_forward(rest.data(), context.ntt(limb));
      kernels.sub_mul_scalar(acc, acc, rest.data(), mod_down.product_inverse[static_cast<size_t>(limb)], n,
                             context.modulus(limb));
    }
    done(limb, slots[0].data(), slots[1].data());
  });
  return product.TakeError();
}

Status MultiplyKey(const Workspace& work, int level, const DigitLimb& digits, const scheme::KeyId& key, KeySource& keys,
                   const SwitchedLimb& done) {
  const int q_count = work.context.parameters().q_count(), p_count = work.context.parameters().p_count();
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyUse> use, keys.Acquire(key, level));
  KeyProduct product(work, level, digits, key, keys.a_seed(), *use);
  ParallelFor(work.threads, p_count + level + 1, [&](int index) {
    const int limb = index < p_count ? q_count + index : index - p_count;
    const Slot parts[2] = {work.pool.Take(MemoryClass::kScratch), work.pool.Take(MemoryClass::kScratch)};
    product.Limb(limb, parts[0].data(), parts[1].data());
    if (!product.error().failed()) done(limb, parts[0].data(), parts[1].data());
  });
  return product.TakeError();
}

}  // namespace keymemrt::lattice
