// SPDX-License-Identifier: Apache-2.0
//
// The law of encoding.h, for every encoding: what is in the domain comes back within the stated bound, what is outside
// is refused.
#include "lattice/encoding/encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>

#include "lattice/encoding/bit_field_encoding.h"
#include "lattice/encoding/canonical_encoding.h"
#include "lattice/encoding/coefficient_encoding.h"
#include "lattice/encoding/evaluation_encoding.h"
#include "lattice/encoding/plaintext_test.h"
#include "lattice/encoding/residue_number_system.h"

namespace keymemrt::lattice {
namespace {

static_assert(Encoding<CanonicalEncoding>);
static_assert(Encoding<CoefficientEncoding>);
static_assert(Encoding<EvaluationEncoding>);
static_assert(Encoding<BitFieldEncoding>);
static_assert(Encoding<ResidueNumberSystem>);

class EncodingTest : public PlaintextTest {
 protected:
  // The largest difference of entries; nothing when `back` has fewer of them or one is not a number.
  static std::optional<double> Distance(const std::vector<double>& x, const std::vector<double>& back) {
    double worst = 0;
    if (back.size() < x.size()) return {};
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::isnan(back[i])) return {};
      worst = std::max(worst, std::abs(x[i] - back[i]));
    }
    return worst;
  }
  static std::optional<double> Distance(const std::vector<uint64_t>& x, const std::vector<uint64_t>& back) {
    if (back.size() < x.size() || !std::equal(x.begin(), x.end(), back.begin())) return {};
    return 0;
  }
  static std::optional<double> Distance(const BigInteger& x, const BigInteger& back) {
    return std::abs((x - back).ToDouble());
  }

  template <Encoding E>
  void Check(const E& encoding, const std::vector<typename E::Cleartext>& inside,
             const std::vector<typename E::Cleartext>& outside) {
    EXPECT_FALSE(encoding.Domain().empty());
    for (const auto& x : inside) {
      const auto encoded = encoding.Encode(x);
      ASSERT_TRUE(encoded.ok()) << encoded.status().message();
      const auto back = encoding.Decode(*encoded);
      ASSERT_TRUE(back.ok()) << back.status().message();
      const std::optional<double> distance = Distance(x, *back);
      ASSERT_TRUE(distance.has_value());
      EXPECT_LE(*distance, encoding.ErrorBound(x));
    }
    for (const auto& x : outside) {
      const auto encoded = encoding.Encode(x);
      ASSERT_FALSE(encoded.ok()) << encoding.Domain();
      EXPECT_EQ(encoded.status().code(), ErrorCode::kInvalidArgument);
    }
  }

  // Vectors of every length from 1 to `most` in powers of two, entries by `draw`.
  template <typename Draw>
  auto Vectors(size_t most, Draw draw) {
    std::vector<std::vector<decltype(draw(random_))>> vectors;
    for (size_t length = 1; length <= most; length *= 2) {
      auto& vector = vectors.emplace_back(length);
      for (auto& entry : vector) entry = draw(random_);
    }
    return vectors;
  }

  std::mt19937_64 random_{1};
};

TEST_F(EncodingTest, CanonicalEmbedding) {
  const Encoder encoder(context_);
  for (const double scale : {0x1p20, 1e9, 0x1p50}) {
    for (const int level : {0, 3}) {
      Check(
          *CanonicalEncoding::Create(context_, encoder, pool_, level, scale),
          Vectors(context_.n() / 2, [](auto& random) { return std::uniform_real_distribution<double>(-4, 4)(random); }),
          {{}, {1, 2, 3}, {HUGE_VAL}, {1e200}});
    }
  }
}

TEST_F(EncodingTest, Coefficients) {
  for (const double scale : {1.0, 0x1p20, 1e9, 0x1p50}) {
    for (const int level : {0, 3}) {
      Check(
          *CoefficientEncoding::Create(context_, pool_, level, scale),
          Vectors(context_.n(), [](auto& random) { return std::uniform_real_distribution<double>(-400, 400)(random); }),
          {std::vector<double>(context_.n() + 1), {HUGE_VAL}, {1e200}});
    }
  }
}

TEST_F(EncodingTest, Evaluations) {
  for (const uint64_t t : {uint64_t{12289}, uint64_t{65537}}) {
    for (const int level : {0, 3}) {
      Check(*EvaluationEncoding::Create(context_, pool_, t, level, 0x1p30),
            Vectors(context_.n(), [t](auto& random) { return random() % t; }),
            {std::vector<uint64_t>(context_.n() + 1), {t}});
    }
  }
}

TEST_F(EncodingTest, BitFields) {
  for (const int width : {1, 8, 40}) {
    for (const int level : {0, 3}) {
      Check(*BitFieldEncoding::Create(context_, pool_, {.start = 50, .width = width}, level),
            Vectors(context_.n(), [width](auto& random) { return random() >> (64 - width); }),
            {std::vector<uint64_t>(context_.n() + 1), {uint64_t{1} << width}});
    }
  }
}

TEST_F(EncodingTest, Residues) {
  const std::vector<uint64_t> moduli = *scheme::FindNttPrimes(55, 10, 6);
  const auto system = ResidueNumberSystem::Create(moduli, ResidueNumberSystem::Range::kSigned);
  std::vector<BigInteger> inside;
  for (int i = 0; i < 100; ++i) {
    std::vector<uint64_t> words(static_cast<size_t>(i % 6));
    for (uint64_t& word : words) word = random_();
    inside.emplace_back(words, i % 2 == 1);
  }
  Check(*system, inside, {system->product(), -system->product()});
}

}  // namespace
}  // namespace keymemrt::lattice
