// SPDX-License-Identifier: Apache-2.0
//
// For tests: a directory that is gone, with all that is in it, when the object dies.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

namespace keymemrt::runtime {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "keymemrt.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

  // Every file within, relative to the directory.
  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (!entry.is_directory()) files.push_back(std::filesystem::relative(entry.path(), path_).string());
    }
    return files;
  }

 private:
  std::string path_;
};

}  // namespace keymemrt::runtime
