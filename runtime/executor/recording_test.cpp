// SPDX-License-Identifier: Apache-2.0
//
// Recorded runs: what traces and reports say must be what the run's own figures say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/size.h"
#include "planner/memory.h"
#include "runtime/executor/deployment.h"
#include "runtime/io/simulated_devices.h"
#include "runtime/telemetry/html_report.h"
#include "runtime/telemetry/trace_file.h"

namespace keymemrt::runtime {
namespace {

using nlohmann::json;

std::string Text(const std::string& path) {
  const std::vector<std::byte> bytes = ReadFile(path).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Recorded {
  Stats stats;
  Recorder recorder;
  json trace;
};

Recorded Record(Deployment& deployed, Mode mode, int threads, uint64_t budget = 0,
                std::shared_ptr<ReadQueue> reads = nullptr) {
  Recorded recorded{{}, Recorder(deployed.program().ops.size(), deployed.program().keys.size()), {}};
  const auto stats = deployed.Run({.mode = mode,
                                   .threads = threads,
                                   .budget_bytes = budget,
                                   .recorder = &recorded.recorder,
                                   .reads = std::move(reads)});
  EXPECT_TRUE(stats.ok()) << stats.status().message();
  recorded.stats = *stats;
  const std::string path = deployed.directory() / "trace.json";
  const Status written = WriteTrace(deployed.program(), recorded.recorder, path);
  EXPECT_TRUE(written.ok()) << written.message();
  recorded.trace = json::parse(Text(path));
  return recorded;
}

// The chunks of a use are read ahead also where those of the use before, of the same key, are not all consumed yet: a
// chain of rotations by one key must not wait for each chunk by itself.
TEST(Recording, AKeyThatIsUsedAgainAtOnceIsReadAhead) {
  program::ProgramBuilder builder(program::TestParameters(12, 2), "chain");
  uint32_t x = builder.Input("x", 2048, 2048);
  for (int i = 0; i < 20; ++i) x = builder.Rotate(x, 1);
  builder.Output("y", x, 2048);
  Deployment deployed(builder.Finish());
  for (const int threads : {1, 2}) {
    // So slow that whoever reads ahead is ahead, however busy the machine is.
    const auto reads =
        std::make_shared<ReadQueue>(MakeThrottledDevice(MakePreadDevice(8), 1e9, std::chrono::milliseconds(1)));
    const Recorded recorded = Record(deployed, Mode::kStreaming, threads, 0, reads);
    uint64_t chunks = 0, by_evaluation = 0;
    for (const json& event : recorded.trace["traceEvents"]) {
      if (event.value("cat", "") != "read") continue;
      const uint64_t count = event["args"]["chunks"];
      chunks += count;
      if (event["tid"] == 200) by_evaluation += count;  // the track of reads on the spot
    }
    EXPECT_EQ(chunks, recorded.stats.key_chunks_missed);
    EXPECT_LT(by_evaluation, chunks / 2) << threads << " threads";
  }
  EXPECT_LT(deployed.WorstError(), 1e-3);
}

TEST(Recording, ATraceSaysWhatTheStatisticsSay) {
  for (uint64_t seed = 50; seed < 54; ++seed) {
    Deployment deployed(TestProgram(seed));
    for (const Mode mode : kModes) {
      for (const int threads : {1, 3}) {
        SCOPED_TRACE(fmt::format("program {}, {}, {} threads", seed, ModeName(mode), threads));
        const Recorded recorded = Record(deployed, mode, threads);
        const Stats& stats = recorded.stats;
        ASSERT_EQ(recorded.recorder.shortest_kept(), 0) << "nothing was left out";

        std::map<int, double> ends;  // by track
        std::map<std::string, std::vector<std::pair<double, uint64_t>>> counters;
        std::map<int, std::string> names;
        size_t operations = 0;
        uint64_t chunks_read = 0;
        double stalled = 0;
        for (const json& event : recorded.trace["traceEvents"]) {
          const std::string phase = event["ph"];
          if (phase == "M") {
            if (event["name"] == "thread_name") names[event["tid"]] = event["args"]["name"];
          } else if (phase == "X") {
            // What is on one track happens one after the other.
            const double begin = event["ts"], duration = event["dur"];
            const int track = event["tid"];
            EXPECT_GE(begin, 0);
            EXPECT_GE(duration, 0);
            EXPECT_GE(begin, ends[track] - 0.002) << names[track] << ": rounded to a thousandth";
            EXPECT_LE(begin + duration, stats.wall_seconds * 1e6 + 1e5);
            EXPECT_TRUE(names.contains(track)) << track;
            ends[track] = begin + duration;
            operations += event["cat"] == "operation";
            if (event["cat"] == "read") chunks_read += event["args"]["chunks"].get<uint64_t>();
            if (event["cat"] == "stall") stalled += duration;
          } else {
            ASSERT_EQ(phase, "C");
            ASSERT_TRUE(event["args"]["bytes"].is_number_unsigned()) << "never below zero";
            counters[event["name"]].emplace_back(event["ts"], event["args"]["bytes"]);
          }
        }
        size_t with_result = 0;
        for (const program::Op& op : deployed.program().ops) with_result += op.result != program::kNone;
        EXPECT_EQ(operations, with_result);
        EXPECT_EQ(chunks_read, stats.key_chunks_missed);
        EXPECT_EQ(chunks_read * deployed.parameters().chunk_bytes(), stats.key_bytes_read);
        const double longest_share = stats.stall_seconds * 1e6 * threads;
        EXPECT_LE(stalled, longest_share * 1.001 + 1);
        EXPECT_GE(stalled, longest_share / threads * 0.999 - 1);

        const auto highest = [&](const char* name) {
          uint64_t most = 0;
          double last = -1;
          for (const auto& [time, bytes] : counters[name]) {
            EXPECT_GT(time, last);
            last = time;
            most = std::max(most, bytes);
          }
          return most;
        };
        EXPECT_EQ(highest("keys"), stats.peak_key_bytes);
        EXPECT_EQ(highest("ciphertexts"), stats.peak_ciphertext_bytes);
        EXPECT_EQ(highest("plaintexts"), stats.peak_plaintext_bytes);
        EXPECT_EQ(highest("scratch"), stats.peak_scratch_bytes);
        EXPECT_EQ(highest("all"), stats.peak_slot_bytes);
      }
    }
  }
}

TEST(Recording, StallsAndResidencyAddUp) {
  Deployment deployed(TestProgram(55));
  for (const Mode mode : kModes) {
    for (const int threads : {1, 3}) {
      SCOPED_TRACE(fmt::format("{}, {} threads", ModeName(mode), threads));
      const Recorded recorded = Record(deployed, mode, threads);
      double stalled = 0;
      for (const auto& column : recorded.recorder.stalls().columns()) stalled += column.seconds;
      EXPECT_NEAR(stalled, recorded.stats.stall_seconds, 1e-6);
      const planner::Trace trace = deployed.Trace(threads);
      for (uint32_t key = 0; key < trace.key_chunks.size(); ++key) {
        const auto& series = recorded.recorder.resident()[key];
        uint32_t most = 0;
        for (const auto& column : series.columns()) most = std::max(most, column.most);
        EXPECT_GT(most, 0u) << "every key of a program is used";
        EXPECT_LE(most, trace.key_chunks[key]);
        if (mode == Mode::kResident) {
          EXPECT_EQ(series.level().most, trace.key_chunks[key]);
        } else if (mode != Mode::kPlanned) {
          EXPECT_EQ(series.level().most, 0u) << "dropped after use";
        }
      }
    }
  }
}

TEST(Recording, ItsMemoryIsPartOfTheBudget) {
  Deployment deployed(TestProgram(56));
  const auto plain = deployed.Run({.threads = 1});
  ASSERT_TRUE(plain.ok());
  const Recorded recorded = Record(deployed, Mode::kPlanned, 1);
  EXPECT_EQ(recorded.stats.fixed_bytes, plain->fixed_bytes + recorded.recorder.bytes());
  EXPECT_EQ(recorded.stats.predicted.peak_bytes, plain->predicted.peak_bytes + recorded.recorder.bytes());
}

TEST(Recording, IsOfTheLastRun) {
  Deployment deployed(TestProgram(57));
  Recorder recorder(deployed.program().ops.size(), deployed.program().keys.size());
  size_t events[2];
  for (size_t& count : events) {
    ASSERT_TRUE(deployed.Run({.mode = Mode::kImperative, .threads = 1, .recorder = &recorder}).ok());
    count = recorder.events().size();
    EXPECT_GE(recorder.end(), recorder.operations().back().end);
  }
  EXPECT_EQ(events[0], events[1]);
}

std::string Report(Deployment& deployed, const Recorded& recorded) {
  const std::string path = deployed.directory() / "report.html";
  const Status written = WriteHtmlReport(deployed.program(), recorded.stats, recorded.recorder, path);
  EXPECT_TRUE(written.ok()) << written.message();
  return Text(path);
}

// Every element is closed, in order; contents of scripts and styles are no elements.
void ExpectBalanced(const std::string& html) {
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = html.substr(at + 1, html.find_first_of(" >", at) - at - 1);
    if (tag == "!doctype" || tag == "meta" || html[end - 1] == '/') continue;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty()) << tag;
      ASSERT_EQ("/" + open.back(), tag);
      open.pop_back();
      continue;
    }
    open.push_back(tag);
    if (tag == "script" || tag == "style") at = html.find("</" + tag, at) - 1;
  }
  EXPECT_TRUE(open.empty()) << open.back();
}

TEST(Recording, AReportShowsTheRunAndRefersToNothingOutside) {
  Deployment deployed(TestProgram(58));
  const uint64_t budget = planner::ResidentCost(deployed.Trace(1)).peak_bytes + (uint64_t{4} << 20);
  for (const Mode mode : kModes) {
    SCOPED_TRACE(ModeName(mode));
    const Recorded recorded = Record(deployed, mode, 1, budget);
    const std::string html = Report(deployed, recorded);
    EXPECT_THAT(html, testing::HasSubstr("budget " + FormatSize(budget)));
    EXPECT_THAT(html, testing::HasSubstr(fmt::format("mode {}", ModeName(mode))));
    EXPECT_THAT(html, testing::HasSubstr(FormatSize(recorded.stats.predicted.peak_bytes)));
    EXPECT_THAT(html, testing::HasSubstr(FormatSize(recorded.stats.key_bytes_read)));
    for (const program::Key& key : deployed.program().keys) {
      const std::string name = key.shift != 0 ? fmt::format("rotation {}", key.shift) : key.id.ToString();
      EXPECT_THAT(html, testing::HasSubstr(fmt::format("<title>{}, level {}:", name, key.level)));
    }
    for (const char* reference : {"http", "src=", "href=", "url(", "@import", "//", "fetch(", "import("}) {
      EXPECT_THAT(html, testing::Not(testing::HasSubstr(reference)));
    }
    EXPECT_THAT(html, testing::Not(testing::HasSubstr("nan")));
    ExpectBalanced(html);
    const json all = json::parse(ToJson(recorded.stats));
    for (const auto& [name, value] : all.items()) {
      if (value.is_object()) continue;
      EXPECT_THAT(html, testing::HasSubstr("<td>" + name + "</td>"));
    }
    // The chart's figures: the highest sum is the pool's peak.
    const size_t begin = html.find("const data = ") + 13;
    const json data = json::parse(html.substr(begin, html.find(";\n", begin) - begin));
    uint64_t highest = 0;
    for (const json& column : data["bytes"]) {
      uint64_t sum = 0;
      for (const json& bytes : column) sum += bytes.get<uint64_t>();
      highest = std::max(highest, sum);
    }
    EXPECT_EQ(highest, recorded.stats.fixed_bytes + recorded.stats.peak_slot_bytes);
  }
}

TEST(Recording, AProgramWithoutKeysHasAReportToo) {
  program::ProgramBuilder builder(program::TestParameters(10, 2), "keyless");
  builder.Output("y", builder.Negate(builder.Input("x", 1, 1)), 1);
  Deployment deployed(builder.Finish());
  const std::string html = Report(deployed, Record(deployed, Mode::kPlanned, 1));
  ExpectBalanced(html);
  EXPECT_THAT(html, testing::Not(testing::HasSubstr("nan")));
}

TEST(Recording, NamesFromAModelAreEscaped) {
  program::ProgramBuilder builder(program::TestParameters(10, 2), "a\"b\\<script>\xff");
  builder.Output("y", builder.Rotate(builder.Input("x", 1, 1), 3), 1);
  Deployment deployed(builder.Finish());
  const Recorded recorded = Record(deployed, Mode::kStreaming, 1);
  EXPECT_THAT(recorded.trace["traceEvents"][0]["args"]["name"].get<std::string>(),
              testing::HasSubstr("a\"b\\<script>"));
  const std::string html = Report(deployed, recorded);
  EXPECT_THAT(html, testing::HasSubstr("<h1>a&quot;b\\&lt;script&gt;"));
  ExpectBalanced(html);
}

}  // namespace
}  // namespace keymemrt::runtime
