// SPDX-License-Identifier: Apache-2.0
#include "runtime/calibration/calibration.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "runtime/format/temporary_directory.h"

namespace keymemrt::runtime {
namespace {

planner::Machine Sample() {
  planner::Machine machine = planner::DefaultMachine();
  machine.processor = ThisProcessor();
  machine.store.bytes_per_second = 123456789.25;
  return machine;
}

TEST(Calibration, MeasuresEveryKindOfWork) {
  const TemporaryDirectory directory;
  CalibrationOptions options;
  options.log_ns = {11, 12};
  options.seconds_per_operation = 0.002;
  options.passes = 1;
  options.store_directory = directory.path();
  std::vector<std::string> said;
  const Result<planner::Machine> machine = Calibrate(options, [&](const std::string& what) { said.push_back(what); });
  ASSERT_TRUE(machine.ok()) << machine.status().message();
  EXPECT_EQ(said.size(), 3u);
  ASSERT_EQ(machine->rings.size(), 2u);
  for (const planner::RingRates& rates : machine->rings) {
    for (size_t w = 0; w < planner::kWidths; ++w) {
      EXPECT_GT(rates.transform[w] + rates.key_product[w] + rates.conversion[w], 0);
    }
    EXPECT_GE(rates.serial_share, 0);
    EXPECT_LE(rates.serial_share, 1);
  }
  EXPECT_GT(machine->store.bytes_per_second, 0);
  EXPECT_GT(machine->store.latency_seconds, 0);
  EXPECT_TRUE(directory.Files().empty());  // the keys that were read are gone
}

TEST(Calibration, ADirectoryThatIsNotThereIsSaid) {
  CalibrationOptions options;
  options.log_ns = {10};
  options.store_directory = "/nowhere/at/all";
  const Result<planner::Machine> machine = Calibrate(options);
  ASSERT_FALSE(machine.ok());
  EXPECT_NE(machine.status().message().find("/nowhere/at/all"), std::string::npos);
}

TEST(MachineFile, KeepsEveryFigure) {
  const TemporaryDirectory directory;
  const std::string path = directory / "a/b/machine.json";
  const planner::Machine machine = Sample();
  ASSERT_TRUE(WriteMachine(machine, path).ok());
  const Result<planner::Machine> read = ReadMachine(path);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->processor, machine.processor);
  EXPECT_EQ(read->processors, machine.processors);
  EXPECT_EQ(read->store.bytes_per_second, machine.store.bytes_per_second);
  ASSERT_EQ(read->rings.size(), machine.rings.size());
  for (size_t i = 0; i < machine.rings.size(); ++i) {
    EXPECT_EQ(read->rings[i].log_n, machine.rings[i].log_n);
    EXPECT_EQ(read->rings[i].transform, machine.rings[i].transform);
    EXPECT_EQ(read->rings[i].embedding, machine.rings[i].embedding);
  }
}

TEST(MachineFile, RefusesWhatIsNoCalibration) {
  const TemporaryDirectory directory;
  const std::string path = directory / "machine.json";
  EXPECT_EQ(ReadMachine(path).status().code(), ErrorCode::kInvalidArgument);
  for (
      const char* text :
      {"", "{", "[]", "{\"version\": 3}", "{\"version\": 99}",
       R"({"version":4,"processor":"x","processors":1,"rings":[],"store":{"bytes_per_second":1,"seconds_per_read":0,"handover_seconds":0,)"
       R"("latency_seconds":0,"processor_seconds_per_read":0,"processor_seconds_per_byte":0}})",
       R"({"version":4,"processor":5,"processors":"many","rings":3,"store":{}})"}) {
    ASSERT_TRUE(WriteFile(path, AsBytes(text)).ok());
    EXPECT_EQ(ReadMachine(path).status().code(), ErrorCode::kCorrupt) << text;
  }
}

TEST(MachineFile, OnlyThisProcessorsFiguresAreUsed) {
  const TemporaryDirectory directory;
  ASSERT_EQ(setenv("XDG_CACHE_HOME", directory.path().c_str(), 1), 0);
  const Result<std::string> path = MachineFilePath();
  ASSERT_TRUE(path.ok());
  EXPECT_NE(LoadMachine().source.find("built-in"), std::string::npos);
  planner::Machine machine = Sample();
  ASSERT_TRUE(WriteMachine(machine, *path).ok());
  EXPECT_EQ(LoadMachine().machine.store.bytes_per_second, machine.store.bytes_per_second);
  machine.processor = "abacus";
  ASSERT_TRUE(WriteMachine(machine, *path).ok());
  EXPECT_NE(LoadMachine().source.find("another processor"), std::string::npos);
  unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace keymemrt::runtime
