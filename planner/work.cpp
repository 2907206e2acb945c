// SPDX-License-Identifier: Apache-2.0
#include "planner/work.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace keymemrt::planner {

using circuit::LinearTransformForm;
using circuit::LinearTransformPlan;

template <typename F>
void WorkCounter::ForEachLimb(int level, bool extended, F f) const {
  for (int limb = 0; limb <= level; ++limb) f(limb);
  for (int i = 0; extended && i < parameters_.p_count(); ++i) f(parameters_.q_count() + i);
}

void WorkCounter::Passes(int level, double times, bool extended) {
  ForEachLimb(level, extended, [&](int limb) { Pass(limb, times); });
}

void WorkCounter::RowProducts(int level, bool extended) {
  ForEachLimb(level, extended, [&](int limb) { work_.row_products[Width(limb)] += 1; });
}

namespace {

// Of a transform of 2^log_n numbers, in transforms of 2^log_all.
double Share(int log_n, int log_all) {
  return std::ldexp(static_cast<double>(std::max(log_n, 1)) / std::max(log_all, 1), log_n - log_all);
}

// The subring's: at least eight coefficients are transformed.
int LogCoefficients(int64_t period, int log_n) {
  const int log_values = static_cast<int>(std::bit_width(static_cast<uint64_t>(period) - 1));
  return std::clamp(1 + log_values, std::min(3, log_n), log_n);
}

}  // namespace

void WorkCounter::Embedding(int64_t period) {
  const int log_n = parameters_.log_n();
  work_.embeddings += Share(LogCoefficients(period, log_n) - 1, log_n - 1);
}

void WorkCounter::EncodedLimbs(int64_t period, int level, bool extended) {
  const int log_n = parameters_.log_n();
  const double share = Share(LogCoefficients(period, log_n), log_n);
  ForEachLimb(level, extended, [&](int limb) {
    Transform(limb, share);
    Pass(limb);  // a reduction of all coefficients, or the spreading of a subring's values
  });
}

void WorkCounter::Decompose(int level) {
  for (int limb = 0; limb <= level; ++limb) {
    Transform(limb);
    Pass(limb, 2);
  }
  for (int digit = 0; digit < parameters_.DigitCount(level); ++digit) {
    const int begin = parameters_.DigitBegin(digit), end = parameters_.DigitEnd(digit, level);
    ForEachLimb(level, true, [&](int limb) {
      if (limb >= begin && limb < end) return;
      work_.conversions[Width(limb)] += end - begin;
      Transform(limb);
    });
  }
}

void WorkCounter::KeyProducts(int level) {
  const int digits = parameters_.DigitCount(level);
  ForEachLimb(level, true, [&](int limb) { work_.key_products[Width(limb)] += digits; });
}

void WorkCounter::ModDown(int level, int polynomials) {
  for (int i = 0; i < parameters_.p_count(); ++i) {
    Transform(parameters_.q_count() + i, polynomials);
    Pass(parameters_.q_count() + i, polynomials);
  }
  for (int limb = 0; limb <= level; ++limb) {
    work_.conversions[Width(limb)] += polynomials * parameters_.p_count();
    Transform(limb, polynomials);
    Pass(limb, polynomials);
  }
}

void WorkCounter::Rotate(int level) {
  Decompose(level);
  RotateHoisted(level);
}

void WorkCounter::RotateHoisted(int level) {
  KeyProducts(level);
  ModDown(level, 2);
  Passes(level, 3);
}

void WorkCounter::DecomposeToDigits(int level) {
  Decompose(level);
  Passes(level, 1);  // a digit's own limbs are copied
}

void WorkCounter::LinearTransform(const LinearTransformPlan& plan, int level) {
  const bool extended = plan.ExtendedBlocks(), chained_babies = plan.form == LinearTransformForm::kMinimumKey;
  // Products: a row is rounded to coefficients, transformed limb by limb, and multiplied with both polynomials. Of the
  // baby 0 modulo QP the limbs of P are zero.
  for (const LinearTransformPlan::Term& term : plan.terms) {
    const bool specials = extended && plan.babies[static_cast<size_t>(term.baby)] != 0;
    Embedding(plan.slots);
    EncodedLimbs(plan.slots, level, specials);
    RowProducts(level, specials);
  }
  // Babies.
  int babies = 0;
  if (chained_babies) {
    babies = static_cast<int>(plan.start != 0) +
             static_cast<int>(plan.baby_unit == 0
                                  ? 0
                                  : (plan.babies.back() - plan.start + plan.slots) % plan.slots / plan.baby_unit);
    for (int baby = 0; baby < babies; ++baby) Rotate(level);
  } else {
    for (const int64_t baby : plan.babies) babies += baby != 0;
    if (babies > 0) DecomposeToDigits(level);
    for (int baby = 0; baby < babies; ++baby) {
      if (extended) {
        KeyProducts(level);
        Passes(level, 3, true);
      } else {
        RotateHoisted(level);
      }
    }
  }
  // Giants.
  const int giants = plan.key_switches() - babies;
  for (int giant = 0; giant < giants; ++giant) {
    if (plan.form == LinearTransformForm::kBabyStepGiantStep) {
      Rotate(level);
      Passes(level, 2);
      continue;
    }
    Decompose(level);
    KeyProducts(level);
    Passes(level, 5, true);
  }
  // Divisions: those that the babies of whole rotations and kBabyStepGiantStep make are counted with them.
  const bool whole_giants = plan.form == LinearTransformForm::kBabyStepGiantStep;
  const int counted = chained_babies ? 2 * babies : whole_giants ? 2 * plan.key_switches() : extended ? 0 : 2 * babies;
  if (plan.mod_downs > counted) ModDown(level, plan.mod_downs - counted);
}

}  // namespace keymemrt::planner
