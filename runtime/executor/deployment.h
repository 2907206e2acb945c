// SPDX-License-Identifier: Apache-2.0
//
// For tests: a program with its keys made and its input encrypted, ready to run.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "program/cleartext.h"
#include "program/testing/builder.h"
#include "runtime/client/client.h"
#include "runtime/format/temporary_directory.h"
#include "runtime/keygen/keygen.h"
#include "runtime/plan/trace.h"
#include "runtime/service/service.h"

namespace keymemrt::runtime {

inline constexpr uint64_t kWeightSeed = 7;
inline constexpr uint64_t kInputSeed = 8;

class RandomWeights : public WeightSource {
 public:
  Status Row(uint32_t weight, uint32_t row, std::span<double> out) override {
    program::RandomWeightRow(kWeightSeed, weight, row, out);
    return Status();
  }
};

class Deployment {
 public:
  explicit Deployment(program::Program program)
      : program_(std::move(program)), inputs_(program::RandomInputs(program_, kInputSeed)) {
    const auto report = GenerateKeys(program_, client(), keys());
    EXPECT_TRUE(report.ok()) << report.status().message();
    const Status status = EncryptInputs(program_, client(), inputs_, input());
    EXPECT_TRUE(status.ok()) << status.message();
  }

  struct Options {
    Mode mode = Mode::kPlanned;
    int threads = 0;
    uint64_t budget_bytes = 0;
    Recorder* recorder = nullptr;
    std::shared_ptr<ReadQueue> reads = nullptr;
    std::function<void(const std::string& what)> waiting = nullptr;
  };
  // In a service of its own.
  Result<Stats> Run(const Options& options) { return RunWith(options, &weights_, keys(), input()); }
  Result<Stats> RunWith(const Options& options, WeightSource* weights, const std::string& keys,
                        const std::string& input) {
    KMRT_ASSIGN_OR_RETURN(
        const auto service,
        Service::Create(program_, weights,
                        {.threads = options.threads, .budget_bytes = options.budget_bytes, .reads = options.reads}));
    KMRT_ASSIGN_OR_RETURN(
        const auto session,
        service->Open(keys, {.mode = options.mode, .waiting = options.waiting, .recorder = options.recorder}));
    return session->RunFiles(input, output());
  }
  // The largest difference between the decrypted outputs and the cleartext's.
  double WorstError() {
    const auto outputs = DecryptOutputs(program_, client(), output());
    EXPECT_TRUE(outputs.ok()) << outputs.status().message();
    const auto expected = program::EvaluateCleartext(
        program_, inputs_,
        [this](uint32_t index, uint32_t row, std::span<double> out) { return weights_.Row(index, row, out); });
    EXPECT_TRUE(expected.ok()) << expected.status().message();
    EXPECT_FALSE(expected->outgrowth) << expected->outgrowth->message;
    double worst = 0;
    for (size_t i = 0; i < outputs->size(); ++i) {
      EXPECT_EQ((*outputs)[i].size(), expected->outputs[i].size());
      for (size_t j = 0; j < (*outputs)[i].size(); ++j) {
        worst = std::max(worst, std::abs((*outputs)[i][j] - expected->outputs[i][j]));
      }
    }
    return worst;
  }

  const program::Program& program() const { return program_; }
  RandomWeights& weights() { return weights_; }
  scheme::Parameters parameters() const { return program_.CheckedParameters().value(); }
  planner::Trace Trace(int threads) const { return MakeTrace(program_, parameters(), threads); }
  std::string client() const { return directory_ / "client"; }
  std::string keys() const { return directory_ / "keys"; }
  std::string input() const { return directory_ / "x.ct"; }
  std::string output() const { return directory_ / "y.ct"; }
  const TemporaryDirectory& directory() const { return directory_; }

 private:
  program::Program program_;
  TemporaryDirectory directory_;
  RandomWeights weights_;
  std::vector<std::vector<double>> inputs_;
};

inline program::Program TestProgram(uint64_t seed) {
  return program::RandomProgram(seed, {.log_n = seed % 2 == 0 ? 10 : 11,
                                       .levels = 3,
                                       .special_primes = 1 + static_cast<int>(seed % 3),
                                       .steps = 24,
                                       .merge_window = static_cast<uint32_t>(seed % 4) * 4,
                                       .transforms = seed % 3 == 0});
}

}  // namespace keymemrt::runtime
