// SPDX-License-Identifier: Apache-2.0
//
// Devices for experiments and tests: memory, and another device made slow or broken.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "runtime/io/block_device.h"

namespace keymemrt::runtime {

// Files are read into memory when they are opened; reads are copies of that.
std::unique_ptr<BlockDevice> MakeMemoryDevice();

// At most so many bytes a second, each read beginning so long after it was asked for: planner::Channel in earnest.
std::unique_ptr<BlockDevice> MakeThrottledDevice(std::unique_ptr<BlockDevice> device, double bytes_per_second,
                                                 std::chrono::nanoseconds latency);

// What happens to a read.
struct Fault {
  enum class Kind {
    kNone,
    kShort,  // `amount` bytes at most, in whole blocks
    kError,  // nothing is read, -errno `amount` comes back
    kFlip,   // bit `amount` of what was read is another one, counted round and round
    kDelay,  // `amount` microseconds later
  };
  Kind kind = Kind::kNone;
  uint64_t amount = 0;
};
// Asked at each read, with the number of reads before it; called by one thread at a time.
using FaultPlan = std::function<Fault(const BlockRead& read, uint64_t number)>;
std::unique_ptr<BlockDevice> MakeFaultyDevice(std::unique_ptr<BlockDevice> device, FaultPlan plan);

}  // namespace keymemrt::runtime
