// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/encode_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "runtime/executor/deployment.h"

namespace keymemrt::runtime {
namespace {

using lattice::RoundedCoefficients;
using lattice::TermsAhead;

constexpr uint32_t kRows = 20;

// Encodes the rows of a weight, one after the other.
program::Program EncodesRows() {
  program::ProgramBuilder b(program::TestParameters(10, 2));
  uint32_t x = b.Input("x", 8, 8);
  const uint32_t weight = b.Weight("w", kRows, 8);
  for (uint32_t row = 0; row < kRows; ++row) {
    x = b.AddPlain(x, b.EncodeWeight(weight, row, static_cast<int32_t>(row % 3), 2, 0x1p35));
  }
  b.Output("y", x, 8);
  return b.Finish();
}

// Says which rows it was asked for, and answers up to a row, or fails at one.
class Gate : public WeightSource {
 public:
  Status Row(uint32_t weight, uint32_t row, std::span<double> out) override {
    std::unique_lock lock(mutex_);
    asked_ = std::max(asked_, row + 1);
    changed_.notify_all();
    changed_.wait(lock, [&] { return row < open_; });
    if (row == bad_) return Failed("row {} cannot be read", row);
    program::RandomWeightRow(kWeightSeed, weight, row, out);
    return Status();
  }
  // Answers rows below `row`.
  void Open(uint32_t row) {
    const std::lock_guard lock(mutex_);
    open_ = row;
    changed_.notify_all();
  }
  void FailAt(uint32_t row) { bad_ = row; }
  // Until so many have been asked for.
  void Await(uint32_t rows) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_ >= rows; });
  }
  uint32_t asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint32_t asked_ = 0, open_ = 0, bad_ = kRows;
};

class EncodeAheadTest : public testing::Test {
 protected:
  EncodeAheadTest() : engine_(Engine::Create(EncodesRows(), 1).value()), pool_(engine_->context.n()) {}

  TermsAhead::Answer Take(EncodeAhead& ahead, size_t row) {
    taken_ = {};
    return ahead.Take(row, taken_);
  }
  // What was taken is what the row's own operation would have made.
  void ExpectRow(size_t row) {
    RandomWeights weights;
    RowReader reader(*engine_, &weights);
    const RoundedCoefficients expected = reader.Encode(engine_->rows[row], pool_).value();
    ASSERT_EQ(taken_.pieces.limbs(), expected.pieces.limbs());
    ASSERT_EQ(taken_.log_n, expected.log_n);
    EXPECT_TRUE(std::equal(expected.pieces.limb(0), expected.pieces.limb(0) + (size_t{1} << expected.log_n),
                           taken_.pieces.limb(0)));
  }

  std::unique_ptr<const Engine> engine_;
  SlotPool pool_;
  Gate gate_;
  RoundedCoefficients taken_;
};

TEST_F(EncodeAheadTest, EncodesInOrderAndNoFurtherThanThereIsRoom) {
  ASSERT_EQ(engine_->rows.size(), kRows);
  EncodeAhead ahead(*engine_, &gate_, pool_);
  gate_.Open(kRows);
  // A row is begun when there is room for as many slots as it may take; these then take one each.
  const uint64_t most = CoefficientSlots(engine_->program, engine_->program.ops[engine_->rows[0].op]);
  for (uint32_t row = 0; row < kRows; ++row) {
    gate_.Await(std::min(kRows, row + static_cast<uint32_t>(kRowsAheadSlots - most + 1)));
    while (Take(ahead, row) == TermsAhead::Answer::kBusy) std::this_thread::yield();
    ASSERT_NE(taken_.pieces.limbs(), 0) << "row " << row << " was asked for before others, so it is ready or busy";
    ExpectRow(row);
    EXPECT_LE(gate_.asked(), row + 1 + kRowsAheadSlots);
    EXPECT_LE(pool_.peak_bytes(MemoryClass::kPlaintexts), kRowsAheadSlots * pool_.slot_bytes());
  }
  EXPECT_EQ(ahead.taken_ready(), kRows);
}

TEST_F(EncodeAheadTest, NobodyWaitsForIt) {
  EncodeAhead ahead(*engine_, &gate_, pool_);
  gate_.Await(1);  // it is at row 0, and stays there
  EXPECT_EQ(Take(ahead, 0), TermsAhead::Answer::kBusy);
  ahead.Insist(0);
  for (size_t row = 1; row < 5; ++row) EXPECT_EQ(Take(ahead, row), TermsAhead::Answer::kYours);
  gate_.Open(kRows);
  gate_.Await(6);  // it goes on where it is of use
  while (Take(ahead, 5) == TermsAhead::Answer::kBusy) std::this_thread::yield();
  ExpectRow(5);
  EXPECT_EQ(ahead.taken_ready(), 1u);
}

TEST_F(EncodeAheadTest, ARowThatCannotBeReadIsLeftToWhoeverNeedsIt) {
  gate_.FailAt(2);
  gate_.Open(kRows);
  EncodeAhead ahead(*engine_, &gate_, pool_);
  gate_.Await(3);
  for (size_t row = 0; row < 2; ++row) {
    ASSERT_EQ(Take(ahead, row), TermsAhead::Answer::kReady);
    ExpectRow(row);
  }
  TermsAhead::Answer answer;
  while ((answer = Take(ahead, 2)) == TermsAhead::Answer::kBusy) std::this_thread::yield();
  EXPECT_EQ(answer, TermsAhead::Answer::kYours);
  EXPECT_EQ(Take(ahead, 3), TermsAhead::Answer::kYours);
}

TEST_F(EncodeAheadTest, MayEndAtAnyTime) {
  gate_.Open(kRows);
  for (uint32_t rows = 1; rows < 8; ++rows) {
    EncodeAhead ahead(*engine_, &gate_, pool_);
    gate_.Await(rows);
  }
  EXPECT_EQ(pool_.bytes(MemoryClass::kPlaintexts), 0u);
}

}  // namespace
}  // namespace keymemrt::runtime
