// SPDX-License-Identifier: Apache-2.0
//
// Series: how a quantity went over time, in bounded memory whatever the time. Time is divided into columns of equal
// width; when it passes the last one, neighbours join and columns are twice as wide. What a column holds is what T's
// Join makes of all values in its stretch of time (the highest, or a sum), so peaks survive joining exactly.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace keymemrt::runtime {

// T: copyable, with `void Join(const T& later)`.
template <typename T>
class Series {
 public:
  // At most `capacity` columns, an even number. `level`: what the quantity is until it is set.
  explicit Series(size_t capacity, T level = {}) : capacity_(capacity), level_(level) {
    assert(capacity >= 2 && capacity % 2 == 0);
    columns_.reserve(capacity);
  }

  // As made, but for its memory, which stays.
  void Reset(T level = {}) {
    columns_.clear();
    shift_ = kShift;
    level_ = level;
  }

  // The quantity is `value` from `time` on (nanoseconds since the beginning, not before the latest one given).
  void Set(int64_t time, const T& value) {
    At(time).Join(value);
    level_ = value;
  }
  // The column of a time. Columns between it and the last one hold the level.
  T& At(int64_t time) {
    while ((time >> shift_) >= static_cast<int64_t>(capacity_)) Halve();
    const size_t index = static_cast<size_t>(time >> shift_);
    while (columns_.size() <= index) columns_.push_back(level_);
    return columns_[index];
  }
  const T& level() const { return level_; }

  std::span<const T> columns() const { return columns_; }
  // Nanoseconds.
  int64_t column_width() const { return int64_t{1} << shift_; }
  size_t capacity() const { return capacity_; }

 private:
  void Halve() {
    const size_t joined = (columns_.size() + 1) / 2;
    for (size_t i = 0; i < joined; ++i) {
      T column = columns_[2 * i];
      if (2 * i + 1 < columns_.size()) column.Join(columns_[2 * i + 1]);
      columns_[i] = column;
    }
    columns_.resize(joined, level_);
    ++shift_;
  }

  static constexpr int kShift = 16;  // 65 us: finer than the operations of the smallest secure parameters

  size_t capacity_;
  int shift_ = kShift;
  T level_;
  std::vector<T> columns_;
};

}  // namespace keymemrt::runtime
