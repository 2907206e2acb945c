// SPDX-License-Identifier: Apache-2.0
//
// Whole runs: keys made, inputs encrypted, the program run in every mode, outputs decrypted and compared with the same
// program on plain doubles.
#include "runtime/executor/executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "planner/memory.h"
#include "runtime/executor/deployment.h"
#include "runtime/files/ciphertext_file.h"

namespace keymemrt::runtime {
namespace {

using program::Program;
using testing::HasSubstr;
namespace fs = std::filesystem;

// Encryption, key switching and rounding at scale 2^35 with N = 2^10: each adds about 2^-20 to a slot, and the random
// programs add and multiply a few dozen values that stay below 2^5.
constexpr double kTolerance = 1e-3;

TEST(Executor, AllModesComputeTheProgram) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("program {}", seed));
    Deployment deployed(TestProgram(seed));
    const planner::Trace trace = deployed.Trace(1);
    std::vector<std::byte> first;
    for (const Mode mode : kModes) {
      for (const int threads : {1, 3}) {
        SCOPED_TRACE(fmt::format("{}, {} threads", ModeName(mode), threads));
        const auto stats = deployed.Run({.mode = mode, .threads = threads});
        ASSERT_TRUE(stats.ok()) << stats.status().message();
        EXPECT_LT(deployed.WorstError(), kTolerance);
        // Every mode and any number of threads give the same bits.
        std::vector<std::byte> bytes = ReadFile(deployed.output()).value();
        if (first.empty()) first = bytes;
        EXPECT_EQ(bytes, first);

        EXPECT_EQ(stats->key_bytes_read, stats->predicted.key_bytes_read);
        EXPECT_LE(stats->peak_key_bytes, stats->predicted.peak_key_bytes);
        EXPECT_LE(stats->peak_slot_bytes + stats->fixed_bytes, stats->predicted.peak_bytes);
        const SlotsByClass most =
            PeakSlots(deployed.program(), deployed.program().CheckedParameters().value(), threads);
        if (deployed.program().transforms.empty()) {  // otherwise only their sum is known
          EXPECT_EQ(stats->peak_ciphertext_bytes, most.ciphertexts * trace.slot_bytes);
          // Rows are encoded ahead when there is time.
          EXPECT_LE(stats->peak_plaintext_bytes, most.plaintexts * trace.slot_bytes);
          EXPECT_GE(stats->peak_plaintext_bytes + kRowsAheadSlots * trace.slot_bytes,
                    most.plaintexts * trace.slot_bytes);
          EXPECT_LE(stats->peak_scratch_bytes, most.scratch * trace.slot_bytes);
        }
        EXPECT_GE(stats->key_bytes_read, stats->key_bytes_read_lower_bound);
        EXPECT_EQ(stats->key_switches, trace.uses.size());
        const uint64_t chunk = trace.slot_bytes;
        const uint64_t all = planner::ResidentCost(trace).peak_key_bytes;
        uint64_t largest = 0;
        for (const uint32_t chunks : trace.key_chunks) largest = std::max(largest, chunks * chunk);
        if (mode == Mode::kResident) {
          EXPECT_EQ(stats->peak_key_bytes, all);
        }
        if (mode == Mode::kImperative) {
          EXPECT_LE(stats->peak_key_bytes, largest);
        }
        if (mode == Mode::kPrefetch) {
          EXPECT_LE(stats->peak_key_bytes, 2 * largest);
        }
        if (mode == Mode::kStreaming) {
          EXPECT_LE(stats->peak_key_bytes, (static_cast<uint64_t>(threads) + ReadAheadSlots(chunk)) * chunk);
        }
        if (mode == Mode::kPlanned) {
          EXPECT_EQ(stats->key_bytes_read, stats->key_bytes_read_lower_bound);
        }
      }
    }
  }
}

TEST(Executor, PlannedKeepsEveryBudget) {
  for (uint64_t seed = 20; seed < 26; ++seed) {
    SCOPED_TRACE(fmt::format("program {}", seed));
    Deployment deployed(TestProgram(seed));
    for (const int threads : {1, 2}) {
      const planner::Trace trace = deployed.Trace(threads);
      const uint64_t least = planner::LeastFeasibleBudget(trace).bytes;
      const uint64_t most = planner::ResidentCost(trace).peak_bytes + trace.ring_slots * trace.slot_bytes;
      std::vector<std::byte> first;
      uint64_t last_read = UINT64_MAX;
      for (int step = 0; step <= 4; ++step) {
        const uint64_t budget = least + (most - least) * static_cast<uint64_t>(step) / 4;
        const auto stats = deployed.Run({.mode = Mode::kPlanned, .threads = threads, .budget_bytes = budget});
        ASSERT_TRUE(stats.ok()) << stats.status().message();
        EXPECT_LE(stats->peak_slot_bytes + stats->fixed_bytes, budget);
        EXPECT_EQ(stats->key_bytes_read, stats->predicted.key_bytes_read);
        EXPECT_LE(stats->key_bytes_read, last_read) << "more memory never reads more";
        last_read = stats->key_bytes_read;
        const std::vector<std::byte> bytes = ReadFile(deployed.output()).value();
        if (first.empty()) first = bytes;
        EXPECT_EQ(bytes, first);
      }
      EXPECT_LT(deployed.WorstError(), kTolerance);

      const Status refused =
          deployed.Run({.mode = Mode::kPlanned, .threads = threads, .budget_bytes = least - 1}).status();
      EXPECT_EQ(refused.code(), ErrorCode::kInfeasible);
      EXPECT_THAT(refused.message(), HasSubstr(std::to_string(least)));
    }
  }
}

// Twice the same transform, between them a mask that comes twice; and again.
Program Repeating() {
  program::ProgramBuilder builder(program::TestParameters(10, 2), "repeating");
  const uint32_t x = builder.Input("x", 512, 512);
  const uint32_t w = builder.Weight("w", 6, 512);
  program::Transform transform{.source = program::DiagonalSource::kWeight,
                               .weight = w,
                               .rows = {0, 1, 2, 3, 4, 5},
                               .rotations = {0, 1, 2, 3, 4, 5},
                               .form = circuit::LinearTransformForm::kDoubleHoisted,
                               .baby_step = 3,
                               .scale = 0x1p30};
  const uint32_t index = builder.Transform(transform);
  const uint32_t mask = builder.Constant({0.5, 0, 0.25, 1});
  std::optional<uint32_t> sum;
  for (int i = 0; i < 4; ++i) {
    const uint32_t y = builder.ApplyTransform(builder.Rotate(x, 7 + i), index);
    const uint32_t z = builder.MulPlain(builder.Rotate(x, 20 + i % 2), builder.EncodeConstant(mask, 0, 2, 0x1p30));
    const uint32_t both = builder.Add(y, z);
    sum = sum ? builder.Add(*sum, both) : both;
  }
  builder.Output("y", *sum, 512);
  return builder.Finish();
}

TEST(Executor, PlaintextsThatAreKeptAreNotEncodedAgain) {
  Deployment deployed(Repeating());
  // More than fit beside keys: every number of them is kept at some budget, with and without others at work.
  for (const int threads : {2, 3}) {  // one leaves the second processor of the built-in machine to encode ahead
    const planner::Trace trace = deployed.Trace(threads);
    const uint64_t least = planner::LeastFeasibleBudget(trace).bytes;
    std::vector<std::byte> first;
    uint64_t most = 0;
    for (uint64_t slots = 0; slots <= 60; slots += 6) {
      SCOPED_TRACE(fmt::format("{} threads, {} slots", threads, slots));
      const uint64_t budget = slots == 60 ? 0 : least + slots * trace.slot_bytes;
      const auto stats = deployed.Run({.mode = Mode::kPlanned, .threads = threads, .budget_bytes = budget});
      ASSERT_TRUE(stats.ok()) << stats.status().message();
      EXPECT_EQ(stats->plaintexts_kept, stats->predicted.plaintexts_kept);
      EXPECT_EQ(stats->key_bytes_read, stats->predicted.key_bytes_read);
      EXPECT_LE(stats->peak_slot_bytes + stats->fixed_bytes, budget == 0 ? stats->predicted.peak_bytes : budget);
      most = std::max(most, stats->plaintexts_kept);
      const std::vector<std::byte> bytes = ReadFile(deployed.output()).value();
      if (first.empty()) first = bytes;
      EXPECT_EQ(bytes, first) << "what is kept changes nothing";
    }
    EXPECT_LT(deployed.WorstError(), kTolerance);
    EXPECT_EQ(most, 3u * 7) << "six diagonals and a mask, three times of four";
    EXPECT_EQ(deployed.Run({.mode = Mode::kStreaming, .threads = threads})->plaintexts_kept, 0u);
  }
}

TEST(Executor, ThePredictedPeakIsTheMeasuredOne) {
  // With one thread nothing overlaps, and what the model says is what the pool counts; an encode may take fewer slots
  // than it was given.
  for (uint64_t seed = 30; seed < 42; ++seed) {
    SCOPED_TRACE(fmt::format("program {}", seed));
    Deployment deployed(TestProgram(seed));
    for (const Mode mode : {Mode::kResident, Mode::kStreaming, Mode::kImperative}) {
      const auto stats = deployed.Run({.mode = mode, .threads = 1});
      ASSERT_TRUE(stats.ok()) << stats.status().message();
      const uint64_t measured = stats->peak_slot_bytes + stats->fixed_bytes;
      EXPECT_LE(measured, stats->predicted.peak_bytes) << ModeName(mode);
      // Slack: two slots of an encode, those of the ring where it is never full at the peak, and rows that there was no
      // time to encode ahead. The model has an imperative key in memory until the next use begins, the run drops it
      // when its own use ends.
      const planner::Trace trace = deployed.Trace(1);
      const uint64_t key =
          mode == Mode::kImperative ? *std::max_element(trace.key_chunks.begin(), trace.key_chunks.end()) : 0;
      EXPECT_GE(measured + (2 + trace.ring_slots + kRowsAheadSlots + kRowAtWorkSlots + key) * trace.slot_bytes,
                stats->predicted.peak_bytes)
          << ModeName(mode);
    }
  }
}

TEST(Executor, APerturbedKeyMakesTheComparisonFail) {
  Deployment deployed(TestProgram(2));
  ASSERT_TRUE(deployed.Run({}).ok());
  ASSERT_LT(deployed.WorstError(), kTolerance);
  // One residue of one chunk of the key that is used first is changed, in a segment that is right otherwise.
  Manifest manifest = ReadManifest(deployed.keys()).value();
  KeyEntry& entry = manifest.keys[0];
  StoredShapes shapes(deployed.parameters());
  const SegmentLayout& layout = shapes.At(entry.id.shape).value()->layout;
  const auto store = KeyStore::Open(deployed.keys());
  ASSERT_TRUE(store.ok());
  auto segment =
      SegmentWriter::Create(deployed.keys() + "/" + entry.FileName(), manifest.HeaderOf(entry), layout, entry.chunks);
  ASSERT_TRUE(segment.ok());
  SlotPool pool(layout.n());
  const Slot slot = pool.Take(MemoryClass::kKeys);
  uint64_t* const data = slot.data();
  for (int i = 0; i < entry.chunks; ++i) {
    ASSERT_TRUE((*store)->ReadChunk(0, i, data).ok());
    if (i == 0) data[0] = data[0] == 0 ? 1 : data[0] - 1;
    const StoredChunk& chunk = (*store)->Locate(0, i);
    ASSERT_TRUE(segment->Append(chunk.digit, chunk.limb, slot.words()).ok());
  }
  entry.seal = segment->Commit().value();
  ASSERT_TRUE(WriteManifest(manifest, deployed.keys()).ok());
  ASSERT_TRUE(VerifyKeyStore(deployed.keys()).ok());

  ASSERT_TRUE(deployed.Run({}).ok());
  EXPECT_GT(deployed.WorstError(), 1000 * kTolerance);
}

TEST(Executor, ADamagedChunkEndsTheRunAndLeavesNoOutput) {
  Deployment deployed(TestProgram(4));
  const std::string name = ReadManifest(deployed.keys())->keys[0].FileName();
  std::vector<std::byte> bytes = ReadFile(deployed.keys() + "/" + name).value();
  bytes[kSegmentAlignment + 100] ^= std::byte{4};
  ASSERT_TRUE(WriteFile(deployed.keys() + "/" + name, bytes).ok());
  for (const Mode mode : kModes) {
    for (const int threads : {1, 3}) {
      const Status status = deployed.Run({.mode = mode, .threads = threads}).status();
      EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << ModeName(mode);
      EXPECT_THAT(status.message(), HasSubstr(name));
      EXPECT_THAT(status.message(), HasSubstr("chunk 0"));
      EXPECT_FALSE(fs::exists(deployed.output()));
    }
  }
}

TEST(Executor, FilesThatDoNotBelongTogetherAreToldApart) {
  Deployment deployed(TestProgram(6)), other(TestProgram(6));
  const auto run = [&](const std::string& keys, const std::string& input) {
    return deployed.RunWith({}, &deployed.weights(), keys, input).status();
  };
  ASSERT_TRUE(run(deployed.keys(), deployed.input()).ok());
  fs::remove(deployed.output());

  Status status = run(other.keys(), deployed.input());  // the same program, another client
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(deployed.input()));
  EXPECT_THAT(status.message(), HasSubstr("key set"));

  Deployment foreign(TestProgram(7));  // another program with other parameters
  status = run(foreign.keys(), deployed.input());
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(foreign.keys()));
  status = run(deployed.keys(), foreign.input());
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(foreign.input()));

  status = run(deployed.directory() / "nowhere", deployed.input());
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  status = run(deployed.keys(), deployed.directory() / "nowhere.ct");
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);

  // A store of the same parameters for a program that needs fewer keys.
  program::ProgramBuilder builder(deployed.program().parameters, "small");
  builder.Output("y", builder.Rotate(builder.Input("x", 1, 1), 3), 1);
  Deployment small(builder.Finish());
  status = run(small.keys(), deployed.input());
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("has no"));

  const std::string missing = deployed.keys() + "/" + ReadManifest(deployed.keys())->keys[0].FileName();
  fs::remove(missing);
  status = run(deployed.keys(), deployed.input());
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(missing));
  EXPECT_FALSE(fs::exists(deployed.output())) << "no output is left behind a failure";
}

TEST(Executor, AKeyAtTooLowALevelIsRefused) {
  const auto rotate_at = [](int level) {
    program::ProgramBuilder builder(program::TestParameters(10, 2), "low");
    uint32_t x = builder.Input("x", 1, 1);
    if (level < 2) x = builder.LevelReduce(x, level);
    builder.Output("y", builder.Rotate(x, 3), 1);
    return builder.Finish();
  };
  Deployment low(rotate_at(1)), top(rotate_at(2));
  const Status status = top.RunWith({}, nullptr, low.keys(), low.input()).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("level"));
  // The other way round a key serves every lower level.
  const auto down = low.RunWith({}, nullptr, top.keys(), top.input());
  EXPECT_TRUE(down.ok()) << down.status().message();
}

TEST(Executor, WrongInputsAreToldApart) {
  Deployment deployed(TestProgram(8));
  const scheme::Parameters parameters = deployed.parameters();
  const auto store = KeyStore::Open(deployed.keys());
  ASSERT_TRUE(store.ok());
  const auto engine = Engine::Create(deployed.program(), 0);
  ASSERT_TRUE(engine.ok());
  const auto executor = Executor::Create(**engine, **store, {});
  ASSERT_TRUE(executor.ok());
  EXPECT_EQ((*executor)->Run(&deployed.weights(), {}).status().code(), ErrorCode::kInvalidArgument);

  const auto read = [&] {
    return std::move(ReadCiphertexts(deployed.input(), parameters, (*executor)->pool()).value().ciphertexts);
  };
  {
    auto inputs = read();
    inputs[0].scale *= 1.001;
    EXPECT_EQ((*executor)->Run(&deployed.weights(), std::move(inputs)).status().code(), ErrorCode::kCorrupt);
  }
  if (!deployed.program().weights.empty()) {
    const Status status = (*executor)->Run(nullptr, read()).status();
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("--weights"));
  }
  // A file with a ciphertext too many.
  {
    auto inputs = read();
    for (auto& more : read()) inputs.push_back(std::move(more));
    ASSERT_TRUE(WriteCiphertexts(deployed.input(), parameters, (*store)->manifest().key_set, inputs).ok());
  }
  const Status status = deployed.Run({}).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr(deployed.input()));
}

TEST(Executor, FailingWeightsEndTheRunAndNameTheOperation) {
  struct Failing : WeightSource {
    Status Row(uint32_t, uint32_t, std::span<double>) override { return Corrupt("w.npz: gone"); }
  } failing;
  for (uint64_t seed = 1; seed < 20; ++seed) {
    if (TestProgram(seed).weights.empty()) continue;
    Deployment deployed(TestProgram(seed));
    const Status status = deployed.RunWith({}, &failing, deployed.keys(), deployed.input()).status();
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(status.message(), HasSubstr("w.npz: gone"));
    EXPECT_THAT(status.message(), HasSubstr("encode"));
    EXPECT_FALSE(fs::exists(deployed.output()));
    return;
  }
  FAIL() << "no random program with weights";
}

TEST(Executor, RunsAgainWithTheSameResult) {
  Deployment deployed(TestProgram(10));
  const auto store = KeyStore::Open(deployed.keys());
  ASSERT_TRUE(store.ok());
  const auto engine = Engine::Create(deployed.program(), 2);
  ASSERT_TRUE(engine.ok());
  const auto executor = Executor::Create(**engine, **store, {.mode = Mode::kPlanned});
  ASSERT_TRUE(executor.ok());
  std::vector<lattice::Ciphertext> results[2];
  for (auto& result : results) {
    auto inputs = ReadCiphertexts(deployed.input(), deployed.parameters(), (*executor)->pool());
    ASSERT_TRUE(inputs.ok());
    auto run = (*executor)->Run(&deployed.weights(), std::move(inputs->ciphertexts));
    ASSERT_TRUE(run.ok()) << run.status().message();
    result = std::move(run).value();
  }
  EXPECT_EQ(results[0][0].level, results[1][0].level);
  EXPECT_TRUE(std::equal(results[0][0].parts[1].limb(0), results[0][0].parts[1].limb(0) + deployed.parameters().n(),
                         results[1][0].parts[1].limb(0)));
}

TEST(Stats, JsonHoldsTheDocumentedNames) {
  Deployment deployed(TestProgram(12));
  const auto stats = deployed.Run({.mode = Mode::kStreaming, .threads = 1});
  ASSERT_TRUE(stats.ok());
  const nlohmann::json json = nlohmann::json::parse(ToJson(*stats));
  for (const char* name : {"mode",
                           "threads",
                           "budget_bytes",
                           "wall_seconds",
                           "stall_seconds",
                           "peak_rss_bytes",
                           "peak_key_bytes",
                           "peak_ciphertext_bytes",
                           "peak_plaintext_bytes",
                           "peak_scratch_bytes",
                           "key_bytes_read",
                           "key_chunks_hit",
                           "key_chunks_missed",
                           "key_store_bytes",
                           "rotations",
                           "key_switches",
                           "bootstraps",
                           "galois_keys",
                           "predicted",
                           "key_bytes_read_lower_bound"}) {
    EXPECT_TRUE(json.contains(name)) << name;
  }
  EXPECT_EQ(json["mode"], "streaming");
  EXPECT_EQ(json["predicted"]["key_bytes_read"], stats->key_bytes_read);
  EXPECT_GT(json["peak_rss_bytes"], 1 << 20);
  EXPECT_GT(json["wall_seconds"], 0);
}

}  // namespace
}  // namespace keymemrt::runtime
