// SPDX-License-Identifier: Apache-2.0
#include "lattice/linear/linear_transform.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lattice/evaluator/evaluator.h"
#include "lattice/evaluator/extended.h"

namespace keymemrt::lattice {

namespace {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;

using Form = LinearTransformForm;
using Term = LinearTransformPlan::Term;

constexpr size_t kTile = 2048;  // words: a plaintext's tile is still in the near cache for the second polynomial

// A sum of ciphertexts on its way: limbs q_0..q_level, or P times the value modulo QP (extended.h). No polynomials:
// zero.
struct Pair {
  std::vector<Poly> parts;
  bool extended = false;

  bool zero() const { return parts.empty(); }
};

template <typename Value>
class Transform {
 public:
  Transform(const Workspace& work, const Encoder& encoder, const LinearTransformPlan& plan, const Ciphertext& x,
            const DiagonalsOf<Value>& diagonals, double scale, KeySource& keys)
      : work_(work),
        context_(work.context),
        parameters_(work.context.parameters()),
        evaluator_(work.context, work.pool, work.threads),
        encoder_(encoder),
        plan_(plan),
        x_(x),
        diagonals_(diagonals),
        scale_(scale),
        keys_(keys),
        blocks_(plan.giants.size()) {}

  Result<Ciphertext> Run() {
    if (plan_.form == Form::kMinimumKey) {
      KMRT_RETURN_IF_ERROR(ChainBabies());
    } else if (plan_.ExtendedBlocks()) {
      KMRT_RETURN_IF_ERROR(ExtendedBabies());
    } else {
      KMRT_RETURN_IF_ERROR(HoistedBabies());
    }
    Pair sum;
    switch (plan_.form) {
      case Form::kBabyStepGiantStep:
        KMRT_RETURN_IF_ERROR(RotateBlocks(sum));
        break;
      case Form::kDoubleHoisted:
        KMRT_RETURN_IF_ERROR(RotateBlocksExtended(sum));
        break;
      case Form::kHorner:
      case Form::kMinimumKey:
        KMRT_RETURN_IF_ERROR(ChainBlocks(sum));
        break;
    }
    if (sum.extended) {
      for (Poly& part : sum.parts) ModDown(work_, x_.level, part);
    }
    return Ciphertext{std::move(sum.parts), x_.level, x_.scale * scale_};
  }

 private:
  scheme::KeyId Key(int64_t shift) const { return parameters_.RotationKey(shift); }
  std::span<const Term> TermsOf(size_t baby) const {
    const auto [first, last] =
        std::equal_range(plan_.terms.begin(), plan_.terms.end(), Term{0, static_cast<int>(baby), 0},
                         [](const Term& a, const Term& b) { return a.baby < b.baby; });
    return {first, last};
  }
  Pair Uninitialised(bool extended) const {
    Pair pair{{}, extended};
    const int limbs = extended ? ExtendedLimbs(parameters_, x_.level) : x_.level + 1;
    for (int part = 0; part < 2; ++part) pair.parts.emplace_back(work_.pool, MemoryClass::kCiphertexts, limbs);
    return pair;
  }

  // --- Babies: every block's sum of products with rotated inputs.

  // One plaintext per term, rotated right by its giant. Encoded in parallel, as many at a time as there are workers.
  Result<std::vector<RoundedCoefficients>> Encode(std::span<const Term> terms) const {
    std::vector<RoundedCoefficients> plaintexts(terms.size());
    const size_t at_once = static_cast<size_t>(work_.thread_count());
    std::vector<Slot> slots;
    for (size_t i = 0; i < std::min(at_once, terms.size()); ++i) {
      slots.push_back(work_.pool.Take(MemoryClass::kPlaintexts));
    }
    for (size_t begin = 0; begin < terms.size(); begin += at_once) {
      const size_t count = std::min(at_once, terms.size() - begin);
      std::vector<std::span<const Value>> rows(count);
      for (size_t i = 0; i < count; ++i) {
        const Term& term = terms[begin + i];
        KMRT_ASSIGN_OR_RETURN(const std::span<const Value> row, diagonals_(term.row));
        if (row.empty() || parameters_.slots() % row.size() != 0) {
          return InvalidArgument("linear transform: row {} has {} values, which do not divide the {} slots", term.row,
                                 row.size(), parameters_.slots());
        }
        Value* out = reinterpret_cast<Value*>(slots[i].data());
        const size_t giant = static_cast<size_t>(plan_.giants[static_cast<size_t>(term.giant)]) % row.size();
        std::rotate_copy(row.begin(), row.end() - static_cast<std::ptrdiff_t>(giant), row.end(), out);
        rows[i] = {out, row.size()};
      }
      std::vector<Status> errors(count);
      ParallelFor(work_.threads, static_cast<int>(count), [&](int k) {
        const size_t i = static_cast<size_t>(k);
        Result<RoundedCoefficients> rounded = encoder_.Round(rows[i], scale_, x_.level, work_.pool);
        if (rounded.ok()) {
          plaintexts[begin + i] = std::move(rounded).value();
        } else {
          errors[i] = rounded.status();
        }
      });
      for (size_t i = 0; i < count; ++i) {
        KMRT_RETURN_IF_ERROR(errors[i].WithContext(fmt::format("linear transform: row {}", terms[begin + i].row)));
      }
    }
    return plaintexts;
  }

  // The products of one baby. blocks += plaintexts * (x0, x1), limb by limb.
  class Products {
   public:
    // Makes the blocks that this baby is the first of; they are complete once Limb was called for all limbs.
    Products(Transform& transform, std::span<const Term> terms, std::vector<RoundedCoefficients> plaintexts,
             bool extended)
        : transform_(transform), terms_(terms), plaintexts_(std::move(plaintexts)) {
      for (const Term& term : terms) {
        Pair& block = transform.blocks_[static_cast<size_t>(term.giant)];
        first_.push_back(block.zero());
        if (block.zero()) block = transform.Uninitialised(extended);
      }
    }

    // `limb` of the full basis; null stands for zero. Thread-safe for different limbs.
    void Limb(int limb, const uint64_t* x0, const uint64_t* x1) const {
      const Context& context = transform_.context_;
      const size_t n = context.n();
      const int index = ExtendedIndex(transform_.parameters_, transform_.x_.level, limb);
      const Modulus& q = context.modulus(limb);
      const Slot plaintext = transform_.work_.pool.Take(MemoryClass::kPlaintexts);
      Slot scratch;
      for (size_t i = 0; i < terms_.size(); ++i) {
        std::vector<Poly>& block = transform_.blocks_[static_cast<size_t>(terms_[i].giant)].parts;
        uint64_t *out0 = block[0].limb(index), *out1 = block[1].limb(index);
        if (x0 == nullptr) {
          if (!first_[i]) continue;
          std::fill_n(out0, n, uint64_t{0});
          std::fill_n(out1, n, uint64_t{0});
          continue;
        }
        if (plaintexts_[i].pieces.limbs() > 1 && !scratch) {
          scratch = transform_.work_.pool.Take(MemoryClass::kPlaintexts);
        }
        Encoder::WriteLimb(context, plaintexts_[i], limb, plaintext.data(), scratch.data());
        const auto accumulate = first_[i] ? context.kernels().mul : context.kernels().mul_add;
        for (size_t begin = 0; begin < n; begin += kTile) {
          const size_t size = std::min(kTile, n - begin);
          accumulate(out0 + begin, plaintext.data() + begin, x0 + begin, size, q);
          accumulate(out1 + begin, plaintext.data() + begin, x1 + begin, size, q);
        }
      }
    }

   private:
    Transform& transform_;
    std::span<const Term> terms_;
    std::vector<RoundedCoefficients> plaintexts_;
    std::vector<char> first_;  // [term]: the block holds nothing yet
  };

  Status Multiply(size_t baby, const Ciphertext& rotated) {
    KMRT_ASSIGN_OR_RETURN(std::vector<RoundedCoefficients> plaintexts, Encode(TermsOf(baby)));
    const Products products(*this, TermsOf(baby), std::move(plaintexts), false);
    ParallelFor(work_.threads, x_.level + 1,
                [&](int limb) { products.Limb(limb, rotated.parts[0].limb(limb), rotated.parts[1].limb(limb)); });
    return Status();
  }

  Status HoistedBabies() {
    std::optional<Digits> digits;
    for (size_t baby = 0; baby < plan_.babies.size(); ++baby) {
      if (plan_.babies[baby] == 0) {
        KMRT_RETURN_IF_ERROR(Multiply(baby, x_));
        continue;
      }
      if (!digits) {
        KMRT_ASSIGN_OR_RETURN(digits, evaluator_.Decompose(x_));
      }
      KMRT_ASSIGN_OR_RETURN(const Ciphertext rotated, evaluator_.RotateHoisted(x_, *digits, plan_.babies[baby], keys_));
      KMRT_RETURN_IF_ERROR(Multiply(baby, rotated));
    }
    return Status();
  }

  Status ChainBabies() {
    Ciphertext rotated;
    const Ciphertext* current = &x_;
    const auto step = [&](int64_t shift) -> Status {
      KMRT_ASSIGN_OR_RETURN(rotated, evaluator_.Rotate(*current, shift, keys_));
      current = &rotated;
      return Status();
    };
    int64_t position = plan_.start;
    if (plan_.start != 0) KMRT_RETURN_IF_ERROR(step(plan_.start));
    for (size_t baby = 0; baby < plan_.babies.size(); ++baby) {
      for (; position != plan_.babies[baby]; position = (position + plan_.baby_unit) % plan_.slots) {
        KMRT_RETURN_IF_ERROR(step(plan_.baby_unit));
      }
      KMRT_RETURN_IF_ERROR(Multiply(baby, *current));
    }
    return Status();
  }

  // Rotated inputs as P times themselves modulo QP, one limb at a time: from the key's products through the
  // automorphism into the blocks.
  Status ExtendedBabies() {
    KMRT_ASSIGN_OR_RETURN(const Digits digits, evaluator_.Decompose(x_));
    const Kernels& kernels = context_.kernels();
    const std::vector<uint64_t>& p = context_.ModDown(x_.level).product;
    const Slot index_slot = work_.pool.Take(MemoryClass::kScratch);
    uint32_t* index = reinterpret_cast<uint32_t*>(index_slot.data());
    for (size_t baby = 0; baby < plan_.babies.size(); ++baby) {
      KMRT_ASSIGN_OR_RETURN(std::vector<RoundedCoefficients> plaintexts, Encode(TermsOf(baby)));
      const Products products(*this, TermsOf(baby), std::move(plaintexts), true);
      if (plan_.babies[baby] == 0) {
        ParallelFor(work_.threads, ExtendedLimbs(parameters_, x_.level), [&](int i) {
          if (i > x_.level) {
            products.Limb(i - x_.level - 1 + parameters_.q_count(), nullptr, nullptr);
            return;
          }
          const Slot scaled[2] = {work_.pool.Take(MemoryClass::kScratch), work_.pool.Take(MemoryClass::kScratch)};
          for (size_t part = 0; part < 2; ++part) {
            kernels.mul_scalar(scaled[part].data(), x_.parts[part].limb(i), p[static_cast<size_t>(i)], context_.n(),
                               context_.modulus(i));
          }
          products.Limb(i, scaled[0].data(), scaled[1].data());
        });
        continue;
      }
      const scheme::KeyId key = Key(plan_.babies[baby]);
      context_.WritePermutation(key.galois_element, index);
      KMRT_RETURN_IF_ERROR(MultiplyKey(
          work_, x_.level,
          [&](int digit, int limb, uint64_t*) {
            return digits.digits[static_cast<size_t>(digit)].limb(ExtendedIndex(parameters_, x_.level, limb));
          },
          key, keys_,
          [&](int limb, uint64_t* part0, uint64_t* part1) {
            if (limb <= x_.level) {
              kernels.mul_scalar_add(part0, x_.parts[0].limb(limb), p[static_cast<size_t>(limb)], context_.n(),
                                     context_.modulus(limb));
            }
            const Slot rotated[2] = {work_.pool.Take(MemoryClass::kScratch), work_.pool.Take(MemoryClass::kScratch)};
            kernels.permute(rotated[0].data(), part0, index, context_.n());
            kernels.permute(rotated[1].data(), part1, index, context_.n());
            products.Limb(limb, rotated[0].data(), rotated[1].data());
          }));
    }
    return Status();
  }

  // --- Giants: the sum of the rotated blocks.

  void Extend(Pair& pair) const {
    if (pair.zero() || pair.extended) return;
    for (Poly& part : pair.parts) part = lattice::Extend(work_, x_.level, part);
    pair.extended = true;
  }

  // target += rotl(source, shift) modulo QP. Only the second polynomial of the source is divided by P, for its digits;
  // the first joins the sum as it is.
  Status AddRotated(Pair source, int64_t shift, Pair& target) const {
    if (source.extended) ModDown(work_, x_.level, source.parts[1]);
    Extend(target);
    const bool first = target.zero();
    if (first) target = Uninitialised(true);
    const Kernels& kernels = context_.kernels();
    const size_t n = context_.n();
    const std::vector<uint64_t>& p = context_.ModDown(x_.level).product;
    const scheme::KeyId key = Key(shift);
    const Slot index_slot = work_.pool.Take(MemoryClass::kScratch);
    uint32_t* permutation = reinterpret_cast<uint32_t*>(index_slot.data());
    context_.WritePermutation(key.galois_element, permutation);
    const ModUpDigits digits(work_, source.parts[1], x_.level);
    return MultiplyKey(
        work_, x_.level, [&](int digit, int limb, uint64_t* scratch) { return digits.Limb(digit, limb, scratch); }, key,
        keys_,
        [&](int limb, uint64_t* part0, uint64_t* part1) {
          const Modulus& q = context_.modulus(limb);
          const int index = ExtendedIndex(parameters_, x_.level, limb);
          if (source.extended) {
            kernels.add(part0, part0, source.parts[0].limb(index), n, q);
          } else if (limb <= x_.level) {
            kernels.mul_scalar_add(part0, source.parts[0].limb(limb), p[static_cast<size_t>(limb)], n, q);
          }
          if (first) {
            kernels.permute(target.parts[0].limb(index), part0, permutation, n);
            kernels.permute(target.parts[1].limb(index), part1, permutation, n);
            return;
          }
          const Slot rotated = work_.pool.Take(MemoryClass::kScratch);
          kernels.permute(rotated.data(), part0, permutation, n);
          kernels.add(target.parts[0].limb(index), target.parts[0].limb(index), rotated.data(), n, q);
          kernels.permute(rotated.data(), part1, permutation, n);
          kernels.add(target.parts[1].limb(index), target.parts[1].limb(index), rotated.data(), n, q);
        });
  }

  // The block of the giant that needs no rotation, or zero.
  Pair TakeUnrotated() {
    const auto giant = std::find(plan_.giants.begin(), plan_.giants.end(), 0);
    return giant == plan_.giants.end() ? Pair() : std::move(blocks_[static_cast<size_t>(giant - plan_.giants.begin())]);
  }

  Status RotateBlocks(Pair& sum) {
    sum = TakeUnrotated();
    for (size_t giant = 0; giant < blocks_.size(); ++giant) {
      if (plan_.giants[giant] == 0) continue;
      Ciphertext block{std::move(blocks_[giant].parts), x_.level, x_.scale * scale_};
      KMRT_ASSIGN_OR_RETURN(block, evaluator_.Rotate(block, plan_.giants[giant], keys_));
      if (!sum.zero()) {
        const Ciphertext rest{std::move(sum.parts), block.level, block.scale};
        KMRT_ASSIGN_OR_RETURN(block, evaluator_.Add(std::move(block), rest));
      }
      sum.parts = std::move(block.parts);
    }
    return Status();
  }

  Status RotateBlocksExtended(Pair& sum) {
    sum = TakeUnrotated();
    for (size_t giant = 0; giant < blocks_.size(); ++giant) {
      if (plan_.giants[giant] == 0) continue;
      KMRT_RETURN_IF_ERROR(AddRotated(std::move(blocks_[giant]), plan_.giants[giant], sum));
    }
    return Status();
  }

  // Horner from the last block to the one that needs no rotation; where a giant has no block only the sum moves on.
  Status ChainBlocks(Pair& sum) {
    size_t next = blocks_.size() - 1;
    int64_t position = plan_.giants[next];
    sum = std::move(blocks_[next]);
    while (position != 0) {
      position -= plan_.giant_unit;
      Pair target;
      if (next > 0 && plan_.giants[next - 1] == position) target = std::move(blocks_[--next]);
      KMRT_RETURN_IF_ERROR(AddRotated(std::move(sum), plan_.giant_unit, target));
      sum = std::move(target);
    }
    return Status();
  }

  const Workspace& work_;
  const Context& context_;
  const scheme::Parameters& parameters_;
  const Evaluator evaluator_;
  const Encoder& encoder_;
  const LinearTransformPlan& plan_;
  const Ciphertext& x_;
  const DiagonalsOf<Value>& diagonals_;
  const double scale_;
  KeySource& keys_;
  std::vector<Pair> blocks_;  // [giant]
};

template <typename Value>
Result<Ciphertext> Apply(const Workspace& work, const Encoder& encoder, const LinearTransformPlan& plan,
                         const Ciphertext& x, const DiagonalsOf<Value>& diagonals, double scale, KeySource& keys) {
  if (plan.slots != static_cast<int64_t>(work.context.parameters().slots())) {
    return InvalidArgument("linear transform: planned for {} slots, the ciphertext has {}", plan.slots,
                           work.context.parameters().slots());
  }
  if (x.parts.size() != 2) {
    return InvalidArgument("linear transform: a ciphertext of {} parts; 2 expected{}", x.parts.size(),
                           x.parts.size() == 3 ? " (relinearize it first)" : "");
  }
  return Transform<Value>(work, encoder, plan, x, diagonals, scale, keys).Run();
}

}  // namespace

Result<Ciphertext> ApplyLinearTransform(const Workspace& work, const Encoder& encoder, const LinearTransformPlan& plan,
                                        const Ciphertext& x, const Diagonals& diagonals, double scale,
                                        KeySource& keys) {
  return Apply(work, encoder, plan, x, diagonals, scale, keys);
}

Result<Ciphertext> ApplyLinearTransform(const Workspace& work, const Encoder& encoder, const LinearTransformPlan& plan,
                                        const Ciphertext& x, const ComplexDiagonals& diagonals, double scale,
                                        KeySource& keys) {
  return Apply(work, encoder, plan, x, diagonals, scale, keys);
}

int LinearTransformSlots(const scheme::Parameters& parameters, const LinearTransformPlan& plan, int level,
                         int threads) {
  const int q = level + 1, qp = ExtendedLimbs(parameters, level), giants = static_cast<int>(plan.giants.size());
  const int mod_up = ModUpDigits::Slots(parameters, level), mod_down = SwitchKeySlots(parameters, level, threads);
  const int blocks = giants * 2 * (plan.ExtendedBlocks() ? qp : q);
  std::vector<int> terms(plan.babies.size());
  for (const Term& term : plan.terms) ++terms[static_cast<size_t>(term.baby)];
  // A baby's plaintexts, and beside them, per worker, values and their transform, or the limbs at work.
  const int at_work = plan.ExtendedBlocks() ? 5 : 2;
  const int products = *std::max_element(terms.begin(), terms.end()) + at_work * threads;

  int babies;
  if (plan.form == Form::kMinimumKey) {
    babies = 2 * q + std::max(2 * q + 1 + mod_up + mod_down, products);
  } else {
    const int digits = parameters.DigitCount(level) * qp;
    const int rotated = plan.ExtendedBlocks() ? 1 : 2 * q + 1;
    const int rotation = plan.ExtendedBlocks() ? 0 : mod_down;
    babies = digits + std::max(mod_up, rotated + std::max(rotation, products));
  }
  int rotated_giant = 0;
  if (plan.form == Form::kBabyStepGiantStep) {
    rotated_giant = 2 * q + 1 + mod_up + mod_down;
  } else {
    // The target; where blocks are modulo Q, also what a source has grown by.
    rotated_giant = (plan.ExtendedBlocks() ? 2 : 4) * qp + 1 + mod_up + 4 * threads;
  }
  return blocks + std::max(babies, rotated_giant);
}

}  // namespace keymemrt::lattice
