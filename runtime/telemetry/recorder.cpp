// SPDX-License-Identifier: Apache-2.0
#include "runtime/telemetry/recorder.h"

#include <algorithm>

namespace keymemrt::runtime {

namespace {

constexpr size_t kEvents = size_t{1} << 15;
constexpr size_t kMemoryColumns = 8192;  // a trace is looked at closely
constexpr size_t kColumns = 1024;        // a report has about as many pixels

}  // namespace

Recorder::Recorder(size_t operations, size_t keys)
    : operations_(operations), memory_(kMemoryColumns), stalls_(kColumns) {
  events_.reserve(kEvents);
  resident_.reserve(keys);  // each made in place: a copy would not have the room to grow into
  for (size_t key = 0; key < keys; ++key) resident_.emplace_back(kColumns);
}

uint64_t Recorder::bytes() const {
  return sizeof *this + operations_.size() * sizeof(Span) + kEvents * sizeof(Event) +
         kMemoryColumns * sizeof(MemoryColumn) + kColumns * sizeof(StallColumn) +
         resident_.size() * (sizeof(resident_[0]) + kColumns * sizeof(ChunksColumn));
}

void Recorder::Begin() {
  std::fill(operations_.begin(), operations_.end(), Span());
  memory_.Reset();
  for (Series<ChunksColumn>& key : resident_) key.Reset();
  stalls_.Reset();
  events_.clear();
  shortest_kept_ = 0;
  threads_.clear();
  end_ = 0;
  start_ = Clock::now();
}

void Recorder::End() {
  end_ = Now();
  memory_.At(end_);
  for (Series<ChunksColumn>& key : resident_) key.At(end_);
  stalls_.At(end_);
  std::sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) { return a.span.begin < b.span.begin; });
}

void Recorder::Operation(size_t index, Time begin, Time end) {
  operations_[index] = {Since(begin), Since(end)};
}

void Recorder::Memory(const std::array<uint64_t, kMemoryClasses>& bytes) {
  memory_.Set(Now(), {bytes, bytes});
}

void Recorder::Read(int reader, uint32_t key, uint32_t first_chunk, uint32_t chunks, Time begin, Time end) {
  const bool on_the_spot = reader == kNoReader;
  Add({{Since(begin), Since(end)},
       key,
       first_chunk,
       chunks,
       Event::Kind::kRead,
       !on_the_spot,
       on_the_spot ? ThisThread() : static_cast<uint16_t>(reader)});
  Series<ChunksColumn>& series = resident_[key];
  series.Set(Since(end), {series.level().most + chunks});
}

void Recorder::Stall(uint32_t key, uint32_t chunk, double share, Time begin, Time end) {
  const Span span = {Since(begin), Since(end)};
  Add({span, key, chunk, 1, Event::Kind::kStall, false, ThisThread()});
  stalls_.At(span.end);  // columns are now as wide as the end needs them
  for (int64_t time = span.begin; time < span.end;) {
    const int64_t next = std::min(span.end, (time / stalls_.column_width() + 1) * stalls_.column_width());
    stalls_.At(time).seconds += share * 1e-9 * static_cast<double>(next - time);
    time = next;
  }
}

void Recorder::Gone(uint32_t key, uint32_t chunks, Time time) {
  Series<ChunksColumn>& series = resident_[key];
  series.Set(Since(time), {series.level().most - chunks});
}

uint16_t Recorder::ThisThread() {
  const auto found = std::find(threads_.begin(), threads_.end(), std::this_thread::get_id());
  const auto index = found - threads_.begin();
  if (found == threads_.end()) threads_.push_back(std::this_thread::get_id());
  return static_cast<uint16_t>(index);
}

void Recorder::Add(const Event& event) {
  const auto length = [](const Event& e) { return e.span.end - e.span.begin; };
  if (length(event) < shortest_kept_) return;
  if (events_.size() == kEvents) {
    // Half of them stay, the longest.
    const auto middle = events_.begin() + kEvents / 2;
    std::nth_element(events_.begin(), middle, events_.end(),
                     [&](const Event& a, const Event& b) { return length(a) > length(b); });
    shortest_kept_ = length(*middle);
    events_.erase(middle, events_.end());
  }
  events_.push_back(event);
}

}  // namespace keymemrt::runtime
