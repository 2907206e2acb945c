// SPDX-License-Identifier: Apache-2.0
//
// Programs with a bootstrap, from keys on disk: the same bits in every mode, the cleartext's numbers, the memory
// foretold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "circuit/bootstrap_plan.h"
#include "runtime/executor/deployment.h"
#include "runtime/plan/rows.h"

namespace keymemrt::runtime {
namespace {

using program::Program;
using program::ProgramBuilder;

// The bootstrap of this small ring leaves 22 bits (lattice/bootstrapping); the square of the result doubles its error.
constexpr double kTolerance = 0x1p-18;

struct Case {
  const char* name;
  circuit::LinearTransformForm form;
  int log_slots;
};

// (Bootstrap(x) + x)^2, the input at the top, where the sum takes it at the level of the bootstrapped.
Program BootstrapProgram(const Case& what) {
  ProgramBuilder b(program::BootstrapParameters(10), what.name);
  const int half = what.log_slots / 2;
  const auto plan = circuit::BootstrapPlan::Make(b.parameters(),
                                                 {.log_slots = what.log_slots,
                                                  .target_level = 3,
                                                  .coeff_to_slot = {what.log_slots - half, half},
                                                  .slot_to_coeff = {half, what.log_slots - half},
                                                  .form = what.form},
                                                 b.parameters().default_scale());
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  const uint32_t period = 1u << what.log_slots;
  const uint32_t x = b.Input("x", period, period);
  const uint32_t low = b.LevelReduce(x, 0);
  const uint32_t sum = b.Add(program::Bootstrap(b, *plan, low), b.LevelReduce(x, 3));
  b.Output("y", b.Rescale(b.Relinearize(b.Mul(sum, sum))), period);
  return b.Finish();
}

class BootstrapProgramTest : public testing::TestWithParam<Case> {};

TEST_P(BootstrapProgramTest, EveryModeGivesTheResidentBitsAndTheCleartext) {
  const Program program = BootstrapProgram(GetParam());
  ASSERT_TRUE(program::Verify(program).ok()) << program::Verify(program).message();
  Deployment deployed(program);
  std::vector<std::byte> resident;
  for (const Mode mode : {Mode::kResident, Mode::kPlanned, Mode::kStreaming, Mode::kImperative, Mode::kPrefetch}) {
    for (const int threads : {1, 2}) {
      SCOPED_TRACE(fmt::format("{}, {} threads", ModeName(mode), threads));
      const auto stats = deployed.Run({.mode = mode, .threads = threads});
      ASSERT_TRUE(stats.ok()) << stats.status().message();
      const std::vector<std::byte> bytes = ReadFile(deployed.output()).value();
      if (resident.empty()) {
        resident = bytes;
        EXPECT_LT(deployed.WorstError(), kTolerance);
      }
      EXPECT_EQ(bytes, resident);
      EXPECT_EQ(stats->bootstraps, 1u);
      EXPECT_EQ(stats->key_switches, deployed.Trace(1).uses.size());
      EXPECT_EQ(stats->key_bytes_read, stats->predicted.key_bytes_read);
      // What slots take is foretold from above and within a tenth, rows aside that there was no time to encode ahead.
      // In mode prefetch a whole key may be ahead of its use or nothing, as the disk pleases at the peak: only the
      // upper bound is promised.
      const uint64_t foretold = stats->predicted.peak_bytes - stats->fixed_bytes;
      EXPECT_LE(stats->peak_slot_bytes, foretold);
      if (mode != Mode::kPrefetch) {
        const uint64_t ahead = (kRowsAheadSlots + kRowAtWorkSlots) * deployed.parameters().chunk_bytes();
        EXPECT_LE(foretold, stats->peak_slot_bytes + stats->peak_slot_bytes / 10 + ahead);
      }
    }
  }
  // A budget in between: as much as streaming takes and a fifth of all keys.
  const auto least = deployed.Run({.mode = Mode::kStreaming, .threads = 1});
  const uint64_t budget = least->predicted.peak_bytes + least->key_store_bytes / 5;
  const auto planned = deployed.Run({.mode = Mode::kPlanned, .threads = 1, .budget_bytes = budget});
  ASSERT_TRUE(planned.ok()) << planned.status().message();
  EXPECT_LE(planned->peak_slot_bytes + planned->fixed_bytes, budget);
  EXPECT_EQ(ReadFile(deployed.output()).value(), resident);
}

INSTANTIATE_TEST_SUITE_P(Forms, BootstrapProgramTest,
                         testing::Values(Case{"bsgs", circuit::LinearTransformForm::kBabyStepGiantStep, 9},
                                         Case{"double_hoisted", circuit::LinearTransformForm::kDoubleHoisted, 9},
                                         Case{"horner", circuit::LinearTransformForm::kHorner, 9},
                                         Case{"minimum_key", circuit::LinearTransformForm::kMinimumKey, 9},
                                         Case{"sparse", circuit::LinearTransformForm::kDoubleHoisted, 5}),
                         [](const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); });

// Each of these changes the bootstrap a little, and the comparison with the original's cleartext sees it.
TEST(BootstrapProgram, APerturbedBootstrapIsNoticed) {
  const Program good = BootstrapProgram({"good", circuit::LinearTransformForm::kDoubleHoisted, 5});
  const auto perturb = [&](auto change) {
    Program program = good;
    change(program);
    EXPECT_TRUE(program::Verify(program).ok()) << program::Verify(program).message();
    Deployment deployed(program);
    const auto stats = deployed.Run({.mode = Mode::kStreaming, .threads = 1});
    EXPECT_TRUE(stats.ok()) << stats.status().message();
    const auto outputs = DecryptOutputs(program, deployed.client(), deployed.output());
    const auto expected = program::EvaluateCleartext(good, program::RandomInputs(good, kInputSeed),
                                                     [](uint32_t, uint32_t, std::span<double>) { return Status(); });
    EXPECT_TRUE(outputs.ok() && expected.ok());
    double worst = 0;
    for (size_t i = 0; i < expected->outputs[0].size(); ++i) {
      worst = std::max(worst, std::abs((*outputs)[0][i] - expected->outputs[0][i]));
    }
    return worst;
  };
  EXPECT_LT(perturb([](Program&) {}), kTolerance);
  EXPECT_GT(perturb([](Program& p) { p.transforms[0].stage.factor *= 1 + 0x1p-12; }), 4 * kTolerance);
  EXPECT_GT(perturb([](Program& p) { p.transforms.back().stage.factor *= 1 + 0x1p-12; }), 4 * kTolerance);
  EXPECT_GT(perturb([](Program& p) { p.scalars.back() += 0x1p-12; }), 4 * kTolerance);
}

TEST(BootstrapProgram, NeedsTheKeysOfItsSecrets) {
  Program program = BootstrapProgram({"good", circuit::LinearTransformForm::kDoubleHoisted, 5});
  Deployment deployed(program);
  // A store of a program without a bootstrap has no secret switch.
  ProgramBuilder b(program.parameters);
  b.Output("y", b.Rotate(b.Input("x", 1, 1), 1), 1);
  Deployment plain(b.Finish());
  const Status status =
      deployed.RunWith({.mode = Mode::kStreaming, .threads = 1}, nullptr, plain.keys(), deployed.input()).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), testing::HasSubstr("secret-switch-1"));
}

}  // namespace
}  // namespace keymemrt::runtime
