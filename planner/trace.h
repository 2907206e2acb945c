// SPDX-License-Identifier: Apache-2.0
//
// The key trace of a program: what is known of its keys before it runs, and all that planning needs to know of it.
// Plain numbers, made by whoever has a program; nothing here knows of programs, files or cryptography.
//
// All large memory of a run is slots of one size (base/slot_pool.h); a key is a sequence of chunks of one slot each, of
// which a use at a lower level needs a prefix (scheme::Parameters::ChunkCount). So every page of this paging problem
// has the same size, and which keys are resident is a number per key. Other things that are made of slots and dear to
// get again, plaintexts say, are "keys" with a cost of their own.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"

namespace keymemrt::planner {

// What a use costs beside its bytes: a hoisted rotation reuses digits, so that it passes its key several times faster;
// a double-hoisted one leaves out the division by P, too.
enum class UseKind : uint8_t { kFull = 0, kHoisted = 1, kRelinearize = 2, kDoubleHoisted = 3 };

struct KeyUse {
  uint32_t op = 0;      // index of the operation in the program: for messages
  uint32_t key = 0;     // index into Trace::key_chunks
  uint32_t chunks = 0;  // needs the key's first `chunks` chunks, at least one
  UseKind kind = UseKind::kFull;
  // The most slots that anything but keys takes from the start of this use to the start of the next one (or the end):
  // ciphertexts, plaintexts, digits, scratch.
  uint64_t other_slots = 0;
  // Whether the key's lifetime (load_key .. clear_key) begins between the key's previous use and this one. It binds no
  // plan; the imperative mode loads and drops keys by it.
  bool opens_lifetime = true;
};

struct Trace {
  uint64_t slot_bytes = 0;           // N * 8
  uint64_t fixed_bytes = 0;          // of the process outside slots: code, tables, thread stacks
  uint64_t ring_slots = 0;           // slots through which chunks pass that do not stay
  uint64_t prologue_slots = 0;       // the most slots taken before the first use
  std::vector<uint32_t> key_chunks;  // per key: how many it has
  std::vector<double> key_costs;     // per key: of a chunk that is not there when it is used, above 0; empty: all alike
  std::vector<KeyUse> uses;          // in order
};

// kInvalidArgument, naming the use: a key out of range, no chunks or more than the key has, slots of no bytes, more
// than 2^31 uses, or sizes whose sum does not fit into 62 bits; costs of some keys only, or none of a key.
Status CheckTrace(const Trace& trace);

// Sets other_slots and prologue_slots: each to the most of what the operations take that it stands for, by operation.
// A use stands for its operation also where the next use is one of the same operation. REQUIRES: the uses are in the
// order of their operations, which are in range.
void SetOtherSlots(const std::vector<uint64_t>& slots_by_op, Trace& trace);

// Chunks that the uses need in total, and those of distinct chunks: what is read with no and with endless memory.
uint64_t ChunksUsed(const Trace& trace);
uint64_t DistinctChunksUsed(const Trace& trace);

}  // namespace keymemrt::planner
