// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <list>

#include "planner/problem.h"

namespace keymemrt::planner {

Result<LruResult> SimulateLru(const Trace& trace, uint64_t budget_bytes) {
  KMRT_RETURN_IF_ERROR(CheckBudget(trace, budget_bytes));
  struct Entry {
    uint64_t chunks = 0;  // resident; 0: not in `order`
    std::list<uint32_t>::iterator position;
  };
  std::vector<Entry> keys(trace.key_chunks.size());
  std::list<uint32_t> order;  // least recently used first
  uint64_t load = 0;
  const auto evict = [&](uint32_t key) {
    load -= keys[key].chunks;
    keys[key].chunks = 0;
    order.erase(keys[key].position);
  };

  LruResult result;
  for (size_t u = 0; u < trace.uses.size(); ++u) {
    const KeyUse& use = trace.uses[u];
    const uint64_t capacity = static_cast<uint64_t>(Capacity(trace, budget_bytes, u));
    Entry& entry = keys[use.key];
    uint64_t found = std::min<uint64_t>(entry.chunks, use.chunks);
    uint64_t after = std::max<uint64_t>(entry.chunks, use.chunks);
    if (entry.chunks != 0) {
      load -= entry.chunks;
      order.erase(entry.position);
      entry.chunks = 0;
    }
    if (after > capacity) {
      // Too large to stay; and if what was there of it is too large too, it is gone before the use.
      found = std::min(found, capacity);
      after = 0;
    }
    while (load + std::max(after, found) > capacity) evict(order.front());
    if (after != 0) {
      entry.chunks = after;
      entry.position = order.insert(order.end(), use.key);
      load += after;
    }
    if (found < use.chunks) ++result.uses_missed;
    result.chunks_read += use.chunks - found;
  }
  result.bytes_read = result.chunks_read * trace.slot_bytes;
  return result;
}

}  // namespace keymemrt::planner
