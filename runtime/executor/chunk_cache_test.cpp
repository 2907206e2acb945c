// SPDX-License-Identifier: Apache-2.0
//
// The cache's state machine, step by step. A script is lines of "command -> expected answer"; keys are letters, chunks
// numbers.
#include "runtime/executor/chunk_cache.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <sstream>

namespace keymemrt::runtime {
namespace {

std::string Execute(ChunkCache& cache, const std::string& command) {
  std::istringstream words(command);
  std::string verb, place;
  words >> verb >> place;
  const uint32_t key = static_cast<uint32_t>(place[0] - 'a');
  const uint32_t number = place.size() > 1 ? static_cast<uint32_t>(std::stoul(place.substr(1))) : 0;
  if (verb == "pin") {
    switch (cache.Pin(key, number)) {
      case ChunkCache::Answer::kHit:
        return "hit";
      case ChunkCache::Answer::kAhead:
        return "ahead";
      case ChunkCache::Answer::kMiss:
        return "miss";
      case ChunkCache::Answer::kBusy:
        return "busy";
    }
  }
  if (verb == "prefetch") return cache.Prefetch(key, number) ? "load" : "no";
  if (verb == "ahead") return std::to_string(cache.ahead_count());
  if (verb == "filled") return cache.Filled(key, number), "";
  if (verb == "failed") return cache.Failed(key, number), "";
  if (verb == "unpin") return cache.Unpin(key, number) ? "gone" : "stays";
  if (verb == "keep") return cache.SetKeep(key, number), "";
  if (verb == "trim") {
    std::string gone;
    for (const uint32_t chunk : cache.Trim(key)) gone += fmt::format("{}{}", gone.empty() ? "" : " ", chunk);
    return gone;
  }
  if (verb == "count") return std::to_string(cache.ready_count());
  return "?";
}

void Play(const std::string& script) {
  ChunkCache cache({8, 8});
  std::istringstream lines(script);
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    const size_t arrow = line.find(" ->");
    const std::string expected = arrow == std::string::npos || arrow + 4 > line.size() ? "" : line.substr(arrow + 4);
    ASSERT_EQ(Execute(cache, line.substr(begin, arrow - begin)), expected) << "at: " << line;
  }
}

TEST(ChunkCache, StreamingForgetsAChunkAtItsLastPin) {
  Play(R"(
    pin a3 -> miss
    filled a3
    count a -> 1
    unpin a3 -> gone
    count a -> 0
    pin a3 -> miss
  )");
}

TEST(ChunkCache, APrefixStays) {
  Play(R"(
    keep a2
    pin a1 -> miss
    filled a1
    pin a2 -> miss
    filled a2
    unpin a1 -> stays
    unpin a2 -> gone
    pin a1 -> hit
    unpin a1 -> stays
    pin b1 -> miss
  )");
}

TEST(ChunkCache, OneLoadServesAllWhoAsk) {
  Play(R"(
    pin a0 -> miss
    pin a0 -> busy
    filled a0
    pin a0 -> hit
    unpin a0 -> stays
    unpin a0 -> gone
  )");
}

TEST(ChunkCache, AFailedLoadIsTriedAgainByTheNext) {
  Play(R"(
    pin a0 -> miss
    pin a0 -> busy
    failed a0
    pin a0 -> miss
    filled a0
    unpin a0 -> gone
  )");
}

TEST(ChunkCache, WhatIsThereIsNotGivenUpBeforeItIsUsed) {
  // A use that finds three chunks and leaves one: the two others go as they are used, or at the end when they are not.
  Play(R"(
    keep a3
    pin a0 -> miss
    filled a0
    unpin a0 -> stays
    pin a1 -> miss
    filled a1
    unpin a1 -> stays
    pin a2 -> miss
    filled a2
    unpin a2 -> stays
    keep a1
    pin a1 -> hit
    unpin a1 -> gone
    count a -> 2
    trim a -> 2
    count a -> 1
    pin a0 -> hit
    unpin a0 -> stays
  )");
}

TEST(ChunkCache, TrimSparesWhatIsPinnedOrLoading) {
  Play(R"(
    pin a0 -> miss
    filled a0
    pin a1 -> miss
    trim a ->
    filled a1
    unpin a0 -> gone
    unpin a1 -> gone
    trim a ->
  )");
}

TEST(ChunkCache, WhatIsReadAheadWaitsForItsUse) {
  Play(R"(
    prefetch a4 -> load
    prefetch a4 -> no
    pin a4 -> busy
    ahead a -> 1
    filled a4
    trim a ->
    ahead a -> 1
    pin a4 -> ahead
    ahead a -> 0
    pin a4 -> hit
    unpin a4 -> stays
    unpin a4 -> gone
    count a -> 0
  )");
}

TEST(ChunkCache, ReadingAheadFailsSilentlyAndTheUseReads) {
  Play(R"(
    prefetch a4 -> load
    failed a4
    ahead a -> 0
    pin a4 -> miss
    prefetch a4 -> no
    filled a4
    prefetch a4 -> no
    unpin a4 -> gone
    prefetch a4 -> load
  )");
}

TEST(ChunkCache, AChunkReadAheadMayStayAfterItsUse) {
  Play(R"(
    prefetch a1 -> load
    filled a1
    keep a2
    pin a1 -> ahead
    unpin a1 -> stays
    keep a0
    trim a -> 1
  )");
}

TEST(ChunkCache, RandomScriptsAgreeWithSets) {
  // Against a model in terms of sets: ready, loading, pins.
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    ChunkCache cache({6, 6, 6});
    std::set<std::pair<uint32_t, uint32_t>> ready, loading, ahead;
    std::multiset<std::pair<uint32_t, uint32_t>> pins;
    uint32_t keep[3] = {};
    for (int step = 0; step < 2000; ++step) {
      const std::pair<uint32_t, uint32_t> place{random() % 3, random() % 6};
      const auto& [key, chunk] = place;
      switch (random() % 6) {
        case 0:
        case 1: {
          const ChunkCache::Answer answer = cache.Pin(key, chunk);
          if (ready.contains(place)) {
            ASSERT_EQ(answer, ahead.erase(place) ? ChunkCache::Answer::kAhead : ChunkCache::Answer::kHit);
            pins.insert(place);
          } else if (loading.contains(place)) {
            ASSERT_EQ(answer, ChunkCache::Answer::kBusy);
          } else {
            ASSERT_EQ(answer, ChunkCache::Answer::kMiss);
            loading.insert(place);
          }
          break;
        }
        case 2:
          if (loading.empty()) break;
          if (random() % 4 == 0) {
            cache.Failed(loading.begin()->first, loading.begin()->second);
            ahead.erase(*loading.begin());
          } else {
            cache.Filled(loading.begin()->first, loading.begin()->second);
            ready.insert(*loading.begin());
            if (!ahead.contains(*loading.begin())) pins.insert(*loading.begin());
          }
          loading.erase(loading.begin());
          break;
        case 3: {
          if (pins.empty()) break;
          const auto pinned = *std::next(pins.begin(), static_cast<std::ptrdiff_t>(random() % pins.size()));
          pins.erase(pins.find(pinned));
          const bool goes = !pins.contains(pinned) && pinned.second >= keep[pinned.first];
          ASSERT_EQ(cache.Unpin(pinned.first, pinned.second), goes);
          if (goes) ready.erase(pinned);
          break;
        }
        case 4: {
          keep[key] = static_cast<uint32_t>(random() % 7);
          cache.SetKeep(key, keep[key]);
          if (random() % 2) break;
          std::vector<uint32_t> expected;
          for (uint32_t i = keep[key]; i < 6; ++i) {
            if (ready.contains({key, i}) && !pins.contains({key, i}) && !ahead.contains({key, i}))
              expected.push_back(i);
          }
          ASSERT_EQ(cache.Trim(key), expected);
          for (const uint32_t i : expected) ready.erase({key, i});
          break;
        }
        case 5: {
          const bool absent = !ready.contains(place) && !loading.contains(place);
          ASSERT_EQ(cache.Prefetch(key, chunk), absent);
          if (!absent) break;
          loading.insert(place);
          ahead.insert(place);
          break;
        }
      }
      ASSERT_EQ(cache.ready_count(), ready.size());
      ASSERT_EQ(cache.ahead_count(), ahead.size());
    }
  }
}

}  // namespace
}  // namespace keymemrt::runtime
