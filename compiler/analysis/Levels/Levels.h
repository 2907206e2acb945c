// SPDX-License-Identifier: Apache-2.0
// Levels and exact scales: where they are written in the IR, and the types that go with them.
//
// The input's types are not believed; infer-levels-and-scales writes a fact beside every ciphertext
// and plaintext (the discardable attributes kmrt.level and kmrt.scale of its op or function
// argument) and rewrites the types to agree.
#pragma once

#include "compiler/dialect/CKKS/CKKS.h"
#include "mlir/IR/BuiltinOps.h"

#include <algorithm>
#include <optional>

namespace keymemrt::compiler {

inline constexpr llvm::StringLiteral kLevelName = "kmrt.level";
inline constexpr llvm::StringLiteral kScaleName = "kmrt.scale";
/// Of a linear transform: its form, and the distance of its giants.
inline constexpr llvm::StringLiteral kFormName = "kmrt.form";
inline constexpr llvm::StringLiteral kBabyStepName = "kmrt.baby_step";
/// Of an operation that needs a key: the ckks.key_shape that the key is to have.
inline constexpr llvm::StringLiteral kKeyShapeName = "kmrt.key_shape";

/// Level l: the value is modulo q_0 * ... * q_l. Scale: the factor between message and encoding,
/// not its logarithm.
struct Fact {
  int64_t level;
  double scale;
};

/// The fact written beside `value`, if any.
std::optional<Fact> getFact(mlir::Value value);

/// Copies the fact of `from`'s op to `to`.
void copyFact(mlir::Operation *from, mlir::Operation *to);

/// Whether two scales differ by rounding errors only (2^-40 of their size; the evaluator allows
/// 2^-30).
bool sameScale(double a, double b);

/// The modulus chain and default scale of a module.
class Chain {
public:
  /// Emits an error at the module when it has no parameters.
  static mlir::FailureOr<Chain> get(mlir::ModuleOp module);
  /// The same for the module around `op`.
  static mlir::FailureOr<Chain> getAround(mlir::Operation *op);

  int64_t topLevel() const { return static_cast<int64_t>(param.getQ().size()) - 1; }
  /// What the program's inputs and the results of bootstraps are at: below the bootstrap circuit's
  /// own levels, where there are any.
  int64_t residualTop() const {
    return bootstrap ? std::min<int64_t>(bootstrap.getTargetLevel(), topLevel()) : topLevel();
  }
  int64_t slots() const { return int64_t{1} << (param.getLogN() - 1); }
  double defaultScale() const;
  /// What a rescale at `level` divides by: q_level. At level 0 and below there is none left; an
  /// inference goes on with the default scale, to count how many levels are missing.
  double prime(int64_t level) const;
  /// log2(q_0 * ... * q_level); 0 below level 0.
  double logQ(int64_t level) const;

  /// Whether a message of a few bits has room at this scale: half of the modulus is for the sign.
  bool fits(Fact fact) const;
  /// Whether a rescale of a value with this fact leaves at least half of the default scale. At
  /// level 0, where none is possible, only what does not fit asks for one.
  bool isRescaleDue(Fact fact) const;
  /// The plaintext scale for which multiplication and rescale end at the default scale.
  double returningScale(Fact fact) const { return defaultScale() * prime(fact.level) / fact.scale; }
  Fact multiplied(Fact fact, double scale) const { return {fact.level, fact.scale * scale}; }
  Fact rescaled(Fact fact) const { return {fact.level - 1, fact.scale / prime(fact.level)}; }

  /// The ring of ciphertexts at `level`: Z[x]/(1 + x^N) modulo q_0 .. q_level.
  polynomial::RingAttr getRing(int64_t level) const;
  /// `like` with the ring, chain and rounded log2 scale of `fact`; its size and key stay.
  lwe::CiphertextType getType(lwe::CiphertextType like, Fact fact) const;
  lwe::PlaintextType getPlaintextType(polynomial::RingAttr ring, double scale) const;
  lwe::InverseCanonicalEncodingAttr getEncoding(double scale) const;

  /// Writes `fact` beside `value` and into its type. The caller updates the function's type for
  /// arguments.
  void setFact(mlir::Value value, Fact fact) const;

private:
  Chain(ckks::SchemeParamAttr param, ckks::BootstrapAttr bootstrap)
      : param(param), bootstrap(bootstrap) {}
  ckks::SchemeParamAttr param;
  ckks::BootstrapAttr bootstrap; // or null
};

} // namespace keymemrt::compiler
