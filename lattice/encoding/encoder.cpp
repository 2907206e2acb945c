// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/encoder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "lattice/arith/cpu_clones.h"

namespace keymemrt::lattice {

namespace {

// Integers of large coefficients travel as signed pieces in base 2^48, each held as a residue modulo this prime, so
// that one kernel (the base extension of a symmetric representative) takes them to every limb.
constexpr int kPieceBits = 48;
constexpr uint64_t kCarrier = (uint64_t{1} << 61) - 1;

uint32_t ReverseBits(uint32_t x) {
  x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
  x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
  x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
  return __builtin_bswap32(x);
}

// Swaps elements i and brv(i).
void BitReverse(double* re, double* im, size_t n) {
  const int unused = std::countl_zero(static_cast<uint32_t>(n)) + 1;
  for (uint32_t i = 1; i < n; ++i) {
    const uint32_t reversed = ReverseBits(i) >> unused;
    if (i < reversed) {
      std::swap(re[i], re[reversed]);
      std::swap(im[i], im[reversed]);
    }
  }
}

// The butterflies of one block: h of them, between halves that are apart.
[[gnu::always_inline]] inline void SynthesiseBlock(double* __restrict a_re, double* __restrict a_im,
                                                   double* __restrict b_re, double* __restrict b_im,
                                                   const double* __restrict w_re, const double* __restrict w_im,
                                                   size_t h) {
  for (size_t j = 0; j < h; ++j) {
    const double t_re = b_re[j] * w_re[j] - b_im[j] * w_im[j];
    const double t_im = b_re[j] * w_im[j] + b_im[j] * w_re[j];
    b_re[j] = a_re[j] - t_re;
    b_im[j] = a_im[j] - t_im;
    a_re[j] += t_re;
    a_im[j] += t_im;
  }
}
[[gnu::always_inline]] inline void AnalyseBlock(double* __restrict a_re, double* __restrict a_im,
                                                double* __restrict b_re, double* __restrict b_im,
                                                const double* __restrict w_re, const double* __restrict w_im,
                                                size_t h) {
  for (size_t j = 0; j < h; ++j) {  // the conjugate twiddles
    const double t_re = a_re[j] - b_re[j];
    const double t_im = a_im[j] - b_im[j];
    a_re[j] += b_re[j];
    a_im[j] += b_im[j];
    b_re[j] = t_re * w_re[j] + t_im * w_im[j];
    b_im[j] = t_im * w_re[j] - t_re * w_im[j];
  }
}
// Blocks of a size that is known are unrolled.
template <size_t kHalf, typename Block>
[[gnu::always_inline]] inline void SmallBlocks(double* re, double* im, size_t slots, const double* w_re,
                                               const double* w_im, Block block) {
  for (size_t i = 0; i < slots; i += 2 * kHalf) {
    block(re + i, im + i, re + i + kHalf, im + i + kHalf, w_re + kHalf, w_im + kHalf, kHalf);
  }
}

// The passes of the transform from coefficients, bits of their numbers reversed, to slots. Twiddle h + j of the pass
// that combines elements h apart is a power of the 8h-th root of one.
KMRT_CPU_CLONES void Synthesise(double* re, double* im, size_t slots, const double* w_re, const double* w_im) {
  if (slots > 1) SmallBlocks<1>(re, im, slots, w_re, w_im, SynthesiseBlock);
  if (slots > 2) SmallBlocks<2>(re, im, slots, w_re, w_im, SynthesiseBlock);
  if (slots > 4) SmallBlocks<4>(re, im, slots, w_re, w_im, SynthesiseBlock);
  for (size_t h = 8; h < slots; h *= 2) {
    for (size_t i = 0; i < slots; i += 2 * h) {
      SynthesiseBlock(re + i, im + i, re + i + h, im + i + h, w_re + h, w_im + h, h);
    }
  }
}
// And back.
KMRT_CPU_CLONES void Analyse(double* re, double* im, size_t slots, const double* w_re, const double* w_im) {
  for (size_t h = slots / 2; h >= 8; h /= 2) {
    for (size_t i = 0; i < slots; i += 2 * h) {
      AnalyseBlock(re + i, im + i, re + i + h, im + i + h, w_re + h, w_im + h, h);
    }
  }
  if (slots > 4) SmallBlocks<4>(re, im, slots, w_re, w_im, AnalyseBlock);
  if (slots > 2) SmallBlocks<2>(re, im, slots, w_re, w_im, AnalyseBlock);
  if (slots > 1) SmallBlocks<1>(re, im, slots, w_re, w_im, AnalyseBlock);
}

// x *= factor; the largest magnitude, or infinity where one is no number. Magnitudes compare as their bits do.
KMRT_CPU_CLONES double ScaleBy(double factor, double* x, size_t n) {
  int64_t largest = 0;
  for (size_t i = 0; i < n; ++i) {
    x[i] *= factor;
    largest = std::max(largest, std::bit_cast<int64_t>(x[i]) & std::numeric_limits<int64_t>::max());
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return std::bit_cast<double>(std::min(largest, std::bit_cast<int64_t>(kInfinity)));
}

// The nearest multiples of `base`, at most 2^50 times it, go from x to `out`: as residues modulo kCarrier.
KMRT_CPU_CLONES void TakePiece(double base, double* x, uint64_t* out, size_t n) {
  // Adding 1.5*2^52 to a double below 2^51 leaves its nearest integer in the low bits.
  constexpr double kMagic = 0x1.8p52;
  const double inverse = 1 / base;
  for (size_t i = 0; i < n; ++i) {
    const double rounded = x[i] * inverse + kMagic;
    const int64_t piece = std::bit_cast<int64_t>(rounded) - std::bit_cast<int64_t>(kMagic);
    x[i] -= (rounded - kMagic) * base;
    out[i] = static_cast<uint64_t>(piece) + (kCarrier & static_cast<uint64_t>(piece >> 63));
  }
}

// x[k] to x[k * kGap..(k + 1) * kGap), in place: from the top.
template <size_t kGap>
[[gnu::always_inline]] inline void SpreadBy(uint64_t* x, size_t n) {
  for (size_t k = n; k-- > 0;) {
    const uint64_t value = x[k];
    for (size_t j = 0; j < kGap; ++j) x[k * kGap + j] = value;
  }
}
KMRT_CPU_CLONES void Spread(uint64_t* x, size_t n, size_t gap) {
  switch (gap) {
    case 2:
      return SpreadBy<2>(x, n);
    case 4:
      return SpreadBy<4>(x, n);
    case 8:
      return SpreadBy<8>(x, n);
    default:
      for (size_t k = n; k-- > 0;) std::fill_n(x + k * gap, gap, uint64_t{x[k]});
  }
}

}  // namespace

Encoder::Encoder(const Context& context) : context_(context) {
  const size_t slots = context.parameters().slots();
  twiddle_re_.resize(slots);
  twiddle_im_.resize(slots);
  for (size_t h = 1; h < slots; h *= 2) {
    size_t power = 1;  // 5^j mod 8h
    for (size_t j = 0; j < h; ++j, power = power * 5 % (8 * h)) {
      const long double angle =
          2 * std::numbers::pi_v<long double> * static_cast<long double>(power) / static_cast<long double>(8 * h);
      twiddle_re_[h + j] = static_cast<double>(std::cos(angle));
      twiddle_im_[h + j] = static_cast<double>(std::sin(angle));
    }
  }
  long double half_q = 0.5L * (1 - 0x1p-50L);  // a product of 128 rounded factors is off by less than 2^-55
  for (int level = 0; level <= context.parameters().max_level(); ++level) {
    half_q *= static_cast<long double>(context.modulus(level).value());
    half_q_.push_back(static_cast<double>(std::min<long double>(half_q, std::numeric_limits<double>::max())));
  }
}

void Encoder::EmbedInverse(double* re, double* im) const {
  const size_t slots = context_.parameters().slots();
  BitReverse(re, im, slots);
  Synthesise(re, im, slots, twiddle_re_.data(), twiddle_im_.data());
}

void Encoder::Embed(double* re, double* im, size_t slots) const {
  Analyse(re, im, slots, twiddle_re_.data(), twiddle_im_.data());
  BitReverse(re, im, slots);
}

template <typename Value>
Result<RoundedCoefficients> Encoder::RoundSlots(std::span<const Value> values, double scale, int level,
                                                SlotPool& pool) const {
  const scheme::Parameters& parameters = context_.parameters();
  const size_t all_slots = parameters.slots();
  if (level < 0 || level > parameters.max_level()) {
    return InvalidArgument("encode: there is no level {}, 0 to {} expected", level, parameters.max_level());
  }
  if (values.empty() || all_slots % values.size() != 0) {
    return InvalidArgument("encode: {} values do not divide the {} slots", values.size(), all_slots);
  }
  if (!(scale > 0) || !std::isfinite(scale))
    return InvalidArgument("encode: the scale {} is not a positive number", scale);

  // The subring's; transforms have at least 8 coefficients.
  const size_t slots = std::max(values.size(), std::min<size_t>(4, all_slots)), n = 2 * slots;

  // One slot holds the real parts, then the imaginary parts; after the transform that is the order of the coefficients.
  const Slot transform = pool.Take(MemoryClass::kScratch);
  double* x = reinterpret_cast<double*>(transform.data());
  for (size_t begin = 0; begin < slots; begin += values.size()) {
    for (size_t i = 0; i < values.size(); ++i) {
      x[begin + i] = std::real(values[i]);
      x[slots + begin + i] = std::imag(values[i]);
    }
  }
  Embed(x, x + slots, slots);

  const double largest = ScaleBy(scale / static_cast<double>(slots), x, n);
  if (!std::isfinite(largest)) return InvalidArgument("encode: a value times the scale {} is not finite", scale);
  if (largest >= half_q_[static_cast<size_t>(level)]) {
    return InvalidArgument("encode: a coefficient of about 2^{:.1f} does not fit into half of Q_{}, 2^{:.1f}",
                           std::log2(largest), level, parameters.LogQ(level) - 1);
  }

  // x = sum_k piece_k * 2^(48k), from the top; every step is exact in doubles but the last, the rounding.
  // The top piece is below 2^50, the others are at most 2^47.
  const int exponent = largest == 0 ? 0 : std::ilogb(largest);
  const int pieces = std::max(1, 1 + (exponent - 2) / kPieceBits);
  Poly carried(pool, MemoryClass::kScratch, pieces);
  for (int k = pieces - 1; k >= 0; --k) TakePiece(std::ldexp(1.0, kPieceBits * k), x, carried.limb(k), n);
  return RoundedCoefficients{std::move(carried), std::countr_zero(n)};
}

Result<RoundedCoefficients> Encoder::Round(std::span<const double> values, double scale, int level,
                                           SlotPool& pool) const {
  return RoundSlots(values, scale, level, pool);
}

Result<RoundedCoefficients> Encoder::Round(std::span<const std::complex<double>> values, double scale, int level,
                                           SlotPool& pool) const {
  return RoundSlots(values, scale, level, pool);
}

void Encoder::WriteLimb(const Context& context, const RoundedCoefficients& coefficients, int limb, uint64_t* out,
                        uint64_t* scratch) {
  const Kernels& kernels = context.kernels();
  const size_t n = size_t{1} << coefficients.log_n;
  const Modulus carrier(kCarrier);
  const Modulus& q = context.modulus(limb);
  const NttTable& ntt = context.ntt(limb);
  kernels.reduce_centered(out, coefficients.pieces.limb(0), n, carrier, q);
  for (int k = 1; k < coefficients.pieces.limbs(); ++k) {
    kernels.reduce_centered(scratch, coefficients.pieces.limb(k), n, carrier, q);
    kernels.mul_scalar_add(out, scratch, q.Pow(2, static_cast<uint64_t>(kPieceBits * k)), n, q);
  }
  if (n == context.n()) return kernels.ntt_forward(out, ntt);
  kernels.ntt_forward(out, ntt.Subring(coefficients.log_n));
  Spread(out, n, context.n() / n);
}

Plaintext Encoder::Finish(const RoundedCoefficients& coefficients, double scale, int level, SlotPool& pool) const {
  Plaintext plaintext{Poly(pool, MemoryClass::kPlaintexts, level + 1), level, scale};
  const Slot scratch = coefficients.pieces.limbs() > 1 ? pool.Take(MemoryClass::kScratch) : Slot();
  for (int limb = 0; limb <= level; ++limb) WriteLimb(coefficients, limb, plaintext.poly.limb(limb), scratch.data());
  return plaintext;
}

Result<Plaintext> Encoder::Encode(std::span<const double> values, double scale, int level, SlotPool& pool) const {
  KMRT_ASSIGN_OR_RETURN(const RoundedCoefficients coefficients, Round(values, scale, level, pool));
  return Finish(coefficients, scale, level, pool);
}

Result<Plaintext> Encoder::Encode(std::span<const std::complex<double>> values, double scale, int level,
                                  SlotPool& pool) const {
  KMRT_ASSIGN_OR_RETURN(const RoundedCoefficients coefficients, Round(values, scale, level, pool));
  return Finish(coefficients, scale, level, pool);
}

Slot Encoder::DecodeSlots(const Plaintext& plaintext, SlotPool& pool) const {
  const Kernels& kernels = context_.kernels();
  const size_t n = context_.n(), slots = context_.parameters().slots();
  const int level = plaintext.level;

  // Symmetric mixed radix digits (Garner): x = v_0 + q_0*(v_1 + q_1*(v_2 + ...)), every v_i in (-q_i/2, q_i/2). As all
  // q_i are odd these sums cover (-Q/2, Q/2) exactly once, so the representative is centred without any comparison, and
  // a number below q_0*...*q_(k-1)/2 has no digit from the k-th on. A digit that is zero in all coefficients is
  // skipped: messages are far smaller than Q, so the work is a few passes a limb.
  std::vector<int> digit_limbs;
  std::vector<Slot> digits;  // v_i modulo q_i, of digit_limbs
  Slot centered = pool.Take(MemoryClass::kScratch);
  for (int limb = 0; limb <= level; ++limb) {
    const Modulus& q = context_.modulus(limb);
    Slot rest = pool.Take(MemoryClass::kScratch);
    std::copy_n(plaintext.poly.limb(limb), n, rest.data());
    kernels.ntt_inverse(rest.data(), context_.ntt(limb));
    // rest = (((x - v_0) / q_0 - v_1) / q_1 - ...) mod q; the divisions by the q of skipped digits wait until the end.
    uint64_t skipped = 1;
    int next = 0;
    for (size_t i = 0; i < digits.size(); ++i) {
      for (; next < digit_limbs[i]; ++next) skipped = q.Mul(skipped, context_.InverseOf(next, limb));
      kernels.reduce_centered(centered.data(), digits[i].data(), n, context_.modulus(next), q);
      if (skipped != 1) kernels.mul_scalar(rest.data(), rest.data(), skipped, n, q);
      skipped = 1;
      kernels.sub_mul_scalar(rest.data(), rest.data(), centered.data(), context_.InverseOf(next, limb), n, q);
      ++next;
    }
    uint64_t any = 0;
    for (size_t i = 0; i < n; ++i) any |= rest.data()[i];
    if (any == 0) continue;
    for (; next < limb; ++next) skipped = q.Mul(skipped, context_.InverseOf(next, limb));
    if (skipped != 1) kernels.mul_scalar(rest.data(), rest.data(), skipped, n, q);
    digit_limbs.push_back(limb);
    digits.push_back(std::move(rest));
  }

  // Horner from the top digit. A digit is at least one half of the sum of all below it, so cancellation costs at most a
  // bit.
  double* x = reinterpret_cast<double*>(centered.data());
  std::fill_n(x, n, 0.0);
  int above = digit_limbs.empty() ? 0 : digit_limbs.back();
  for (size_t i = digits.size(); i-- > 0;) {
    double radix = 1;  // product of the q from this digit's up to the one before the digit above
    for (; above > digit_limbs[i]; --above) radix *= static_cast<double>(context_.modulus(above - 1).value());
    const uint64_t q = context_.modulus(digit_limbs[i]).value(), half = q / 2;
    const uint64_t* v = digits[i].data();
    for (size_t j = 0; j < n; ++j) {
      const int64_t digit = static_cast<int64_t>(v[j]) - static_cast<int64_t>(v[j] > half ? q : 0);
      x[j] = x[j] * radix + static_cast<double>(digit);
    }
  }
  double radix = 1;  // and of those below the lowest digit
  for (; above > 0; --above) radix *= static_cast<double>(context_.modulus(above - 1).value());
  const double factor = radix / plaintext.scale;
  for (size_t j = 0; j < n; ++j) x[j] *= factor;

  EmbedInverse(x, x + slots);
  return centered;
}

std::vector<double> Encoder::Decode(const Plaintext& plaintext, SlotPool& pool) const {
  const Slot slots = DecodeSlots(plaintext, pool);
  const double* x = reinterpret_cast<const double*>(slots.data());
  return std::vector<double>(x, x + context_.parameters().slots());
}

std::vector<std::complex<double>> Encoder::DecodeComplex(const Plaintext& plaintext, SlotPool& pool) const {
  const Slot slots = DecodeSlots(plaintext, pool);
  const double* x = reinterpret_cast<const double*>(slots.data());
  std::vector<std::complex<double>> values(context_.parameters().slots());
  for (size_t i = 0; i < values.size(); ++i) values[i] = {x[i], x[values.size() + i]};
  return values;
}

}  // namespace keymemrt::lattice
