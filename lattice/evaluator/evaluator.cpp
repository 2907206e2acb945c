// SPDX-License-Identifier: Apache-2.0
#include "lattice/evaluator/evaluator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lattice/evaluator/key_switch.h"

namespace keymemrt::lattice {

namespace {

Status CheckLevels(const char* operation, int a, int b) {
  if (a == b) return Status();
  return InvalidArgument("{}: operands at levels {} and {}; equal levels expected", operation, a, b);
}

Status CheckScales(const char* operation, double a, double b) {
  if (std::abs(a - b) <= std::ldexp(std::max(a, b), -30)) return Status();
  return InvalidArgument("{}: operands at scales {} and {}; equal scales expected", operation, a, b);
}

Status CheckParts(const char* operation, const Ciphertext& a, size_t expected) {
  if (a.parts.size() == expected) return Status();
  return InvalidArgument("{}: a ciphertext of {} parts; {} expected{}", operation, a.parts.size(), expected,
                         a.parts.size() == 3 ? " (relinearize it first)" : "");
}

constexpr double kLargestFactor = 0x1p1000;

// The nearest integer to x, modulo q: exact, as a double is an integer of 53 bits times a power of two.
uint64_t RoundedResidue(double x, const Modulus& q) {
  int exponent = 0;
  const double mantissa = std::frexp(std::round(std::abs(x)), &exponent);
  const int shift = std::max(0, exponent - 53);
  const uint64_t integer = static_cast<uint64_t>(std::ldexp(mantissa, exponent - shift));
  const uint64_t residue = q.Mul(q.Reduce(integer), q.Pow(2, static_cast<uint64_t>(shift)));
  return x < 0 ? q.Negate(residue) : residue;
}

Result<std::complex<double>> ScalarFactor(const char* operation, std::complex<double> constant, double ratio) {
  const std::complex<double> factor = constant * ratio;
  if (ratio > 0 && std::abs(factor.real()) < kLargestFactor && std::abs(factor.imag()) < kLargestFactor) return factor;
  return InvalidArgument(
      "{}: a constant of {} + {}i, {} times as large as an integer: a positive scale and a factor "
      "below 2^1000 expected",
      operation, constant.real(), constant.imag(), ratio);
}

}  // namespace

Evaluator::Evaluator(const Context& context, SlotPool& pool, ThreadPool* threads)
    : Evaluator(context, context, pool, threads) {}

Evaluator::Evaluator(const Context& context, const Context& key_context, SlotPool& pool, ThreadPool* threads)
    : context_(context), key_context_(key_context), pool_(pool), threads_(threads) {}

Result<Evaluator> Evaluator::At(const scheme::KeyShape& shape) const {
  KMRT_ASSIGN_OR_RETURN(const Context* const key_context, context_.At(shape));
  return Evaluator(context_, *key_context, pool_, threads_);
}

Status Evaluator::CheckSwitchable(const char* operation, const Ciphertext& a, size_t parts) const {
  KMRT_RETURN_IF_ERROR(CheckParts(operation, a, parts));
  if (a.level <= key_context_.parameters().max_level()) return Status();
  return InvalidArgument("{}: a ciphertext at level {}; {} and below expected with keys of this shape", operation,
                         a.level, key_context_.parameters().max_level());
}

template <typename Body>
void Evaluator::ForEachLimb(size_t parts, int level, const Body& body) const {
  const int limbs = level + 1;
  ParallelFor(threads_, static_cast<int>(parts) * limbs,
              [&](int i) { body(static_cast<size_t>(i / limbs), i % limbs, context_.modulus(i % limbs)); });
}

Result<Ciphertext> Evaluator::Combine(const char* name, bool subtract, Ciphertext a, const Ciphertext& b) const {
  KMRT_RETURN_IF_ERROR(CheckLevels(name, a.level, b.level));
  KMRT_RETURN_IF_ERROR(CheckScales(name, a.scale, b.scale));
  const size_t common = std::min(a.parts.size(), b.parts.size());
  for (size_t part = common; part < b.parts.size(); ++part) {
    a.parts.emplace_back(pool_, MemoryClass::kCiphertexts, a.level + 1);
  }
  const Kernels& kernels = context_.kernels();
  const size_t n = context_.n();
  ForEachLimb(b.parts.size(), a.level, [&](size_t part, int limb, const Modulus& q) {
    uint64_t* out = a.parts[part].limb(limb);
    const uint64_t* in = b.parts[part].limb(limb);
    if (part < common) {
      (subtract ? kernels.sub : kernels.add)(out, out, in, n, q);
    } else if (subtract) {
      kernels.negate(out, in, n, q);
    } else {
      std::copy_n(in, n, out);
    }
  });
  return a;
}

Result<Ciphertext> Evaluator::Add(Ciphertext a, const Ciphertext& b) const {
  return Combine("add", false, std::move(a), b);
}

Result<Ciphertext> Evaluator::Sub(Ciphertext a, const Ciphertext& b) const {
  return Combine("subtract", true, std::move(a), b);
}

Result<Ciphertext> Evaluator::Negate(Ciphertext a) const {
  ForEachLimb(a.parts.size(), a.level, [&](size_t part, int limb, const Modulus& q) {
    context_.kernels().negate(a.parts[part].limb(limb), a.parts[part].limb(limb), context_.n(), q);
  });
  return a;
}

Result<Ciphertext> Evaluator::CombinePlain(const char* name, bool subtract, Ciphertext a, const Plaintext& b) const {
  KMRT_RETURN_IF_ERROR(CheckLevels(name, a.level, b.level));
  KMRT_RETURN_IF_ERROR(CheckScales(name, a.scale, b.scale));
  const auto combine = subtract ? context_.kernels().sub : context_.kernels().add;
  ForEachLimb(1, a.level, [&](size_t, int limb, const Modulus& q) {
    combine(a.parts[0].limb(limb), a.parts[0].limb(limb), b.poly.limb(limb), context_.n(), q);
  });
  return a;
}

Result<Ciphertext> Evaluator::AddPlain(Ciphertext a, const Plaintext& b) const {
  return CombinePlain("add plain", false, std::move(a), b);
}

Result<Ciphertext> Evaluator::SubPlain(Ciphertext a, const Plaintext& b) const {
  return CombinePlain("subtract plain", true, std::move(a), b);
}

Ciphertext Evaluator::Fresh(size_t parts, int level, double scale) const {
  Ciphertext result{{}, level, scale};
  for (size_t part = 0; part < parts; ++part) result.parts.emplace_back(pool_, MemoryClass::kCiphertexts, level + 1);
  return result;
}

Result<Ciphertext> Evaluator::MulPlain(const Ciphertext& a, const Plaintext& b) const {
  KMRT_RETURN_IF_ERROR(CheckLevels("multiply plain", a.level, b.level));
  Ciphertext result = Fresh(a.parts.size(), a.level, a.scale * b.scale);
  ForEachLimb(a.parts.size(), a.level, [&](size_t part, int limb, const Modulus& q) {
    context_.kernels().mul(result.parts[part].limb(limb), a.parts[part].limb(limb), b.poly.limb(limb), context_.n(), q);
  });
  return result;
}

Status Evaluator::MulPlainAdd(Ciphertext& acc, const Ciphertext& a, const Plaintext& b) const {
  KMRT_RETURN_IF_ERROR(CheckLevels("multiply plain and add", a.level, b.level));
  KMRT_RETURN_IF_ERROR(CheckLevels("multiply plain and add", acc.level, a.level));
  KMRT_RETURN_IF_ERROR(CheckScales("multiply plain and add", acc.scale, a.scale * b.scale));
  KMRT_RETURN_IF_ERROR(CheckParts("multiply plain and add", a, acc.parts.size()));
  ForEachLimb(a.parts.size(), a.level, [&](size_t part, int limb, const Modulus& q) {
    context_.kernels().mul_add(acc.parts[part].limb(limb), a.parts[part].limb(limb), b.poly.limb(limb), context_.n(),
                               q);
  });
  return Status();
}

Evaluator::HalfFactors Evaluator::Factors(std::complex<double> factor, int limb) const {
  const Modulus& q = context_.modulus(limb);
  const uint64_t re = RoundedResidue(factor.real(), q), im = RoundedResidue(factor.imag(), q);
  if (im == 0) return {re, re};
  // Evaluation i is that at psi^(2 brv(i) + 1), where X^(N/2) is psi^(N/2) * (-1)^brv(i).
  const uint64_t root = q.Mul(im, q.Pow(context_.ntt(limb).psi(), context_.n() / 2));
  return {q.Add(re, root), q.Sub(re, root)};
}

Result<Ciphertext> Evaluator::MulScalar(Ciphertext a, std::complex<double> constant, double scale) const {
  KMRT_ASSIGN_OR_RETURN(const std::complex<double> factor,
                        ScalarFactor("multiply by a scalar", constant, scale / a.scale));
  const size_t half = context_.n() / 2;
  ForEachLimb(a.parts.size(), a.level, [&](size_t part, int limb, const Modulus& q) {
    const HalfFactors factors = Factors(factor, limb);
    uint64_t* x = a.parts[part].limb(limb);
    context_.kernels().mul_scalar(x, x, factors.first, half, q);
    context_.kernels().mul_scalar(x + half, x + half, factors.second, half, q);
  });
  a.scale = scale;
  return a;
}

Status Evaluator::MulScalarAdd(Ciphertext& acc, const Ciphertext& a, std::complex<double> constant) const {
  KMRT_RETURN_IF_ERROR(CheckLevels("multiply by a scalar and add", acc.level, a.level));
  KMRT_RETURN_IF_ERROR(CheckParts("multiply by a scalar and add", a, std::min(a.parts.size(), acc.parts.size())));
  KMRT_ASSIGN_OR_RETURN(const std::complex<double> factor,
                        ScalarFactor("multiply by a scalar and add", constant, acc.scale / a.scale));
  const size_t half = context_.n() / 2;
  ForEachLimb(a.parts.size(), a.level, [&](size_t part, int limb, const Modulus& q) {
    const HalfFactors factors = Factors(factor, limb);
    uint64_t* out = acc.parts[part].limb(limb);
    const uint64_t* in = a.parts[part].limb(limb);
    context_.kernels().mul_scalar_add(out, in, factors.first, half, q);
    context_.kernels().mul_scalar_add(out + half, in + half, factors.second, half, q);
  });
  return Status();
}

Result<Ciphertext> Evaluator::AddScalar(Ciphertext a, std::complex<double> constant) const {
  KMRT_ASSIGN_OR_RETURN(const std::complex<double> factor, ScalarFactor("add a scalar", constant, a.scale));
  const size_t n = context_.n();
  ForEachLimb(1, a.level, [&](size_t, int limb, const Modulus& q) {
    constexpr size_t kTile = 256;  // the smallest ring has twice as many
    alignas(64) uint64_t tile[kTile];
    const HalfFactors factors = Factors(factor, limb);
    uint64_t* x = a.parts[0].limb(limb);
    for (size_t begin = 0; begin < n; begin += kTile) {
      if (begin == 0 || begin == n / 2) std::fill_n(tile, kTile, begin == 0 ? factors.first : factors.second);
      context_.kernels().add(x + begin, x + begin, tile, kTile, q);
    }
  });
  return a;
}

Result<Ciphertext> Evaluator::Mul(const Ciphertext& a, const Ciphertext& b) const {
  KMRT_RETURN_IF_ERROR(CheckLevels("multiply", a.level, b.level));
  KMRT_RETURN_IF_ERROR(CheckParts("multiply", a, 2));
  KMRT_RETURN_IF_ERROR(CheckParts("multiply", b, 2));
  Ciphertext result = Fresh(3, a.level, a.scale * b.scale);
  const Kernels& kernels = context_.kernels();
  const size_t n = context_.n();
  ForEachLimb(1, a.level, [&](size_t, int limb, const Modulus& q) {
    // Tile by tile, so that every operand comes from memory once.
    constexpr size_t kTile = 512;
    for (size_t begin = 0; begin < n; begin += kTile) {
      const size_t size = std::min(kTile, n - begin);
      const uint64_t *a0 = a.parts[0].limb(limb) + begin, *a1 = a.parts[1].limb(limb) + begin;
      const uint64_t *b0 = b.parts[0].limb(limb) + begin, *b1 = b.parts[1].limb(limb) + begin;
      const uint64_t *const left[] = {a0, a1}, *const right[] = {b1, b0};
      kernels.mul(result.parts[0].limb(limb) + begin, a0, b0, size, q);
      kernels.inner_product(result.parts[1].limb(limb) + begin, left, right, 2, size, q);
      kernels.mul(result.parts[2].limb(limb) + begin, a1, b1, size, q);
    }
  });
  return result;
}

Result<Ciphertext> Evaluator::Relinearize(Ciphertext a, KeySource& keys) const {
  KMRT_RETURN_IF_ERROR(CheckSwitchable("relinearize", a, 3));
  const Workspace work{key_context_, pool_, threads_};
  const ModUpDigits digits(work, a.parts[2], a.level);
  KMRT_RETURN_IF_ERROR(SwitchKey(
      work, a.level, [&](int digit, int limb, uint64_t* scratch) { return digits.Limb(digit, limb, scratch); },
      key_context_.parameters().RelinearizationKey(), keys,
      [&](int limb, uint64_t* part0, uint64_t* part1) {
        const Modulus& q = context_.modulus(limb);
        context_.kernels().add(a.parts[0].limb(limb), a.parts[0].limb(limb), part0, context_.n(), q);
        context_.kernels().add(a.parts[1].limb(limb), a.parts[1].limb(limb), part1, context_.n(), q);
      }));
  a.parts.pop_back();
  return a;
}

Result<Ciphertext> Evaluator::Rescale(Ciphertext a) const {
  if (a.level == 0) return InvalidArgument("rescale: the ciphertext is at level 0, no prime is left to divide by");
  const Kernels& kernels = context_.kernels();
  const size_t n = context_.n();
  const int last = a.level;
  const Modulus& from = context_.modulus(last);
  ParallelFor(threads_, static_cast<int>(a.parts.size()), [&](int part) {
    kernels.ntt_inverse(a.parts[static_cast<size_t>(part)].limb(last), context_.ntt(last));
  });
  ForEachLimb(a.parts.size(), last - 1, [&](size_t part, int limb, const Modulus& q) {
    const Slot rest = pool_.Take(MemoryClass::kScratch);
    kernels.reduce_centered(rest.data(), a.parts[part].limb(last), n, from, q);
    kernels.ntt_forward(rest.data(), context_.ntt(limb));
    uint64_t* out = a.parts[part].limb(limb);
    kernels.sub_mul_scalar(out, out, rest.data(), context_.InverseOf(last, limb), n, q);
  });
  a.scale /= static_cast<double>(from.value());
  return LevelReduce(std::move(a), last - 1);
}

Result<Ciphertext> Evaluator::LevelReduce(Ciphertext a, int level) const {
  if (level < 0 || level > a.level) {
    return InvalidArgument("level reduce: from level {} to {}; 0 to {} expected", a.level, level, a.level);
  }
  for (Poly& part : a.parts) part.Truncate(level + 1);
  a.level = level;
  return a;
}

Result<Ciphertext> Evaluator::ModRaise(const Ciphertext& a, int level) const {
  if (a.level != 0) return InvalidArgument("mod raise: a ciphertext at level {}; 0 expected", a.level);
  if (level < 0 || level > context_.parameters().max_level()) {
    return InvalidArgument("mod raise: there is no level {}, 0 to {} expected", level,
                           context_.parameters().max_level());
  }
  const Kernels& kernels = context_.kernels();
  const size_t n = context_.n();
  Ciphertext result = Fresh(a.parts.size(), level, a.scale);
  Poly coefficients(pool_, MemoryClass::kScratch, static_cast<int>(a.parts.size()));
  ParallelFor(threads_, static_cast<int>(a.parts.size()), [&](int part) {
    std::copy_n(a.parts[static_cast<size_t>(part)].limb(0), n, coefficients.limb(part));
    kernels.ntt_inverse(coefficients.limb(part), context_.ntt(0));
  });
  ForEachLimb(a.parts.size(), level, [&](size_t part, int limb, const Modulus& q) {
    uint64_t* out = result.parts[part].limb(limb);
    if (limb == 0) {
      std::copy_n(a.parts[part].limb(0), n, out);
      return;
    }
    kernels.reduce_centered(out, coefficients.limb(static_cast<int>(part)), n, context_.modulus(0), q);
    kernels.ntt_forward(out, context_.ntt(limb));
  });
  return result;
}

Result<Digits> Evaluator::Decompose(const Ciphertext& a) const {
  KMRT_RETURN_IF_ERROR(CheckSwitchable("decompose", a, 2));
  const scheme::Parameters& parameters = key_context_.parameters();
  const Workspace work{key_context_, pool_, threads_};
  const int limbs = a.level + 1 + parameters.p_count(), digit_count = parameters.DigitCount(a.level);
  Digits result{{}, a.level, parameters.shape()};
  for (int digit = 0; digit < digit_count; ++digit) result.digits.emplace_back(pool_, MemoryClass::kCiphertexts, limbs);
  const ModUpDigits digits(work, a.parts[1], a.level);
  ParallelFor(threads_, digit_count * limbs, [&](int i) {
    const int digit = i / limbs, index = i % limbs;
    const int limb = index <= a.level ? index : index - a.level - 1 + parameters.q_count();
    digits.Write(digit, limb, result.digits[static_cast<size_t>(digit)].limb(index));
  });
  return result;
}

template <typename DigitSource>
Result<Ciphertext> Evaluator::Apply(const Ciphertext& a, const DigitSource& digits, const scheme::KeyId& key,
                                    KeySource& keys) const {
  const Workspace work{key_context_, pool_, threads_};
  const Slot index_slot = pool_.Take(MemoryClass::kScratch);
  uint32_t* index = reinterpret_cast<uint32_t*>(index_slot.data());
  context_.WritePermutation(key.galois_element, index);
  Ciphertext result = Fresh(2, a.level, a.scale);
  // (c0 + k0, k1) decrypts to the message under s(X^(1/g)); X -> X^g takes both to s.
  KMRT_RETURN_IF_ERROR(SwitchKey(work, a.level, digits, key, keys, [&](int limb, uint64_t* part0, uint64_t* part1) {
    const Kernels& kernels = context_.kernels();
    kernels.add(part0, part0, a.parts[0].limb(limb), context_.n(), context_.modulus(limb));
    kernels.permute(result.parts[0].limb(limb), part0, index, context_.n());
    kernels.permute(result.parts[1].limb(limb), part1, index, context_.n());
  }));
  return result;
}

Result<Ciphertext> Evaluator::ApplyGalois(const Ciphertext& a, const scheme::KeyId& key, KeySource& keys) const {
  KMRT_RETURN_IF_ERROR(CheckSwitchable(key.ToString().c_str(), a, 2));
  if (key.galois_element == 1) return Copy(a);
  const Workspace work{key_context_, pool_, threads_};
  const ModUpDigits digits(work, a.parts[1], a.level);
  return Apply(
      a, [&](int digit, int limb, uint64_t* scratch) { return digits.Limb(digit, limb, scratch); }, key, keys);
}

Result<Ciphertext> Evaluator::Rotate(const Ciphertext& a, int64_t shift, KeySource& keys) const {
  return ApplyGalois(a, key_context_.parameters().RotationKey(shift), keys);
}

Result<Ciphertext> Evaluator::Conjugate(const Ciphertext& a, KeySource& keys) const {
  return ApplyGalois(a, key_context_.parameters().ConjugationKey(), keys);
}

Result<Ciphertext> Evaluator::SwitchSecret(const Ciphertext& a, uint64_t number, KeySource& keys) const {
  KMRT_RETURN_IF_ERROR(CheckSwitchable("switch secret", a, 2));
  const Workspace work{key_context_, pool_, threads_};
  const ModUpDigits digits(work, a.parts[1], a.level);
  Ciphertext result = Fresh(2, a.level, a.scale);
  KMRT_RETURN_IF_ERROR(SwitchKey(
      work, a.level, [&](int digit, int limb, uint64_t* scratch) { return digits.Limb(digit, limb, scratch); },
      key_context_.parameters().SecretSwitchKey(number), keys,
      [&](int limb, uint64_t* part0, uint64_t* part1) {
        context_.kernels().add(result.parts[0].limb(limb), part0, a.parts[0].limb(limb), context_.n(),
                               context_.modulus(limb));
        std::copy_n(part1, context_.n(), result.parts[1].limb(limb));
      }));
  return result;
}

Result<Ciphertext> Evaluator::RotateHoisted(const Ciphertext& a, const Digits& digits, int64_t shift,
                                            KeySource& keys) const {
  KMRT_RETURN_IF_ERROR(CheckSwitchable("rotate hoisted", a, 2));
  KMRT_RETURN_IF_ERROR(CheckLevels("rotate hoisted", a.level, digits.level));
  const scheme::Parameters& parameters = key_context_.parameters();
  if (digits.shape != parameters.shape()) {
    return InvalidArgument("rotate hoisted: digits for keys of shape \"{}\"; \"{}\" expected", digits.shape.ToString(),
                           parameters.shape().ToString());
  }
  const scheme::KeyId key = parameters.RotationKey(shift);
  if (key.galois_element == 1) return Copy(a);
  return Apply(
      a,
      [&](int digit, int limb, uint64_t*) {
        const int index = limb < parameters.q_count() ? limb : limb - parameters.q_count() + a.level + 1;
        return digits.digits[static_cast<size_t>(digit)].limb(index);
      },
      key, keys);
}

Ciphertext Evaluator::Copy(const Ciphertext& a, int level) const {
  Ciphertext result = Fresh(a.parts.size(), level, a.scale);
  ForEachLimb(a.parts.size(), level, [&](size_t part, int limb, const Modulus&) {
    std::copy_n(a.parts[part].limb(limb), context_.n(), result.parts[part].limb(limb));
  });
  return result;
}

int Evaluator::ScratchSlots(int level) const {
  const scheme::Parameters& parameters = key_context_.parameters();
  const int threads = threads_ == nullptr ? 1 : threads_->size();
  // A key switch and a permutation; a rescale takes one slot a thread, ModRaise one a part: less than that.
  return 1 + ModUpDigits::Slots(parameters, level) + SwitchKeySlots(parameters, level, threads);
}

}  // namespace keymemrt::lattice
