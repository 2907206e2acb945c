// SPDX-License-Identifier: Apache-2.0
//
// EvalBootstrap at its fastest setting here: N=2^16, full packing, level budget {3,3}, sparse ternary secret, 26 limbs
// of 59 bits, 3 digits (log2(QP) of about 2075: below 128 bits of security).
//
//   openfhe_bootstrap REPETITIONS
//
// Prints {"seconds": [..], "levels_left": .., "mean_error": .., "worst_error": .., "peak_rss_bytes": ..}. The number of
// threads is OMP_NUM_THREADS.
#include <malloc.h>
#include <sys/resource.h>

#include <openfhe.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr uint32_t kLogN = 16, kDepth = 25, kDigits = 3;

void Run(int repetitions) {
  lbcrypto::CCParams<lbcrypto::CryptoContextCKKSRNS> parameters;
  parameters.SetSecurityLevel(lbcrypto::HEStd_NotSet);
  parameters.SetSecretKeyDist(lbcrypto::SPARSE_TERNARY);
  parameters.SetRingDim(uint32_t{1} << kLogN);
  parameters.SetMultiplicativeDepth(kDepth);
  parameters.SetFirstModSize(60);
  parameters.SetScalingModSize(59);
  parameters.SetScalingTechnique(lbcrypto::FLEXIBLEAUTO);
  parameters.SetKeySwitchTechnique(lbcrypto::HYBRID);
  parameters.SetNumLargeDigits(kDigits);
  const auto context = lbcrypto::GenCryptoContext(parameters);
  for (const auto feature :
       {lbcrypto::PKE, lbcrypto::KEYSWITCH, lbcrypto::LEVELEDSHE, lbcrypto::ADVANCEDSHE, lbcrypto::FHE}) {
    context->Enable(feature);
  }
  const uint32_t slots = uint32_t{1} << (kLogN - 1);
  context->EvalBootstrapSetup({3, 3}, {0, 0}, slots);
  const auto keys = context->KeyGen();
  context->EvalMultKeyGen(keys.secretKey);
  context->EvalBootstrapKeyGen(keys.secretKey, slots);

  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::vector<double> values(slots);
  for (double& value : values) value = uniform(random);
  const auto plaintext = context->MakeCKKSPackedPlaintext(values, 1, kDepth - 1);
  const auto ciphertext = context->Encrypt(keys.publicKey, plaintext);

  std::string seconds;
  double mean = 0, worst = 0;
  uint32_t left = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto refreshed = context->EvalBootstrap(ciphertext);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds += (i ? ", " : "") + std::to_string(taken.count());
    left = kDepth - refreshed->GetLevel() - (refreshed->GetNoiseScaleDeg() - 1);
    lbcrypto::Plaintext result;
    context->Decrypt(keys.secretKey, refreshed, &result);
    result->SetLength(slots);
    mean = worst = 0;
    const auto decrypted = result->GetRealPackedValue();
    for (uint32_t j = 0; j < slots; ++j) {
      const double error = std::abs(decrypted[j] - values[j]);
      mean += error / slots;
      worst = std::max(worst, error);
    }
  }
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"seconds\": [%s], \"levels_left\": %u, \"mean_error\": %g, \"worst_error\": %g, \"peak_rss_bytes\": %ld}\n",
      seconds.c_str(), left, mean, worst, usage.ru_maxrss * 1024L);
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc == 2 ? std::atoi(argv[1]) : 0;
  if (repetitions < 1) {
    std::fprintf(stderr, "usage: openfhe_bootstrap REPETITIONS (a number from 1 up)\n");
    return 2;
  }
  // Memory is kept, as in openfhe_bench: faster for OpenFHE.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  try {
    Run(repetitions);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "openfhe_bootstrap: %s\n", error.what());
    return 1;
  }
}
