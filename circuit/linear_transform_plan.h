// SPDX-License-Identifier: Apache-2.0
//
// How a linear transform y = sum_r diagonal_r (*) rotl(x, i_r) is carried out: which rotations, in which order, with
// which keys. Pure arithmetic on indices; lattice/linear executes it.
//
// Every index is split as i = baby + giant modulo N/2, so that
//   y = sum_giant rotl( sum_baby rotr(diagonal, giant) (*) rotl(x, baby), giant ):
// the input is rotated once for each baby and the sum of each giant, its *block*, once (Shanks' baby-step giant-step;
// Halevi, Shoup, "Algorithms in HElib", 2014).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace keymemrt::circuit {

enum class LinearTransformForm : uint8_t {
  // Babies share one decomposition; every rotation is a whole one. The plain reference.
  kBabyStepGiantStep,
  // Babies and blocks stay modulo QP: one ModDown of one polynomial per giant, two at the end (Bossuat et al. 2021,
  // Algorithm 6).
  kDoubleHoisted,
  // Babies as in kDoubleHoisted; giants by sum = rotl(sum, gap) + block, from the last block to the first, the gap
  // being
  // that between the two blocks: no more rotations than kDoubleHoisted has, and a key for each different gap. That is
  // one where giants are equally far apart, and two where groups of such giants are: a convolution's giants are rows
  // of the kernel within blocks of channels.
  kHorner,
  // Giants by one key, a chain as in kHorner that also stops where there is no block; babies by one key too, each from
  // the one before: no hoisting, two keys (a third where the indices do not begin at 0 and it saves rotations).
  kMinimumKey,
};
inline constexpr LinearTransformForm kLinearTransformForms[] = {
    LinearTransformForm::kBabyStepGiantStep, LinearTransformForm::kDoubleHoisted, LinearTransformForm::kHorner,
    LinearTransformForm::kMinimumKey};
std::string_view ToString(LinearTransformForm form);  // "bsgs", "double_hoisted", "horner", "minimum_key"

// One step of carrying out a plan: at most one key switch, so that whoever manages keys and memory decides between
// any two of them.
struct LinearTransformStep {
  enum class Kind : uint8_t {
    kBegin,   // decomposes the input, where babies are hoisted
    kBaby,    // rotates the input and adds its products to the blocks
    kGiant,   // rotates and adds a block
    kFinish,  // divides by P what is left to divide
  };
  Kind kind;
  int64_t shift = 0;  // of the key switch; 0: the step takes no key
  // kBaby: of `babies`, whose terms are multiplied; kGiant: of `giants`, whose block joins the sum; -1: none, a chain
  // only moves on.
  int index = -1;

  bool operator==(const LinearTransformStep&) const = default;
};

struct LinearTransformPlan {
  // `indices`: one rotation per row, of any sign and size, taken modulo `slots` (N/2), in any order; rows of equal
  // index are added. `baby_step`: the difference between neighbouring giants, chosen for speed when 0.
  // kInvalidArgument: no indices, `slots` not a power of two, a negative baby step.
  static Result<LinearTransformPlan> Make(std::span<const int64_t> indices, int64_t slots, LinearTransformForm form,
                                          int64_t baby_step = 0);

  // Row `row` belongs to babies[baby] and giants[giant].
  struct Term {
    size_t row;
    int baby, giant;
  };

  LinearTransformForm form;
  int64_t slots;
  int64_t baby_step;
  std::vector<int64_t> babies, giants;  // rotations in [0, slots), in the order in which they are made
  std::vector<Term> terms;              // by baby, then giant, then row

  // kMinimumKey: the input is first rotated by `start`, then by `baby_unit` from one baby to the next.
  int64_t start = 0, baby_unit = 0;
  // kMinimumKey: every giant is a multiple of this.
  int64_t giant_unit = 0;

  // kBegin; a kBaby each, in kMinimumKey one a rotation; the kGiants, first that whose block is not rotated; kFinish.
  //   kBaby: blocks of the terms' giants += diagonals (*) rotl(input, shift); kMinimumKey: the input is what the kBaby
  //     before left of it, rotated.
  //   kGiant: kBabyStepGiantStep, kDoubleHoisted: sum += rotl(block, shift); chains: sum = rotl(sum, shift) + block.
  std::vector<LinearTransformStep> steps;
  std::vector<int64_t> rotations;  // the shift of every key switch, in order: the trace of key uses
  std::vector<int64_t> keys;       // the different ones, ascending: the rotation keys that must be there
  // Polynomials decomposed into digits, and polynomials divided by P.
  int mod_ups = 0, mod_downs = 0;

  int key_switches() const { return static_cast<int>(rotations.size()); }
  // Whether blocks are sums modulo QP. Not where the only baby is 0: then there is nothing to divide.
  bool ExtendedBlocks() const;
};

}  // namespace keymemrt::circuit
