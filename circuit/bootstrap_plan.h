// SPDX-License-Identifier: Apache-2.0
//
// Bootstrapping as a circuit: which levels, scales, matrices, polynomials and keys (Cheon, Han, Kim, Kim, Song, 2018;
// Han, Ki, "Better bootstrapping for approximate homomorphic encryption", 2020; Bossuat, Mouchet, Troncoso-Pastoriza,
// Hubaux, 2021). docs/bootstrapping.md explains it.
//
//   1. Encapsulation (Bossuat, Troncoso-Pastoriza, Hubaux, eprint 2022/024): at level 0 the ciphertext is switched to
//   an
//      ephemeral sparse secret, multiplied by an integer to the scale q_0 / message ratio, raised to the top modulus,
//      and switched back. It decrypts to t = m + q_0 I with |I| <= K.
//   2. CoeffToSlot: t_k / (q_0 (K + ...)) as slots.
//   3. EvalMod: sin(2 pi t / q_0), a cosine by a Chebyshev series and double angles, where wanted followed by an
//   arcsine.
//   4. SlotToCoeff.
// From the top the levels belong to CoeffToSlot, EvalMod, SlotToCoeff, and then the program.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "circuit/dft.h"
#include "circuit/linear_transform_plan.h"
#include "circuit/polynomial_plan.h"
#include "scheme/parameters.h"
#include "scheme/security.h"

namespace keymemrt::circuit {

struct BootstrapOptions {
  int log_slots = 0;     // full packing: log_n - 1; below, slots repeat with this period
  int target_level = 0;  // of the result
  // Layers of the DFT in each stage (circuit/dft.h), each a level.
  std::vector<int> coeff_to_slot, slot_to_coeff;
  int ephemeral_weight = 32;
  // log2 of q_0 against the scale at which the message is raised: the larger, the closer is the sine to its argument,
  // and the larger weighs all noise.
  int log_message_ratio = 8;
  int range = 14;          // K: multiples of q_0 up to this are removed
  int degree = 54;         // of the series of the sine (r >= 2) or cosine of 2 pi x / 2^r
  int double_angles = 2;   // r
  int arcsine_degree = 1;  // 1 (none), 3, 5 or 7: terms of the arcsine's Taylor series
  LinearTransformForm form = LinearTransformForm::kDoubleHoisted;
  int babies = 0;  // baby steps of a stage: fewer are fewer keys and more time; 0: the fastest number

  bool operator==(const BootstrapOptions&) const = default;
};

// Names of the two secret switches of encapsulation in a key set.
inline constexpr uint64_t kMainToEphemeral = 1, kEphemeralToMain = 2;

// A key that bootstrapping uses, made for `level`.
struct BootstrapKey {
  scheme::KeyId id;
  int level = 0;

  bool operator==(const BootstrapKey&) const = default;
};

struct BootstrapPlan {
  // `input_scale`: of the ciphertexts to bootstrap; that of the results is the parameters' default. `secret`: how the
  // main secret is drawn, for the bounds on keys. kInvalidArgument, saying what is wrong and what would do: options
  // that make no sense, too few levels, q_0 too small for the message ratio, keys beyond the security bound.
  static Result<BootstrapPlan> Make(const scheme::Parameters& parameters, const BootstrapOptions& options,
                                    double input_scale, const scheme::SecretDistribution& secret = {});

  // One stage: the product with its matrix at `level` with plaintexts at `scale`, and a rescale.
  struct Transform {
    DftStage stage;
    int level = 0;
    double scale = 1;
    LinearTransformPlan linear;
    scheme::KeyShape shape;
  };

  BootstrapOptions options;
  double input_scale = 1, raised_scale = 1, output_scale = 1;
  int top_level = 0;
  scheme::KeyShape encapsulation_shape;  // of the key from the main secret, for level 0 only
  std::vector<int64_t> trace;            // rotations whose sums leave the slots' subring, at the top level (sparse)
  std::vector<Transform> coeff_to_slot;
  int conjugation_level = 0;  // of EvalMod's input
  scheme::KeyShape conjugation_shape;
  double split_scale = 1;   // of EvalMod's input
  PolynomialPlan eval_mod;  // from t_k / (q_0 * half range) to sin(2 pi t_k / q_0)
  scheme::KeyShape relinearization_shape;
  std::vector<Transform> slot_to_coeff;
  // Sparse packing: after the first stage of SlotToCoeff real and imaginary parts are added by this rotation, 0: full.
  int64_t join = 0;
  scheme::KeyShape join_shape;

  double half_range = 1;    // of the cosine's argument t / q_0 - 1/4
  double log2_failure = 0;  // see FailureProbability

  // Without duplicates, in the order of first use.
  std::vector<BootstrapKey> keys;

  bool full() const { return join == 0; }
};

// log2 of an upper bound on the probability that any of `coefficients` coefficients of I exceeds `range`. A
// ciphertext's second polynomial is uniform modulo q_0, so a coefficient of its product with a ternary secret of this
// weight, over q_0, is a sum of as many independent numbers uniform in [-1/2, 1/2], and I is that sum rounded;
// Chernoff's bound for one, times their number.
double FailureProbability(int weight, int range, double coefficients);

}  // namespace keymemrt::circuit
