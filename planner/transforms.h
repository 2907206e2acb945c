// SPDX-License-Identifier: Apache-2.0
//
// The choice of keys of a program's linear transforms and rotations as a problem of key_set.h: which forms, baby steps
// and key shapes there are for each, and what each takes on a machine.
#pragma once

#include <vector>

#include "base/status.h"
#include "circuit/linear_transform_plan.h"
#include "planner/key_set.h"
#include "planner/machine.h"
#include "scheme/key_shape.h"
#include "scheme/parameters.h"

namespace keymemrt::planner {

// A place of a program that uses rotation keys, or several alike: what happens there, and at which level.
struct KeySite {
  enum class Kind : uint8_t { kTransform, kRotation, kRelinearization } kind = Kind::kTransform;
  std::vector<int64_t> indices;  // of a transform's diagonals; of a rotation its shift; else none
  int level = 0;
  // Whether keys of a shape of their own may serve it (scheme/key_shape.h).
  bool shaped = true;

  bool operator==(const KeySite&) const = default;
};

// How a site may be carried out.
struct KeyWay {
  circuit::LinearTransformForm form = circuit::LinearTransformForm::kBabyStepGiantStep;  // of a transform
  int64_t baby_step = 0;                                                                 // of a transform
  scheme::KeyShape shape;                                                                // of all its keys
  std::vector<int64_t> shifts;  // of all its key switches but a relinearization, in order

  bool operator==(const KeyWay&) const = default;
};

struct KeyChoiceModel {
  KeySetProblem problem;                  // demand d is site d
  std::vector<std::vector<KeyWay>> ways;  // by site and candidate
  std::vector<scheme::KeyId> keys;        // by key
};

// The largest number of key switches that a transform of so many diagonals is given where any form does with fewer:
// 3 ceil(sqrt(diagonals)) + 3, half more than dense diagonals take when rotations are to be few.
int MostKeySwitches(size_t diagonals);

// `steps`: which site is executed when (KeySetStep::demand is a site); fixed_bytes and the like of the problem are left
// to the caller. Memory of a transform is by its main terms: blocks, digits, the key switch at work. Rotations may be
// made of two whose keys another site may have. kInvalidArgument: a site without indices, a level that there is not.
Result<KeyChoiceModel> ModelKeyChoice(const scheme::Parameters& parameters, const scheme::SecretDistribution& secret,
                                      const std::vector<KeySite>& sites, const std::vector<KeySetStep>& steps,
                                      const Machine& machine, int threads);

}  // namespace keymemrt::planner
