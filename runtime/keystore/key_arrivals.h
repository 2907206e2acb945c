// SPDX-License-Identifier: Apache-2.0
//
// Private to key_store.h: what a store knows of keys that are still arriving.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/io/directory_watch.h"
#include "runtime/keystore/key_store.h"

namespace keymemrt::runtime {

// Everything under the mutex, also while somebody waits: others who look find it taken.
struct KeyStore::Arrivals {
  struct File {
    size_t key = 0;
    int level = 0;
  };

  Arrivals(const KeyStore& the_store, DirectoryWatch the_watch, Say the_say);

  // Looks at what has come. kCorrupt, kFailed: nothing more will.
  Status LookAtAll();
  Status Update(bool wait);
  // kCorrupt when the store is complete without the key.
  Status Hopeless(size_t key) const;
  std::string Describe(size_t key) const;

  const KeyStore& store;
  std::mutex mutex;
  DirectoryWatch watch;
  const Say say;

 private:
  Status LookAtManifest();
  Status LookAt(const File& file);

  std::map<std::string, File> files;          // that would do, by name
  std::map<std::string, SegmentSeal> sealed;  // that the manifest names
  std::map<scheme::KeyId, int> listed;        // in the manifest: up to which level
  bool complete = false;                      // no more keys come than the manifest lists
  size_t there = 0;
  std::vector<std::string> problems;  // by key: why what came under its name does not do
};

}  // namespace keymemrt::runtime
