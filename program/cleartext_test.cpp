// SPDX-License-Identifier: Apache-2.0
#include "program/cleartext.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cmath>

#include "program/testing/builder.h"

namespace keymemrt::program {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Row r of any weight: r, r + 1, r + 2, ...
Status Ramp(uint32_t, uint32_t row, std::span<double> out) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = row + static_cast<double>(i);
  return Status();
}

std::vector<std::vector<double>> Evaluate(const Program& program, const std::vector<std::vector<double>>& inputs) {
  EXPECT_TRUE(Verify(program).ok()) << Verify(program).message();
  auto result = EvaluateCleartext(program, inputs, Ramp);
  EXPECT_TRUE(result.ok()) << result.status().message();
  EXPECT_FALSE(result->outgrowth.has_value()) << result->outgrowth->message;
  return result->outputs;
}

TEST(Cleartext, PadsRepeatsAndRotatesLeft) {
  ProgramBuilder b(TestParameters(10, 1));
  const uint32_t x = b.Input("x", 3, 4);
  b.Output("same", b.Negate(b.Negate(x)), 6);
  b.Output("left", b.Rotate(x, 1), 4);
  b.Output("right", b.RotateHoisted(x, b.Decompose(x), -1), 4);
  const auto y = Evaluate(b.Finish(), {{1, 2, 3}});
  EXPECT_THAT(y[0], ElementsAre(1, 2, 3, 0, 1, 2));
  EXPECT_THAT(y[1], ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(y[2], ElementsAre(0, 1, 2, 3));
}

TEST(Cleartext, EncodesRowsRotatedAndRepeated) {
  ProgramBuilder b(TestParameters(10, 2));
  const uint32_t x = b.Input("x", 512, 512);
  const uint32_t w = b.Weight("w", 3, 4);
  const uint32_t c = b.Constant({10, 20});
  const double scale = b.value(x).scale;
  b.Output("w", b.AddPlain(x, b.EncodeWeight(w, 2, 1, 2, scale)), 6);
  b.Output("back", b.SubPlain(x, b.EncodeWeight(w, 0, -1, 2, scale)), 5);
  b.Output("c", b.AddPlain(x, b.EncodeConstant(c, 3, 2, scale)), 3);
  const auto y = Evaluate(b.Finish(), {std::vector<double>(512, 0.0)});
  EXPECT_THAT(y[0], ElementsAre(3, 4, 5, 2, 3, 4));
  EXPECT_THAT(y[1], ElementsAre(-3, 0, -1, -2, -3));
  EXPECT_THAT(y[2], ElementsAre(20, 10, 20));
}

TEST(Cleartext, ComputesProducts) {
  ProgramBuilder b(TestParameters(10, 2));
  const uint32_t x = b.Input("x", 2, 512);
  const uint32_t y = b.Input("y", 2, 512);
  const uint32_t square = b.Mul(x, x);
  const uint32_t cross = b.Mul(x, y);
  const uint32_t z = b.Rescale(b.Relinearize(b.Sub(square, cross)));
  b.Output("z", b.LevelReduce(z, 0), 3);
  EXPECT_THAT(Evaluate(b.Finish(), {{3, -1}, {1, 2}})[0], ElementsAre(6, 3, 0));
}

TEST(Cleartext, ReportsMagnitudesPerOperation) {
  ProgramBuilder b(TestParameters(10, 1));
  const uint32_t x = b.Input("x", 2, 512);
  b.Output("y", b.Relinearize(b.Mul(x, x)), 1);
  const Program program = b.Finish();
  const auto result = EvaluateCleartext(program, std::vector<std::vector<double>>{{2, -5}}, Ramp);
  ASSERT_TRUE(result.ok());
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const bool value = program.ops[i].opcode == Opcode::kMul || program.ops[i].opcode == Opcode::kRelinearize;
    EXPECT_EQ(result->magnitudes[i], value ? 25 : 0) << i;
  }
  // 50 + 35 bits of Q, less one for the sign, 70 of scale, and log2 25.
  EXPECT_NEAR(result->least_headroom_bits, 85 - 1 - 70 - std::log2(25), 0.01);
  EXPECT_EQ(program.ops[result->least_headroom_op].opcode, Opcode::kMul);
}

// At level 0 values must stay below q_0 / (2 * scale) = 2^50 / 2^36 = 2^14.
TEST(Cleartext, NamesTheFirstValueThatOutgrowsTheModulus) {
  ProgramBuilder b(TestParameters(10, 1));
  const uint32_t x = b.Input("x", 1, 512);
  const uint32_t low = b.LevelReduce(x, 0);
  const uint32_t twice = b.Add(low, low);
  const uint32_t four = b.Add(twice, twice);
  b.Output("y", b.Negate(four), 1);
  const Program program = b.Finish();
  const auto run = [&](double value) {
    return EvaluateCleartext(program, std::vector<std::vector<double>>{{value}}, Ramp).value();
  };
  EXPECT_FALSE(run(4095).outgrowth.has_value());
  const auto grown = run(-4097);
  ASSERT_TRUE(grown.outgrowth.has_value());
  const Op& op = program.ops[grown.outgrowth->op];
  EXPECT_EQ(op.result, four);
  EXPECT_THAT(grown.outgrowth->message, HasSubstr(program.Describe(op)));
  EXPECT_LT(grown.least_headroom_bits, 0);
  EXPECT_EQ(run(8193).outgrowth->message.find(program.Describe(program.ops[2])), 0u) << run(8193).outgrowth->message;
}

TEST(Cleartext, TellsWhichValuesLeaveTheirDomains) {
  ProgramBuilder b(TestParameters(10, 1));
  const uint32_t x = b.Input("x", 3, 512);
  const uint32_t twice = b.Add(x, x);
  b.Output("y", b.Negate(twice), 1);
  Program program = b.Finish();
  program.domains = {{"first", x, -1, 1}, {"second", twice, 0, 4}, {"third", twice, -100, 100}};
  ASSERT_TRUE(Verify(program).ok()) << Verify(program).message();
  const auto departures = [&](std::vector<double> input) {
    std::vector<std::pair<std::string, double>> told;
    const auto result = EvaluateCleartext(program, std::vector<std::vector<double>>{std::move(input)}, Ramp);
    for (const Departure& d : result->departures) {
      told.emplace_back(program.domains[d.domain].name, d.value);
    }
    return told;
  };
  EXPECT_THAT(departures({0, 1, 0.5}), ElementsAre());
  EXPECT_THAT(departures({0, 1 + 1e-9, 1}), ElementsAre());  // rounding
  EXPECT_THAT(departures({0, 1.25, 1.5}), ElementsAre(std::pair("first", 1.5)));
  EXPECT_THAT(departures({-0.5, 2.75, 0}), ElementsAre(std::pair("first", 2.75), std::pair("second", 5.5)));
  EXPECT_THAT(departures({-0.75, 0, 0}), ElementsAre(std::pair("second", -1.5)));
}

TEST(Cleartext, NamesInputsPlaintextsAndThreePartValuesToo) {
  const auto first = [](const Program& program, double value) {
    return EvaluateCleartext(program, std::vector<std::vector<double>>{{value}}, Ramp).value().outgrowth;
  };
  {
    ProgramBuilder b(TestParameters(10, 1));
    b.Output("y", b.Negate(b.Input("image", 1, 512)), 1);
    const auto outgrowth = first(b.Finish(), 0x1p50);  // 84 - 35 bits fit
    ASSERT_TRUE(outgrowth.has_value());
    EXPECT_EQ(outgrowth->op, kNone);
    EXPECT_THAT(outgrowth->message, HasSubstr("input 'image'"));
  }
  {
    ProgramBuilder b(TestParameters(10, 1));
    const uint32_t x = b.LevelReduce(b.Input("x", 1, 512), 0);
    const uint32_t w = b.Weight("w", 20000, 1);
    b.Output("y", b.AddPlain(x, b.EncodeWeight(w, 19999, 0, 0, b.value(x).scale)), 1);
    const Program program = b.Finish();
    const auto outgrowth = first(program, 0);
    ASSERT_TRUE(outgrowth.has_value());
    EXPECT_EQ(program.ops[outgrowth->op].opcode, Opcode::kEncode);
  }
  {
    ProgramBuilder b(TestParameters(10, 1));
    const uint32_t x = b.Input("x", 1, 512);
    b.Output("y", b.Relinearize(b.Mul(x, x)), 1);
    const Program program = b.Finish();
    EXPECT_FALSE(first(program, 127).has_value());
    ASSERT_TRUE(first(program, 129).has_value());
    EXPECT_EQ(program.ops[first(program, 129)->op].opcode, Opcode::kMul);
    // So large that the product is infinite.
    EXPECT_TRUE(first(program, 0x1p1000).has_value());
  }
}

TEST(Cleartext, RefusesWrongInputsAndWeights) {
  ProgramBuilder b(TestParameters(10, 1));
  const uint32_t x = b.Input("image", 2, 512);
  const uint32_t w = b.Weight("fc.weights", 1, 1);
  b.Output("y", b.AddPlain(x, b.EncodeWeight(w, 0, 0, 1, b.value(x).scale)), 1);
  const Program program = b.Finish();
  const auto run = [&](std::vector<std::vector<double>> inputs, const WeightRow& weights) {
    return EvaluateCleartext(program, inputs, weights).status();
  };
  EXPECT_TRUE(run({{1, 2}}, Ramp).ok());
  EXPECT_EQ(run({}, Ramp).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(run({{1, 2, 3}}, Ramp).code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(run({{1}}, Ramp).message(), HasSubstr("'image'"));
  EXPECT_EQ(run({{1, NAN}}, Ramp).code(), ErrorCode::kInvalidArgument);
  const auto not_finite = [](uint32_t, uint32_t, std::span<double> out) {
    out[0] = INFINITY;
    return Status();
  };
  EXPECT_EQ(run({{1, 2}}, not_finite).code(), ErrorCode::kCorrupt);
  EXPECT_THAT(run({{1, 2}}, not_finite).message(), HasSubstr("'fc.weights'"));
  const auto missing = [](uint32_t, uint32_t, std::span<double>) { return Corrupt("no such weight"); };
  EXPECT_EQ(run({{1, 2}}, missing).message(), "no such weight");
}

// What the builder promises of random programs: the runtime's tests rely on it.
TEST(Cleartext, RandomProgramsStayWithinTheModulus) {
  double largest = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Program program = RandomProgram(seed, {.log_n = 10, .levels = 1 + static_cast<int>(seed % 4)});
    const auto result = EvaluateCleartext(program, RandomInputs(program, seed),
                                          [&](uint32_t index, uint32_t row, std::span<double> out) {
                                            RandomWeightRow(seed, index, row, out);
                                            return Status();
                                          });
    ASSERT_TRUE(result.ok()) << seed;
    EXPECT_GT(result->least_headroom_bits, 3) << seed;
    for (const auto& output : result->outputs) {
      for (double x : output) largest = std::max(largest, std::abs(x));
    }
  }
  EXPECT_GT(largest, 1) << "the programs compute next to nothing";
  EXPECT_LE(largest, 64);
}

// Memory is that of the live values: 4,000 ciphertexts of N = 2^16, one after the other, would take a gigabyte if kept.
TEST(Cleartext, FreesClearedValues) {
  const auto peak_kilobytes = [] {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  ProgramBuilder b(TestParameters(16, 1));
  uint32_t x = b.Input("x", 1, 1);
  for (int i = 0; i < 4000; ++i) x = b.Negate(x);
  b.Output("y", x, 1);
  const Program program = b.Finish();
  const long before = peak_kilobytes();
  EXPECT_THAT(Evaluate(program, {{1.5}})[0], ElementsAre(1.5));
  EXPECT_LT(peak_kilobytes() - before, 512 * 1024);
}

// On numbers a bootstrap is the identity, up to what its sine differs from its argument: with a message of at most 1
// and a ratio of 2^8, (2 pi / 2^8)^2 / 6 < 2^-13. Real and imaginary parts alike: i x comes out as i x.
TEST(Cleartext, ABootstrapKeepsTheMessage) {
  for (const int log_slots : {9, 5}) {
    for (const circuit::LinearTransformForm form : circuit::kLinearTransformForms) {
      ProgramBuilder b(BootstrapParameters(10));
      const int half = log_slots / 2;
      const auto plan = circuit::BootstrapPlan::Make(b.parameters(),
                                                     {.log_slots = log_slots,
                                                      .target_level = 3,
                                                      .coeff_to_slot = {log_slots - half, half},
                                                      .slot_to_coeff = {half, log_slots - half},
                                                      .form = form},
                                                     b.parameters().default_scale());
      ASSERT_TRUE(plan.ok()) << plan.status().message();
      const uint32_t period = 1u << log_slots;
      const uint32_t x = b.LevelReduce(b.Input("x", period, period), 0);
      const uint32_t turned = b.MulScalar(x, {0, 1}, b.value(x).scale);
      b.Output("y", Bootstrap(b, *plan, x), period);
      b.Output("z", b.MulScalar(Bootstrap(b, *plan, turned), {0, -1}, b.parameters().default_scale()), period);
      const Program program = b.Finish();
      ASSERT_TRUE(Verify(program).ok()) << Verify(program).message();
      EXPECT_EQ(std::count_if(program.ops.begin(), program.ops.end(),
                              [](const Op& op) { return op.opcode == Opcode::kModRaise; }),
                2);
      const auto inputs = RandomInputs(program, 5);
      const auto result = EvaluateCleartext(program, inputs, [](auto...) { return Status(); });
      ASSERT_TRUE(result.ok()) << result.status().message();
      EXPECT_FALSE(result->outgrowth) << result->outgrowth->message;
      for (const std::vector<double>& output : result->outputs) {
        double worst = 0;
        for (size_t i = 0; i < period; ++i) worst = std::max(worst, std::abs(output[i] - inputs[0][i]));
        EXPECT_LT(worst, 0x1p-13);
      }
    }
  }
}

// A transform by its definition: sum_i diagonal_i (*) rotl(x, rotation_i), whatever the form.
TEST(Cleartext, TransformsFollowTheirDefinition) {
  for (const circuit::LinearTransformForm form : circuit::kLinearTransformForms) {
    ProgramBuilder b(TestParameters(10, 2));
    const uint32_t x = b.Input("x", 512, 512), w = b.Weight("w", 3, 512);
    const Transform transform{.source = DiagonalSource::kWeight,
                              .weight = w,
                              .rows = {2, 0, 2, 1},
                              .rotations = {0, 7, -2, 5},
                              .form = form,
                              .baby_step = 4,
                              .scale = 0x1p35};
    b.Output("y", b.ApplyTransform(x, b.Transform(transform)), 512);
    const Program program = b.Finish();
    ASSERT_TRUE(Verify(program).ok()) << Verify(program).message();
    const auto inputs = RandomInputs(program, 1);
    const auto result = EvaluateCleartext(program, inputs, [](uint32_t index, uint32_t row, std::span<double> out) {
      RandomWeightRow(2, index, row, out);
      return Status();
    });
    ASSERT_TRUE(result.ok()) << result.status().message();
    std::vector<double> row(512);
    std::vector<double> expected(512);
    for (size_t i = 0; i < transform.rows.size(); ++i) {
      RandomWeightRow(2, w, transform.rows[i], row);
      for (size_t j = 0; j < 512; ++j) {
        expected[j] +=
            row[j] * inputs[0][static_cast<size_t>(static_cast<int64_t>(j) + transform.rotations[i] + 512) % 512];
      }
    }
    for (size_t j = 0; j < 512; ++j) EXPECT_NEAR(result->outputs[0][j], expected[j], 1e-12);
  }
}

}  // namespace
}  // namespace keymemrt::program
