// SPDX-License-Identifier: Apache-2.0
#include "lattice/encoding/big_integer.h"

#include <gmpxx.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace keymemrt::lattice {
namespace {

mpz_class Gmp(const BigInteger& x) {
  mpz_class value;
  mpz_import(value.get_mpz_t(), x.magnitude().size(), -1, 8, 0, 0, x.magnitude().data());
  return x.negative() ? mpz_class(-value) : value;
}

// Random numbers of 0 to 6 words of both signs, and those at the edges of words.
std::vector<BigInteger> Samples() {
  std::mt19937_64 random(1);
  std::vector<BigInteger> samples;
  for (size_t words = 0; words <= 6; ++words) {
    for (const bool negative : {false, true}) {
      std::vector<uint64_t> edge(words, 0);
      samples.emplace_back(std::vector<uint64_t>(words, ~uint64_t{0}), negative);
      if (words > 0) edge.back() = 1;
      samples.emplace_back(edge, negative);
      for (int i = 0; i < 4; ++i) {
        for (uint64_t& word : edge) word = random();
        if (words > 0) edge.back() >>= random() % 64;
        samples.emplace_back(edge, negative);
      }
    }
  }
  return samples;
}

TEST(BigInteger, TextIsGmps) {
  for (const BigInteger& x : Samples()) {
    EXPECT_EQ(x.ToString(), Gmp(x).get_str());
    EXPECT_EQ(*BigInteger::Parse(x.ToString()), x);
    const mpz_class magnitude = abs(Gmp(x));
    EXPECT_EQ(*BigInteger::Parse((x.negative() ? "-0x" : "0x") + magnitude.get_str(16)), x);
    EXPECT_EQ(x.bits(), x.magnitude().empty() ? 0 : static_cast<int>(mpz_sizeinbase(magnitude.get_mpz_t(), 2)));
  }
  EXPECT_EQ(*BigInteger::Parse("0xAbC"), BigInteger(0xabc));
  EXPECT_EQ(*BigInteger::Parse("-000"), BigInteger());
}

TEST(BigInteger, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "-", "0x", "-0x", "--1", "+1", " 1", "1 ", "12a", "0xg", "1.5", "1e3"}) {
    const auto result = BigInteger::Parse(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(BigInteger, ArithmeticIsGmps) {
  const std::vector<BigInteger> samples = Samples();
  for (const BigInteger& a : samples) {
    for (const BigInteger& b : samples) {
      EXPECT_EQ(Gmp(a + b), Gmp(a) + Gmp(b));
      EXPECT_EQ(Gmp(a - b), Gmp(a) - Gmp(b));
      EXPECT_EQ(a < b, Gmp(a) < Gmp(b));
      EXPECT_EQ(a == b, Gmp(a) == Gmp(b));
    }
    for (const uint64_t word : {uint64_t{1}, uint64_t{10}, uint64_t{1} << 63, ~uint64_t{0}}) {
      const mpz_class sign = a.negative() ? -1 : 1, w(std::to_string(word));
      BigInteger product = a;
      product.MulAdd(word, 7);
      EXPECT_EQ(Gmp(product), Gmp(a) * w + sign * 7);
      BigInteger quotient = a;
      const uint64_t remainder = quotient.Divide(word);
      EXPECT_EQ(Gmp(quotient), Gmp(a) / w);  // towards zero, as the magnitude rounds down
      EXPECT_EQ(mpz_class(std::to_string(remainder)), abs(Gmp(a)) % w);
    }
    for (const int shift : {0, 1, 63, 64, 65, 128, 500}) {
      BigInteger left = a, right = a;
      left.ShiftLeft(shift);
      right.ShiftRight(shift);
      EXPECT_EQ(Gmp(left), Gmp(a) << shift);
      EXPECT_EQ(Gmp(right), Gmp(a) / (mpz_class(1) << shift));
    }
    for (const uint64_t m : {uint64_t{2}, uint64_t{65537}, uint64_t{1} << 60, (uint64_t{1} << 61) - 1}) {
      mpz_class residue = Gmp(a) % mpz_class(std::to_string(m));
      if (residue < 0) residue += mpz_class(std::to_string(m));
      EXPECT_EQ(mpz_class(std::to_string(a.Mod(Modulus(m)))), residue);
    }
  }
}

TEST(BigInteger, ToDoubleRoundsToNearestEven) {
  std::vector<BigInteger> samples = Samples();
  for (const char* text :
       {"0x20000000000001", "0x20000000000003", "0x200000000000010000000000000000", "0x200000000000010000000000000001",
        "0x20000000000000ffffffffffffffff", "0x3fffffffffffff8000000000000000", "-0x200000000000010000000000000001"}) {
    samples.push_back(*BigInteger::Parse(text));
  }
  for (const BigInteger& x : samples) {
    const double value = x.ToDouble();
    const mpz_class exact = Gmp(x), error = abs(exact - mpz_class(value));
    for (const double other : {std::nextafter(value, HUGE_VAL), std::nextafter(value, -HUGE_VAL)}) {
      const mpz_class other_error = abs(exact - mpz_class(other));
      EXPECT_LE(error, other_error) << x.ToString();
      int exponent;
      const bool odd = std::fmod(std::ldexp(std::frexp(value, &exponent), 53), 2) != 0;
      EXPECT_FALSE(odd && error == other_error) << x.ToString();
    }
  }
  BigInteger huge(1);
  huge.ShiftLeft(1023);
  EXPECT_EQ(huge.ToDouble(), 0x1p1023);
  huge.ShiftLeft(1);
  EXPECT_EQ((-huge).ToDouble(), -std::numeric_limits<double>::infinity());
}

TEST(BigInteger, DivideRoundedIsTheExactQuotientRounded) {
  for (const BigInteger& x : Samples()) {
    for (const double divisor : {1.0, 2.0, 3.0, 0.5, 0.1, 5e-324, 0x1p40, 0x1p60, 1e18 / 7, 0x1.fffffffffffffp200}) {
      const mpq_class quotient = mpq_class(Gmp(x)) / mpq_class(divisor);
      const mpq_class distance = abs(quotient - mpq_class(Gmp(DivideRounded(x, divisor))));
      EXPECT_LE(distance, mpq_class(1, 2)) << x.ToString() << " / " << divisor;
    }
  }
  EXPECT_EQ(DivideRounded(BigInteger(5), 2), BigInteger(3));
  EXPECT_EQ(DivideRounded(-BigInteger(5), 2), -BigInteger(3));
}

}  // namespace
}  // namespace keymemrt::lattice
