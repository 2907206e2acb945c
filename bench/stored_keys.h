// SPDX-License-Identifier: Apache-2.0
//
// Key stores for benchmarks: on a disk, read past the page cache (cold), or in a file system in memory (warm).
#pragma once

#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/slot_pool.h"
#include "bench/set_up.h"
#include "lattice/keys/keys.h"
#include "runtime/keystore/key_store.h"
#include "runtime/keystore/key_store_writer.h"

namespace keymemrt::bench {

inline bool IsInMemory(const std::string& directory) {
  struct statfs file_system;
  if (statfs(directory.c_str(), &file_system) != 0) Need(Failed("{}: cannot be examined", directory));
  return file_system.f_type == TMPFS_MAGIC || file_system.f_type == RAMFS_MAGIC;
}

// Where to put a store: TMPDIR or /tmp, when that is on a disk, else /var/tmp.
inline std::string ColdDirectory() {
  for (const std::string& directory : {std::filesystem::temp_directory_path().string(), std::string("/var/tmp")}) {
    if (!IsInMemory(directory)) return directory;
  }
  Need(Failed("TMPDIR, /tmp and /var/tmp are all in memory: set TMPDIR to a directory on a disk"));
  return "";
}
inline std::string WarmDirectory() {
  const std::string directory = "/dev/shm";
  if (!IsInMemory(directory)) Need(Failed("{} is not in memory", directory));
  return directory;
}

// The rotation keys of `shifts`, for use up to `level`, in a key store under `parent` that is gone with the object.
class StoredKeys {
 public:
  StoredKeys(const std::string& parent, const lattice::Context& context, SlotPool& pool,
             const lattice::SecretKey& secret, const lattice::Seed& a_seed, const std::vector<int64_t>& shifts,
             int level)
      : directory_(parent + "/keymemrt-bench.XXXXXX") {
    if (mkdtemp(directory_.data()) == nullptr) Need(Failed("{}: cannot make a directory", directory_));
    auto writer = Need(runtime::KeyStoreWriter::Open(directory_, context.parameters(), true,
                                                     Need(runtime::KeySetId::Random()), a_seed));
    for (const int64_t shift : shifts) {
      const scheme::KeyId key = context.parameters().RotationKey(shift);
      Need(writer->Add(key, level, [&](int up_to, const lattice::ChunkSink& sink) {
        return lattice::GenerateSwitchingKey(context, pool, secret, a_seed, key, up_to, sink);
      }));
    }
    Need(writer->Commit());
    store_ = Need(runtime::KeyStore::Open(directory_));
  }
  ~StoredKeys() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  StoredKeys(const StoredKeys&) = delete;
  StoredKeys& operator=(const StoredKeys&) = delete;

  const runtime::KeyStore& store() const { return *store_; }

 private:
  std::string directory_;
  std::unique_ptr<runtime::KeyStore> store_;
};

}  // namespace keymemrt::bench
