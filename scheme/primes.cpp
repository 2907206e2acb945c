// SPDX-License-Identifier: Apache-2.0
//
// Word-sized primes for the number-theoretic transform.
#include <algorithm>

#include "scheme/parameters.h"

namespace keymemrt::scheme {

namespace {
__extension__ typedef unsigned __int128 Wide;

uint64_t MulMod(uint64_t a, uint64_t b, uint64_t m) { return static_cast<uint64_t>(static_cast<Wide>(a) * b % m); }

uint64_t PowMod(uint64_t base, uint64_t exponent, uint64_t m) {
  uint64_t result = 1;
  for (base %= m; exponent != 0; exponent >>= 1) {
    if (exponent & 1) result = MulMod(result, base, m);
    base = MulMod(base, base, m);
  }
  return result;
}
}  // namespace

bool IsPrime(uint64_t n) {
  constexpr uint64_t kBases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (n < 2) return false;
  for (const uint64_t p : kBases) {
    if (n % p == 0) return n == p;
  }
  uint64_t odd = n - 1;
  int twos = 0;
  for (; odd % 2 == 0; odd /= 2) ++twos;
  for (const uint64_t base : kBases) {
    uint64_t x = PowMod(base, odd, n);
    if (x == 1 || x == n - 1) continue;
    bool witness = true;
    for (int i = 1; i < twos && witness; ++i) {
      x = MulMod(x, x, n);
      witness = x != n - 1;
    }
    if (witness) return false;
  }
  return true;
}

Result<std::vector<uint64_t>> FindNttPrimes(int bits, int log_n, size_t count, const std::vector<uint64_t>& taken) {
  const uint64_t step = uint64_t{2} << log_n;
  std::vector<uint64_t> primes;
  if (bits > log_n + 1 && bits <= 61) {
    const uint64_t bottom = uint64_t{1} << (bits - 1);
    for (uint64_t c = (uint64_t{1} << bits) - step + 1; c > bottom && primes.size() < count; c -= step) {
      if (IsPrime(c) && std::find(taken.begin(), taken.end(), c) == taken.end()) primes.push_back(c);
    }
  }
  if (primes.size() < count) {
    return InvalidArgument("there are only {} primes of {} bits that are 1 mod 2N for N=2^{}, {} wanted", primes.size(), bits,
                           log_n, count);
  }
  return primes;
}

}  // namespace keymemrt::scheme
