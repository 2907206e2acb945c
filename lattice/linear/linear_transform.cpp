// SPDX-License-Identifier: Apache-2.0
#include "lattice/linear/linear_transform.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>
#include <vector>

#include "lattice/evaluator/evaluator.h"
#include "lattice/evaluator/extended.h"

namespace keymemrt::lattice {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;
using circuit::LinearTransformStep;

using Form = LinearTransformForm;
using Kind = LinearTransformStep::Kind;
using Term = LinearTransformPlan::Term;

namespace {

constexpr size_t kTile = 2048;  // words: a plaintext's tile is still in the near cache for the second polynomial

std::span<const Term> TermsOf(const LinearTransformPlan& plan, int baby) {
  const auto [first, last] = std::equal_range(plan.terms.begin(), plan.terms.end(), Term{0, baby, 0},
                                              [](const Term& a, const Term& b) { return a.baby < b.baby; });
  return {first, last};
}

// Whether there are digits of the input.
bool Hoisted(const LinearTransformPlan& plan) {
  return plan.form != Form::kMinimumKey && (plan.babies.size() > 1 || plan.babies[0] != 0);
}

}  // namespace

template <typename Value>
Result<std::span<const Value>> TermValues(const LinearTransformPlan& plan, const Term& term, std::span<const Value> row,
                                          const Slot& slot) {
  const size_t slots = static_cast<size_t>(plan.slots);
  if (row.empty() || slots % row.size() != 0) {
    return InvalidArgument("linear transform: row {} has {} values, which do not divide the {} slots", term.row,
                           row.size(), slots);
  }
  Value* const out = reinterpret_cast<Value*>(slot.data());
  const size_t shift = static_cast<size_t>(plan.giants[static_cast<size_t>(term.giant)]) % row.size();
  std::rotate_copy(row.begin(), row.end() - static_cast<std::ptrdiff_t>(shift), row.end(), out);
  return std::span<const Value>(out, row.size());
}
template Result<std::span<const double>> TermValues(const LinearTransformPlan&, const Term&, std::span<const double>,
                                                    const Slot&);
template Result<std::span<const std::complex<double>>> TermValues(const LinearTransformPlan&, const Term&,
                                                                  std::span<const std::complex<double>>, const Slot&);

// The products of one baby: blocks += plaintexts * (x0, x1), limb by limb.
template <typename Value>
class BabyStep {
 public:
  // Encodes the baby's plaintexts, and makes the blocks that it is the first of; they are complete once Limb was called
  // for all limbs. Refers to all it is given.
  static Result<BabyStep> Make(const Workspace& work, const Encoder& encoder, LinearTransform& transform, int baby,
                               const DiagonalsOf<Value>& diagonals, TermsAhead* ahead, bool extended) {
    BabyStep step(work, transform, TermsOf(*transform.plan_, baby));
    KMRT_RETURN_IF_ERROR(step.Encode(encoder, diagonals, ahead));
    for (const Term& term : step.terms_) {
      LinearTransform::Sum& block = transform.blocks_[static_cast<size_t>(term.giant)];
      step.first_.push_back(block.zero());
      if (block.zero()) block = LinearTransform::Uninitialised(work, transform.level_, extended);
    }
    return step;
  }

  // `limb` of the full basis; null stands for zero. Thread-safe for different limbs.
  void Limb(int limb, const uint64_t* x0, const uint64_t* x1) const {
    const Context& context = work_.context;
    const size_t n = context.n();
    const int index = ExtendedIndex(context.parameters(), transform_.level_, limb);
    const Modulus& q = context.modulus(limb);
    const Slot plaintext = work_.pool.Take(MemoryClass::kPlaintexts);
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
      if (plaintexts_[i].pieces.limbs() > 1 && !scratch) scratch = work_.pool.Take(MemoryClass::kPlaintexts);
      Encoder::WriteLimb(context, plaintexts_[i], limb, plaintext.data(), scratch.data());
      const auto accumulate = first_[i] ? context.kernels().mul : context.kernels().mul_add;
      for (size_t begin = 0; begin < n; begin += kTile) {
        const size_t size = std::min(kTile, n - begin);
        accumulate(out0 + begin, plaintext.data() + begin, x0 + begin, size, q);
        accumulate(out1 + begin, plaintext.data() + begin, x1 + begin, size, q);
      }
    }
  }
  // All limbs of a ciphertext.
  void Multiply(const Ciphertext& x) const {
    ParallelFor(work_.threads, x.level + 1,
                [&](int limb) { Limb(limb, x.parts[0].limb(limb), x.parts[1].limb(limb)); });
  }
  // Lets go of the plaintexts.
  void Finish(TermsAhead* ahead) {
    if (ahead == nullptr) return;
    const size_t offset = static_cast<size_t>(terms_.data() - transform_.plan_->terms.data());
    for (size_t i = 0; i < terms_.size(); ++i) ahead->Done(offset + i, std::move(plaintexts_[i]));
  }

 private:
  BabyStep(const Workspace& work, LinearTransform& transform, std::span<const Term> terms)
      : work_(work), transform_(transform), terms_(terms), plaintexts_(terms.size()) {}

  // One plaintext per term. Encoded in parallel, as many at a time as there are workers.
  Status Encode(const Encoder& encoder, const DiagonalsOf<Value>& diagonals, TermsAhead* ahead) {
    const LinearTransformPlan& plan = *transform_.plan_;
    const size_t offset = static_cast<size_t>(terms_.data() - plan.terms.data());
    const size_t at_once = static_cast<size_t>(work_.thread_count());
    std::vector<Slot> slots;
    std::vector<size_t> left(terms_.size());
    std::iota(left.begin(), left.end(), size_t{0});
    while (!left.empty()) {
      std::vector<size_t> now, later;
      for (const size_t i : left) {
        const TermsAhead::Answer answer = now.size() == at_once ? TermsAhead::Answer::kBusy
                                          : ahead == nullptr    ? TermsAhead::Answer::kYours
                                                                : ahead->Take(offset + i, plaintexts_[i]);
        if (answer == TermsAhead::Answer::kYours) now.push_back(i);
        if (answer == TermsAhead::Answer::kBusy) later.push_back(i);
      }
      if (now.empty() && !later.empty()) {
        now.push_back(later.front());
        later.erase(later.begin());
        ahead->Insist(offset + now[0]);
      }
      left = std::move(later);

      while (slots.size() < now.size()) slots.push_back(work_.pool.Take(MemoryClass::kPlaintexts));
      std::vector<std::span<const Value>> rows(now.size());
      for (size_t k = 0; k < now.size(); ++k) {
        const Term& term = terms_[now[k]];
        KMRT_ASSIGN_OR_RETURN(const std::span<const Value> row, diagonals(term.row));
        KMRT_ASSIGN_OR_RETURN(rows[k], TermValues(plan, term, row, slots[k]));
      }
      std::vector<Status> errors(now.size());
      ParallelFor(work_.threads, static_cast<int>(now.size()), [&](int index) {
        const size_t k = static_cast<size_t>(index);
        Result<RoundedCoefficients> rounded = encoder.Round(rows[k], transform_.scale_, transform_.level_, work_.pool);
        if (rounded.ok()) {
          plaintexts_[now[k]] = std::move(rounded).value();
        } else {
          errors[k] = rounded.status();
        }
      });
      for (size_t k = 0; k < now.size(); ++k) {
        KMRT_RETURN_IF_ERROR(errors[k].WithContext(fmt::format("linear transform: row {}", terms_[now[k]].row)));
      }
    }
    return Status();
  }

  const Workspace& work_;
  LinearTransform& transform_;
  std::span<const Term> terms_;
  std::vector<RoundedCoefficients> plaintexts_;  // [term]
  std::vector<char> first_;                      // [term]: the block holds nothing yet
};

Result<LinearTransform> LinearTransform::Begin(const Workspace& work, const LinearTransformPlan& plan,
                                               const Ciphertext& x, double scale) {
  const scheme::Parameters& parameters = work.context.parameters();
  if (plan.slots != static_cast<int64_t>(parameters.slots())) {
    return InvalidArgument("linear transform: planned for {} slots, the ciphertext has {}", plan.slots,
                           parameters.slots());
  }
  if (x.parts.size() != 2) {
    return InvalidArgument("linear transform: a ciphertext of {} parts; 2 expected{}", x.parts.size(),
                           x.parts.size() == 3 ? " (relinearize it first)" : "");
  }
  if (x.level > parameters.max_level()) {
    return InvalidArgument("linear transform: a ciphertext at level {}; {} and below expected with keys of this shape",
                           x.level, parameters.max_level());
  }
  LinearTransform transform(plan, x, scale);
  if (Hoisted(plan)) {
    KMRT_ASSIGN_OR_RETURN(transform.digits_, Evaluator(work.context, work.pool, work.threads).Decompose(x));
  }
  transform.next_ = 1;
  return transform;
}

LinearTransform::Sum LinearTransform::Uninitialised(const Workspace& work, int level, bool extended) {
  Sum sum{{}, extended};
  const int limbs = extended ? ExtendedLimbs(work.context.parameters(), level) : level + 1;
  for (int part = 0; part < 2; ++part) sum.parts.emplace_back(work.pool, MemoryClass::kCiphertexts, limbs);
  return sum;
}

Status LinearTransform::Baby(const Workspace& work, const Encoder& encoder, const Ciphertext& x,
                             const Diagonals& diagonals, KeySource& keys, TermsAhead* ahead) {
  return TakeBaby(work, encoder, x, diagonals, keys, ahead);
}

Status LinearTransform::Baby(const Workspace& work, const Encoder& encoder, const Ciphertext& x,
                             const ComplexDiagonals& diagonals, KeySource& keys, TermsAhead* ahead) {
  return TakeBaby(work, encoder, x, diagonals, keys, ahead);
}

template <typename Value>
Status LinearTransform::TakeBaby(const Workspace& work, const Encoder& encoder, const Ciphertext& x,
                                 const DiagonalsOf<Value>& diagonals, KeySource& keys, TermsAhead* ahead) {
  const LinearTransformStep step = next();
  assert(step.kind == Kind::kBaby && x.level == level_);
  ++next_;
  const Evaluator evaluator(work.context, work.pool, work.threads);
  if (plan_->ExtendedBlocks()) {
    KMRT_RETURN_IF_ERROR(ExtendedBaby(work, encoder, x, step, diagonals, keys, ahead));
  } else {
    const Ciphertext* current = rotated_.parts.empty() ? &x : &rotated_;
    Ciphertext rotated;
    if (step.shift != 0) {
      if (plan_->form == Form::kMinimumKey) {
        KMRT_ASSIGN_OR_RETURN(rotated_, evaluator.Rotate(*current, step.shift, keys));
        current = &rotated_;
      } else {
        KMRT_ASSIGN_OR_RETURN(rotated, evaluator.RotateHoisted(x, digits_, step.shift, keys));
        current = &rotated;
      }
    }
    if (step.index >= 0) {
      KMRT_ASSIGN_OR_RETURN(BabyStep<Value> products,
                            BabyStep<Value>::Make(work, encoder, *this, step.index, diagonals, ahead, false));
      products.Multiply(*current);
      products.Finish(ahead);
    }
  }
  if (next().kind != Kind::kBaby) {
    digits_ = {};
    rotated_ = {};
  }
  return Status();
}

// The rotated input as P times itself modulo QP, one limb at a time: from the key's products through the automorphism
// into the blocks.
template <typename Value>
Status LinearTransform::ExtendedBaby(const Workspace& work, const Encoder& encoder, const Ciphertext& x,
                                     const LinearTransformStep& step, const DiagonalsOf<Value>& diagonals,
                                     KeySource& keys, TermsAhead* ahead) {
  const Context& context = work.context;
  const Kernels& kernels = context.kernels();
  const scheme::Parameters& parameters = context.parameters();
  const size_t n = context.n();
  const std::vector<uint64_t>& p = context.ModDown(level_).product;
  KMRT_ASSIGN_OR_RETURN(BabyStep<Value> products,
                        BabyStep<Value>::Make(work, encoder, *this, step.index, diagonals, ahead, true));
  if (step.shift == 0) {
    ParallelFor(work.threads, ExtendedLimbs(parameters, level_), [&](int i) {
      if (i > level_) {
        products.Limb(i - level_ - 1 + parameters.q_count(), nullptr, nullptr);
        return;
      }
      const Slot scaled[2] = {work.pool.Take(MemoryClass::kScratch), work.pool.Take(MemoryClass::kScratch)};
      for (size_t part = 0; part < 2; ++part) {
        kernels.mul_scalar(scaled[part].data(), x.parts[part].limb(i), p[static_cast<size_t>(i)], n,
                           context.modulus(i));
      }
      products.Limb(i, scaled[0].data(), scaled[1].data());
    });
    products.Finish(ahead);
    return Status();
  }
  const Slot index_slot = work.pool.Take(MemoryClass::kScratch);
  uint32_t* index = reinterpret_cast<uint32_t*>(index_slot.data());
  const scheme::KeyId key = parameters.RotationKey(step.shift);
  context.WritePermutation(key.galois_element, index);
  KMRT_RETURN_IF_ERROR(MultiplyKey(
      work, level_,
      [&](int digit, int limb, uint64_t*) {
        return digits_.digits[static_cast<size_t>(digit)].limb(ExtendedIndex(parameters, level_, limb));
      },
      key, keys,
      [&](int limb, uint64_t* part0, uint64_t* part1) {
        if (limb <= level_) {
          kernels.mul_scalar_add(part0, x.parts[0].limb(limb), p[static_cast<size_t>(limb)], n, context.modulus(limb));
        }
        const Slot rotated[2] = {work.pool.Take(MemoryClass::kScratch), work.pool.Take(MemoryClass::kScratch)};
        kernels.permute(rotated[0].data(), part0, index, n);
        kernels.permute(rotated[1].data(), part1, index, n);
        products.Limb(limb, rotated[0].data(), rotated[1].data());
      }));
  products.Finish(ahead);
  return Status();
}

// target += rotl(source, shift) modulo QP. Only the second polynomial of the source is divided by P, for its digits;
// the first joins the sum as it is.
Status LinearTransform::AddRotated(const Workspace& work, Sum source, int64_t shift, Sum& target,
                                   KeySource& keys) const {
  const Context& context = work.context;
  const scheme::Parameters& parameters = context.parameters();
  if (source.extended) ModDown(work, level_, source.parts[1]);
  if (!target.zero() && !target.extended) {
    for (Poly& part : target.parts) part = Extend(work, level_, part);
    target.extended = true;
  }
  const bool first = target.zero();
  if (first) target = Uninitialised(work, level_, true);
  const Kernels& kernels = context.kernels();
  const size_t n = context.n();
  const std::vector<uint64_t>& p = context.ModDown(level_).product;
  const scheme::KeyId key = parameters.RotationKey(shift);
  const Slot index_slot = work.pool.Take(MemoryClass::kScratch);
  uint32_t* permutation = reinterpret_cast<uint32_t*>(index_slot.data());
  context.WritePermutation(key.galois_element, permutation);
  const ModUpDigits digits(work, source.parts[1], level_);
  return MultiplyKey(
      work, level_, [&](int digit, int limb, uint64_t* scratch) { return digits.Limb(digit, limb, scratch); }, key,
      keys,
      [&](int limb, uint64_t* part0, uint64_t* part1) {
        const Modulus& q = context.modulus(limb);
        const int index = ExtendedIndex(parameters, level_, limb);
        if (source.extended) {
          kernels.add(part0, part0, source.parts[0].limb(index), n, q);
        } else if (limb <= level_) {
          kernels.mul_scalar_add(part0, source.parts[0].limb(limb), p[static_cast<size_t>(limb)], n, q);
        }
        if (first) {
          kernels.permute(target.parts[0].limb(index), part0, permutation, n);
          kernels.permute(target.parts[1].limb(index), part1, permutation, n);
          return;
        }
        const Slot rotated = work.pool.Take(MemoryClass::kScratch);
        kernels.permute(rotated.data(), part0, permutation, n);
        kernels.add(target.parts[0].limb(index), target.parts[0].limb(index), rotated.data(), n, q);
        kernels.permute(rotated.data(), part1, permutation, n);
        kernels.add(target.parts[1].limb(index), target.parts[1].limb(index), rotated.data(), n, q);
      });
}

Status LinearTransform::Giant(const Workspace& work, KeySource& keys) {
  const LinearTransformStep step = next();
  assert(step.kind == Kind::kGiant);
  ++next_;
  Sum block;
  if (step.index >= 0) block = std::move(blocks_[static_cast<size_t>(step.index)]);
  if (step.shift == 0) {  // the first
    sum_ = std::move(block);
    return Status();
  }
  switch (plan_->form) {
    case Form::kBabyStepGiantStep: {
      const Evaluator evaluator(work.context, work.pool, work.threads);
      Ciphertext rotated{std::move(block.parts), level_, 1};
      KMRT_ASSIGN_OR_RETURN(rotated, evaluator.Rotate(rotated, step.shift, keys));
      if (!sum_.zero()) {
        const Ciphertext rest{std::move(sum_.parts), level_, 1};
        KMRT_ASSIGN_OR_RETURN(rotated, evaluator.Add(std::move(rotated), rest));
      }
      sum_.parts = std::move(rotated.parts);
      return Status();
    }
    case Form::kDoubleHoisted:
      return AddRotated(work, std::move(block), step.shift, sum_, keys);
    case Form::kHorner:
    case Form::kMinimumKey:
      KMRT_RETURN_IF_ERROR(AddRotated(work, std::move(sum_), step.shift, block, keys));
      sum_ = std::move(block);
      return Status();
  }
  return Status();
}

Ciphertext LinearTransform::Finish(const Workspace& work) && {
  assert(next().kind == Kind::kFinish);
  if (sum_.extended) {
    for (Poly& part : sum_.parts) ModDown(work, level_, part);
  }
  return Ciphertext{std::move(sum_.parts), level_, x_scale_ * scale_};
}

namespace {

template <typename Value>
Result<Ciphertext> Apply(const Workspace& work, const Encoder& encoder, const LinearTransformPlan& plan,
                         const Ciphertext& x, const DiagonalsOf<Value>& diagonals, double scale, KeySource& keys) {
  KMRT_ASSIGN_OR_RETURN(LinearTransform transform, LinearTransform::Begin(work, plan, x, scale));
  while (transform.next().kind == Kind::kBaby) {
    KMRT_RETURN_IF_ERROR(transform.Baby(work, encoder, x, diagonals, keys));
  }
  while (transform.next().kind == Kind::kGiant) KMRT_RETURN_IF_ERROR(transform.Giant(work, keys));
  return std::move(transform).Finish(work);
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

std::vector<LinearTransformSlots> LinearTransformMemory(const scheme::Parameters& parameters,
                                                        const LinearTransformPlan& plan, int level, int threads) {
  const int q = level + 1, qp = ExtendedLimbs(parameters, level);
  const int mod_up = ModUpDigits::Slots(parameters, level), key_switch = SwitchKeySlots(parameters, level, threads);
  const int block = 2 * (plan.ExtendedBlocks() ? qp : q);
  const bool by_terms = plan.form == Form::kBabyStepGiantStep;
  int input = 0, blocks = 0, sum = 0;  // held
  std::vector<bool> made(plan.giants.size());
  std::vector<LinearTransformSlots> memory;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const LinearTransformStep& step = plan.steps[i];
    const int before = input + blocks + sum;
    int most = before;
    switch (step.kind) {
      case Kind::kBegin:
        if (!Hoisted(plan)) break;
        input = parameters.DigitCount(level) * qp;
        most = input + mod_up;
        break;
      case Kind::kBaby: {
        const std::span<const Term> terms = TermsOf(plan, step.index);
        for (const Term& term : terms) {
          if (!made[static_cast<size_t>(term.giant)]) blocks += block;
          made[static_cast<size_t>(term.giant)] = true;
        }
        int rotated = 0;  // beside what is held
        if (plan.ExtendedBlocks()) {
          rotated = step.shift == 0 ? 0 : 1;
        } else if (step.shift != 0) {
          rotated = 2 * q;
          most = before + 2 * q + 1 + (plan.form == Form::kMinimumKey ? mod_up : 0) + key_switch;
          if (plan.form == Form::kMinimumKey) {
            input = 2 * q;
            rotated = 0;
          }
        }
        // A baby's plaintexts, and beside them, per worker, values and their transform, or the limbs at work.
        const int products = static_cast<int>(terms.size()) + (plan.ExtendedBlocks() ? 5 : 2) * threads;
        if (!terms.empty()) most = std::max(most, input + blocks + rotated + products);
        if (plan.steps[i + 1].kind != Kind::kBaby) input = 0;
        break;
      }
      case Kind::kGiant: {
        const int taken = step.index >= 0 ? block : 0;
        blocks -= taken;
        if (step.shift == 0) {
          sum = taken;
        } else if (by_terms) {
          most = before + 2 * q + 1 + mod_up + key_switch;
          sum = 2 * q;
        } else {
          // What the target grows by: it may be nothing, or modulo Q, on the way.
          most = before + (plan.ExtendedBlocks() && taken != 0 && sum != 0 ? 0 : 2 * qp) + 1 + mod_up + 4 * threads;
          sum = 2 * qp;
        }
        break;
      }
      case Kind::kFinish:
        if (sum == 2 * qp) most = before + ModDownSlots(parameters, level, threads);
        sum = 2 * q;
        break;
    }
    memory.push_back({input + blocks + sum, most});
  }
  return memory;
}

}  // namespace keymemrt::lattice
