// SPDX-License-Identifier: Apache-2.0
#include "runtime/telemetry/recorder.h"

#include <gtest/gtest.h>

#include <random>

namespace keymemrt::runtime {
namespace {

struct Highest {
  int value = 0;
  void Join(const Highest& later) { value = std::max(value, later.value); }
  bool operator==(const Highest&) const = default;
};

TEST(Series, AColumnHoldsTheHighestOfItsTimeAndWhatItBeganWith) {
  Series<Highest> series(8, {3});
  const int64_t width = series.column_width();
  series.Set(width / 2, {5});
  series.Set(width - 1, {1});
  series.Set(3 * width, {2});
  series.At(4 * width);
  EXPECT_EQ(std::vector<Highest>(series.columns().begin(), series.columns().end()),
            (std::vector<Highest>{{5}, {1}, {1}, {2}, {2}}));
}

TEST(Series, KeepsEveryPeakHoweverLongItRuns) {
  // Against all values: whatever the width has become, a column holds the highest value that was there in its time.
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    Series<Highest> series(16);
    std::vector<std::pair<int64_t, int>> steps = {{0, 0}};
    int64_t time = 0;
    const int64_t stride = int64_t{1} << (10 + round);
    for (int i = 0; i < 300; ++i) {
      time += static_cast<int64_t>(random()) % stride;
      steps.emplace_back(time, static_cast<int>(random() % 1000));
      series.Set(time, {steps.back().second});
      ASSERT_LE(series.columns().size(), series.capacity());
    }
    const int64_t width = series.column_width();
    for (size_t column = 0; column < series.columns().size(); ++column) {
      const int64_t begin = static_cast<int64_t>(column) * width;
      int highest = 0;
      for (size_t i = 0; i < steps.size(); ++i) {
        const int64_t end = i + 1 < steps.size() ? steps[i + 1].first : INT64_MAX;
        // In force within the column, even if only at its first instant.
        if (steps[i].first < begin + width && end >= begin) highest = std::max(highest, steps[i].second);
      }
      EXPECT_EQ(series.columns()[column].value, highest) << "round " << round << ", column " << column;
    }
  }
}

TEST(Recorder, StallsAreDividedAmongColumnsWithoutLoss) {
  Recorder recorder(0, 1);
  recorder.Begin();
  const auto start = Recorder::Clock::now();
  using std::chrono::microseconds;
  recorder.Stall(0, 0, 0.5, start, start + microseconds(1000));
  recorder.Stall(0, 0, 0.5, start + microseconds(100), start + microseconds(200));
  recorder.Stall(0, 0, 1, start + microseconds(100000), start + microseconds(300000));  // columns become wider
  double sum = 0;
  for (const auto& column : recorder.stalls().columns()) {
    sum += column.seconds;
    EXPECT_LE(column.seconds, 1e-9 * static_cast<double>(recorder.stalls().column_width()) * (1 + 1e-9));
  }
  EXPECT_NEAR(sum, 0.5e-3 + 0.05e-3 + 0.2, 1e-9);
}

TEST(Recorder, TooManyEventsLeaveTheLongest) {
  Recorder recorder(0, 1);
  recorder.Begin();
  const auto start = Recorder::Clock::now();
  std::mt19937 random(2);
  constexpr int kCount = 200000;
  std::vector<int64_t> lengths;
  for (int i = 0; i < kCount; ++i) {
    lengths.push_back(1 + static_cast<int64_t>(random() % 1000000));
    recorder.Read(i % 4, 0, 0, 1, start + std::chrono::nanoseconds(i),
                  start + std::chrono::nanoseconds(i + lengths.back()));
  }
  recorder.End();
  ASSERT_GT(recorder.shortest_kept(), 0);
  // Everything longer than the limit is there, nothing shorter.
  const auto longer =
      std::count_if(lengths.begin(), lengths.end(), [&](int64_t length) { return length > recorder.shortest_kept(); });
  int64_t found = 0, last = INT64_MIN;
  for (const Recorder::Event& event : recorder.events()) {
    const int64_t length = event.span.end - event.span.begin;
    found += length > recorder.shortest_kept();
    EXPECT_GE(length, recorder.shortest_kept());
    EXPECT_GE(event.span.begin, last);
    last = event.span.begin;
  }
  EXPECT_EQ(found, longer);
  EXPECT_GE(recorder.events().size(), size_t{1} << 14);
}

}  // namespace
}  // namespace keymemrt::runtime
