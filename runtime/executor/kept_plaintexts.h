// SPDX-License-Identifier: Apache-2.0
//
// The plaintexts that stay in memory between the operations that encode them, as the policy says.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "lattice/encoding/encoder.h"
#include "runtime/plan/policy.h"

namespace keymemrt::runtime {

class KeptPlaintexts {
 public:
  // `policy` must outlive the object.
  explicit KeptPlaintexts(const Policy& policy) : policy_(policy), kept_(policy.plaintext_slots.size()) {}

  // By row: whether its plaintext will be there, so that nobody need encode it.
  static std::vector<bool> Found(const Policy& policy) {
    std::vector<bool> found;
    for (const PlaintextRule& rule : policy.plaintexts) found.push_back(rule.found);
    return found;
  }

  // Before an operation; all of them, in order. Gives up what the policy gives up before it; the result is what it
  // gives up of keys then.
  std::span<const planner::Eviction> Begin(size_t op) {
    if (next_ == policy_.releases.size() || policy_.releases[next_].op != op) return {};
    const Release& release = policy_.releases[next_++];
    for (uint32_t i = release.gone_begin; i < release.gone_end; ++i) kept_[policy_.plaintexts_gone[i]] = {};
    return std::span(policy_.evictions)
        .subspan(release.evictions_begin, release.evictions_end - release.evictions_begin);
  }

  // Whether the row's coefficients were kept; they are the caller's then, until Done.
  bool Take(size_t row, lattice::RoundedCoefficients& coefficients) {
    const PlaintextRule* const rule = RuleOf(row);
    if (rule == nullptr || kept_[rule->plaintext].pieces.limbs() == 0) return false;
    coefficients = std::move(kept_[rule->plaintext]);
    ++taken_;
    return true;
  }
  // After the operation: keeps them, or not. Numbers that are larger than was planned for take more slots: not them.
  void Done(size_t row, lattice::RoundedCoefficients coefficients) {
    const PlaintextRule* const rule = RuleOf(row);
    if (rule == nullptr || !rule->keep) return;
    if (static_cast<uint32_t>(coefficients.pieces.limbs()) > policy_.plaintext_slots[rule->plaintext]) return;
    coefficients.pieces.SetClass(MemoryClass::kPlaintexts);
    kept_[rule->plaintext] = std::move(coefficients);
  }

  uint64_t taken() const { return taken_; }

 private:
  const PlaintextRule* RuleOf(size_t row) const {
    const bool kept = row < policy_.plaintexts.size() && policy_.plaintexts[row].plaintext != program::kNone;
    return kept ? &policy_.plaintexts[row] : nullptr;
  }

  const Policy& policy_;
  std::vector<lattice::RoundedCoefficients> kept_;  // by plaintext; without limbs: it is not there
  size_t next_ = 0;                                 // of the policy's releases
  uint64_t taken_ = 0;
};

}  // namespace keymemrt::runtime
