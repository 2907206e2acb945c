// SPDX-License-Identifier: Apache-2.0
#include "circuit/bootstrap_plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "scheme/key_shape.h"

namespace keymemrt::circuit {

namespace {

constexpr long double kPi = std::numbers::pi_v<long double>;

// Coefficients of x^1, x^3, ... of arcsin(x).
std::vector<double> Arcsine(int degree) {
  std::vector<double> coefficients(static_cast<size_t>(degree) + 1);
  double c = 1;
  for (int k = 1; k <= degree; k += 2) {
    coefficients[static_cast<size_t>(k)] = c / k;
    c *= static_cast<double>(k) / (k + 1);
  }
  return coefficients;
}

Status CheckOptions(const scheme::Parameters& parameters, const BootstrapOptions& options) {
  const auto refuse = [](const char* what, auto value, const std::string& expected) {
    return InvalidArgument("bootstrapping: {} {}; {} expected", what, value, expected);
  };
  const int log_most = parameters.log_n() - 1;
  if (options.log_slots < 1 || options.log_slots > log_most) {
    return refuse("log2 of the slots", options.log_slots, fmt::format("1 to {}", log_most));
  }
  if (options.target_level < 0) return refuse("target level", options.target_level, "0 or more");
  if (options.babies < 0) return refuse("number of baby steps", options.babies, "0 (the fastest) or more");
  if (options.ephemeral_weight < 1) return refuse("ephemeral weight", options.ephemeral_weight, "1 or more");
  if (options.range < 1 || options.range > 1024) return refuse("range", options.range, "1 to 1024");
  if (options.log_message_ratio < 1 || options.log_message_ratio > 40) {
    return refuse("log2 of the message ratio", options.log_message_ratio, "1 to 40");
  }
  if (options.degree < 2 || options.degree > 1024) return refuse("degree of the cosine", options.degree, "2 to 1024");
  if (options.double_angles < 0 || options.double_angles > 10) {
    return refuse("number of double angles", options.double_angles, "0 to 10");
  }
  if (options.arcsine_degree < 1 || options.arcsine_degree > 7 || options.arcsine_degree % 2 == 0) {
    return refuse("degree of the arcsine", options.arcsine_degree, "1, 3, 5 or 7");
  }
  return Status();
}

struct Maker {
  const scheme::Parameters& parameters;
  const scheme::SecretDistribution& secret;
  BootstrapPlan& plan;
  const BootstrapOptions& options = plan.options;

  double prime(int level) const { return static_cast<double>(parameters.modulus(level)); }
  size_t slots() const { return size_t{1} << options.log_slots; }
  double gap() const { return static_cast<double>(parameters.slots() / slots()); }

  void Need(const scheme::KeyId& id, int level) {
    for (BootstrapKey& key : plan.keys) {
      if (key.id == id) {
        key.level = std::max(key.level, level);
        return;
      }
    }
    plan.keys.push_back({id, level});
  }
  Status NeedRotations(const std::vector<int64_t>& shifts, const scheme::KeyShape& shape, int level) {
    KMRT_ASSIGN_OR_RETURN(const scheme::Parameters shaped, parameters.At(shape));
    for (const int64_t shift : shifts) Need(shaped.RotationKey(shift), level);
    return Status();
  }

  // The stages of one direction from `level` downwards; `factor` and `gain` are the products of all entries' sizes, but
  // for the 2^-layers of CoeffToSlot, and of all plaintext scales over the primes.
  Result<std::vector<BootstrapPlan::Transform>> Transforms(DftDirection direction, const std::vector<int>& radices,
                                                           int level, double factor, double gain) {
    std::vector<BootstrapPlan::Transform> transforms;
    const double count = static_cast<double>(radices.size());
    for (size_t i = 0; i < radices.size(); ++i, --level) {
      BootstrapPlan::Transform transform{.stage = {.direction = direction,
                                                   .log_slots = options.log_slots,
                                                   .radices = radices,
                                                   .stage = static_cast<int>(i),
                                                   .factor = std::pow(factor, 1 / count)},
                                         .level = level,
                                         .scale = prime(level) * std::pow(gain, 1 / count),
                                         .linear = {},
                                         .shape = {}};
      const bool forward = direction == DftDirection::kSlotToCoeff;
      if (!forward) transform.stage.factor = std::ldexp(transform.stage.factor, -radices[i]);
      transform.stage.halves = gap() > 1 && i == (forward ? 0 : radices.size() - 1);
      KMRT_RETURN_IF_ERROR(transform.stage.Check());
      const std::vector<int64_t> rotations = transform.stage.Rotations();
      const int64_t unit = rotations.back() - rotations[rotations.size() - 2];
      KMRT_ASSIGN_OR_RETURN(transform.linear,
                            LinearTransformPlan::Make(rotations, static_cast<int64_t>(parameters.slots()), options.form,
                                                      options.babies * unit));
      KMRT_ASSIGN_OR_RETURN(transform.shape, scheme::BestShape(parameters, level, secret));
      KMRT_RETURN_IF_ERROR(NeedRotations(transform.linear.rotations, transform.shape, level));
      if (forward && i == 0 && plan.join != 0) {
        KMRT_RETURN_IF_ERROR(NeedRotations({plan.join}, plan.join_shape, level - 1));
      }
      transforms.push_back(std::move(transform));
    }
    return transforms;
  }

  // From t_k / (q_0 * half_range) at `level` and split_scale to sin(2 pi t_k / q_0), or its arcsine, at `output_scale`.
  Result<PolynomialPlan> EvalMod(int level, double output_scale) const {
    const int r = options.double_angles;
    // cos(2 pi x) after r double angles. With two of them the first may start from the sine, which gives the cosine's
    // negative: the second squares the sign away. The odd series passes less of the rounding of x^2 on, where x is
    // small.
    const auto function = [&](long double x) {
      const long double angle = 2 * kPi * std::ldexp(x, -r);
      return r >= 2 ? std::sin(angle) : std::cos(angle);
    };
    const ChebyshevSeries series = Interpolate(function, -plan.half_range, plan.half_range, options.degree);
    // Scales, from the end: that of the sine, then of the cosines of half, a quarter, .. of its angle.
    int at = level - PolynomialDepth(options.degree) - r;
    double scale = options.arcsine_degree > 1 ? prime(at) : output_scale;
    for (int i = 0; i < r; ++i) scale = std::sqrt(scale * prime(++at));
    PolynomialPlanner planner(parameters, level, plan.split_scale);
    KMRT_ASSIGN_OR_RETURN(int value,
                          planner.Series(planner.AddScalar(0, -0.25 / plan.half_range), series.coefficients, scale));
    for (int i = 0; i < r; ++i) value = planner.DoubleAngle(value);
    if (options.arcsine_degree > 1) {
      const ChebyshevSeries arcsine = FromMonomials(Arcsine(options.arcsine_degree));
      KMRT_ASSIGN_OR_RETURN(value, planner.Series(value, arcsine.coefficients, output_scale));
    }
    return planner.Finish(value);
  }

  Status Make() {
    KMRT_RETURN_IF_ERROR(CheckOptions(parameters, options));
    const int top = parameters.max_level();
    const int polynomial_levels = PolynomialDepth(options.degree) + options.double_angles +
                                  (options.arcsine_degree > 1 ? PolynomialDepth(options.arcsine_degree) : 0);
    const int transform_levels = static_cast<int>(options.coeff_to_slot.size() + options.slot_to_coeff.size());
    if (options.target_level + polynomial_levels + transform_levels > top) {
      return InvalidArgument(
          "bootstrapping: to level {} takes {} levels above it ({} for CoeffToSlot, {} for EvalMod, {} for "
          "SlotToCoeff); "
          "there are {}",
          options.target_level, polynomial_levels + transform_levels, options.coeff_to_slot.size(), polynomial_levels,
          options.slot_to_coeff.size(), top - options.target_level);
    }
    if (!(plan.input_scale > 0) || !std::isfinite(plan.input_scale)) {
      return InvalidArgument("bootstrapping: the scale {} of the input is not a positive number", plan.input_scale);
    }
    const double raise = std::round(std::ldexp(prime(0), -options.log_message_ratio) / plan.input_scale);
    if (raise < 1) {
      return InvalidArgument(
          "bootstrapping: q_0 of {:.1f} bits is below the scale of {:.1f} bits times a message ratio of 2^{}; a larger "
          "q_0 or a smaller scale or ratio expected",
          std::log2(prime(0)), std::log2(plan.input_scale), options.log_message_ratio);
    }
    plan.raised_scale = plan.input_scale * raise;
    plan.output_scale = parameters.default_scale();
    plan.top_level = top;
    const double ratio = prime(0) / plan.raised_scale;
    plan.half_range = options.range + 0.25 + 1 / ratio;
    plan.log2_failure = FailureProbability(options.ephemeral_weight, options.range, 2 * static_cast<double>(slots()));

    // Encapsulation.
    plan.encapsulation_shape = {0, 1};
    KMRT_ASSIGN_OR_RETURN(const scheme::Parameters lowest, parameters.At(plan.encapsulation_shape));
    KMRT_RETURN_IF_ERROR(scheme::CheckKeySecurity(lowest, 0, {options.ephemeral_weight}));
    KMRT_RETURN_IF_ERROR(scheme::CheckKeySecurity(parameters, top, secret));
    Need(lowest.SecretSwitchKey(kMainToEphemeral), 0);
    Need(parameters.SecretSwitchKey(kEphemeralToMain), top);
    for (size_t shift = slots(); shift < parameters.slots(); shift *= 2) {
      plan.trace.push_back(static_cast<int64_t>(shift));
    }
    KMRT_RETURN_IF_ERROR(NeedRotations(plan.trace, {}, top));

    // CoeffToSlot: n from the matrices, 2 from adding the conjugate, the gap from the trace.
    const int split = top - static_cast<int>(options.coeff_to_slot.size());
    plan.split_scale = prime(split);
    KMRT_ASSIGN_OR_RETURN(plan.coeff_to_slot,
                          Transforms(DftDirection::kCoeffToSlot, options.coeff_to_slot, top,
                                     1 / (ratio * plan.half_range * 2 * gap()), plan.split_scale / plan.raised_scale));
    plan.conjugation_level = split;
    KMRT_ASSIGN_OR_RETURN(plan.conjugation_shape, scheme::BestShape(parameters, split, secret));
    plan.relinearization_shape = plan.conjugation_shape;
    KMRT_ASSIGN_OR_RETURN(const scheme::Parameters shaped, parameters.At(plan.conjugation_shape));
    Need(shaped.ConjugationKey(), split);
    Need(shaped.RelinearizationKey(), split);

    // The sine's scale in between that of the message that comes out, which is 2 pi / ratio of it, and a whole prime:
    // the lower, the finer are the plaintexts of SlotToCoeff, the higher, the less weighs EvalMod's last noise.
    const double gain = ratio / (2 * static_cast<double>(kPi));
    const double sine_scale = std::pow(prime(split), 2.0 / 3) * std::pow(plan.output_scale * gain, 1.0 / 3);
    KMRT_ASSIGN_OR_RETURN(plan.eval_mod, EvalMod(split, sine_scale));

    if (gap() > 1) {
      plan.join = static_cast<int64_t>(slots());
      KMRT_ASSIGN_OR_RETURN(
          plan.join_shape,
          scheme::BestShape(parameters, options.target_level + static_cast<int>(options.slot_to_coeff.size()) - 1,
                            secret));
    }
    KMRT_ASSIGN_OR_RETURN(plan.slot_to_coeff,
                          Transforms(DftDirection::kSlotToCoeff, options.slot_to_coeff,
                                     options.target_level + static_cast<int>(options.slot_to_coeff.size()), gain,
                                     plan.output_scale / sine_scale));
    return Status();
  }
};

}  // namespace

double FailureProbability(int weight, int range, double coefficients) {
  // I > range needs a sum above range + 1/2. E exp(lambda U) = (2/lambda) sinh(lambda/2) of one summand.
  const double above = range + 0.5;
  if (above >= weight / 2.0) return -INFINITY;
  double best = 0;
  for (double lambda = 0x1p-10; lambda < 0x1p12; lambda *= 1.01) {
    const double log_moment = lambda / 2 + std::log1p(-std::exp(-lambda)) - std::log(lambda);
    best = std::min(best, weight * log_moment - lambda * above);
  }
  return std::min(0.0, 1 + std::log2(coefficients) + best / std::numbers::ln2);
}

Result<BootstrapPlan> BootstrapPlan::Make(const scheme::Parameters& parameters, const BootstrapOptions& options,
                                          double input_scale, const scheme::SecretDistribution& secret) {
  BootstrapPlan plan;
  plan.options = options;
  plan.input_scale = input_scale;
  KMRT_RETURN_IF_ERROR(Maker{parameters, secret, plan}.Make());
  return plan;
}

}  // namespace keymemrt::circuit
