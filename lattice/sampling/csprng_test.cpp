// SPDX-License-Identifier: Apache-2.0
#include "lattice/sampling/csprng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace keymemrt::lattice {
namespace {

// Chi-square of observed counts against probabilities.
double ChiSquare(const std::map<int, size_t>& counts, const std::map<int, double>& probabilities, double total) {
  double sum = 0;
  for (const auto& [value, probability] : probabilities) {
    const auto found = counts.find(value);
    const double expected = probability * total, seen = found == counts.end() ? 0 : static_cast<double>(found->second);
    sum += (seen - expected) * (seen - expected) / expected;
  }
  return sum;
}

std::map<int, size_t> Count(std::span<const int8_t> values) {
  std::map<int, size_t> counts;
  for (const int8_t value : values) ++counts[value];
  return counts;
}

TEST(AesCtr, IsTheKeystreamOfNist) {
  // NIST SP 800-38A, F.5.1: the keystream is the listed output blocks.
  const std::array<uint8_t, 16> key = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                       0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
  std::array<uint8_t, 16> counter;
  for (size_t i = 0; i < 16; ++i) counter[i] = static_cast<uint8_t>(0xf0 + i);
  const std::array<uint8_t, 20> expected = {0xec, 0x8c, 0xdf, 0x73, 0x98, 0x60, 0x7c, 0xb0, 0xf2, 0xd2,
                                            0x16, 0x75, 0xea, 0x9e, 0xa1, 0xe4, 0x36, 0x2b, 0x7c, 0x3c};
  AesCtr stream(key, counter);
  std::array<uint8_t, 20> out;
  stream.Keystream(std::span(out).first(7));
  stream.Keystream(std::span(out).subspan(7));
  EXPECT_EQ(out, expected);
  stream.Seek(counter);
  stream.Keystream(out);
  EXPECT_EQ(out, expected);
}

TEST(Csprng, SystemStreamsDiffer) {
  Csprng a = *Csprng::FromSystem(), b = *Csprng::FromSystem();
  std::array<uint8_t, 64> x{}, y{}, z{};
  a.Fill(x);
  a.Fill(y);
  b.Fill(z);
  EXPECT_NE(x, y);
  EXPECT_NE(x, z);
}

TEST(Samplers, TernaryIsUniform) {
  Csprng random({1});
  std::vector<int8_t> values(300000);
  SampleTernary(random, values);
  const auto counts = Count(values);
  ASSERT_EQ(counts.size(), 3u);
  const std::map<int, double> probabilities = {{-1, 1 / 3.0}, {0, 1 / 3.0}, {1, 1 / 3.0}};
  EXPECT_LT(ChiSquare(counts, probabilities, 300000), 18.4);  // 2 degrees of freedom: 1e-4
}

TEST(Samplers, GaussianHasItsShapeAndBound) {
  Csprng random({2});
  std::vector<int8_t> values(2000001);  // not a multiple of the sampler's block
  SampleGaussian(random, values);
  const double total = static_cast<double>(values.size());
  double mean = 0, square = 0, fourth = 0;
  for (const int8_t x : values) {
    ASSERT_LE(std::abs(x), kErrorBound);
    mean += x;
    square += static_cast<double>(x * x);
    fourth += std::pow(static_cast<double>(x), 4);
  }
  EXPECT_NEAR(mean / total, 0, 5 * kErrorDeviation / std::sqrt(total));
  EXPECT_NEAR(std::sqrt(square / total), kErrorDeviation, 0.01);
  EXPECT_NEAR(fourth / total / std::pow(kErrorDeviation, 4), 3, 0.03);

  std::map<int, double> probabilities;
  double sum = 0;
  for (int x = -kErrorBound; x <= kErrorBound; ++x) sum += std::exp(-x * x / (2 * kErrorDeviation * kErrorDeviation));
  for (int x = -14; x <= 14; ++x) probabilities[x] = std::exp(-x * x / (2 * kErrorDeviation * kErrorDeviation)) / sum;
  EXPECT_LT(ChiSquare(Count(values), probabilities, total), 63.0);  // 28 degrees of freedom: 2e-4
}

TEST(Samplers, DependOnTheirStreamAlone) {
  Csprng a({3}), b({3}), c({4});
  std::vector<int8_t> x(4096), y(4096), z(4096);
  SampleGaussian(a, x);
  SampleGaussian(b, y);
  SampleGaussian(c, z);
  EXPECT_EQ(x, y);
  EXPECT_NE(x, z);
}

TEST(SampleSparseTernary, PlacesAndSignsAreUniform) {
  Csprng random(std::array<uint8_t, 16>{9});
  constexpr int kWeight = 24, kRuns = 4096;
  std::vector<int8_t> out(64);
  std::map<int, size_t> places;
  size_t positive = 0;
  for (int run = 0; run < kRuns; ++run) {
    SampleSparseTernary(random, kWeight, out);
    ASSERT_EQ(std::count(out.begin(), out.end(), 0), 64 - kWeight);
    for (int i = 0; i < 64; ++i) {
      if (out[static_cast<size_t>(i)] == 0) continue;
      ++places[i];
      positive += out[static_cast<size_t>(i)] == 1;
    }
  }
  std::map<int, double> uniform;
  for (int i = 0; i < 64; ++i) uniform[i] = 1.0 / 64;
  EXPECT_LT(ChiSquare(places, uniform, kWeight * kRuns), 112);  // 63 degrees of freedom: 1e-4
  EXPECT_NEAR(static_cast<double>(positive), kWeight * kRuns / 2.0, 4 * std::sqrt(kWeight * kRuns) / 2);
}

}  // namespace
}  // namespace keymemrt::lattice
