// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store_files.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "runtime/keystore/manifest.h"

namespace keymemrt::runtime {

namespace {

namespace fs = std::filesystem;

enum class FileKind { kForeign, kManifest, kOther, kTemporary };

FileKind Classify(const fs::directory_entry& entry) {
  std::error_code error;
  if (!entry.is_regular_file(error) || entry.is_symlink(error)) return FileKind::kForeign;
  const std::string name = entry.path().filename().string();
  const auto is_final = [](std::string_view base) {
    return base == kManifestName || base == kArrivingName || base.ends_with(kSegmentSuffix);
  };
  if (is_final(name)) {
    std::array<char, 8> magic{};
    std::ifstream(entry.path(), std::ios::binary).read(magic.data(), magic.size());
    const std::string_view text(magic.data(), magic.size());
    if (name == kManifestName && text == "KMRTKEYS") return FileKind::kManifest;
    if (name == kArrivingName && text == "KMRTARRV") return FileKind::kOther;
    if (name.ends_with(kSegmentSuffix) && text == kSegmentMagic) return FileKind::kOther;
    return FileKind::kForeign;
  }
  // AtomicFile's temporary names: ".XXXXXX" appended.
  const size_t dot = name.rfind('.');
  if (dot != std::string::npos && name.size() - dot == 7 && is_final(std::string_view(name).substr(0, dot))) {
    return FileKind::kTemporary;
  }
  return FileKind::kForeign;
}

}  // namespace

Result<std::vector<std::string>> ListKeyStoreFiles(const std::string& directory) {
  std::error_code error;
  fs::directory_iterator it(directory, error);
  if (error) return InvalidArgument("{}: {}", directory, error.message());
  std::vector<std::string> files;
  for (const fs::directory_iterator end; it != end; it.increment(error)) {
    const FileKind kind = Classify(*it);
    if (kind == FileKind::kForeign) continue;
    files.insert(kind == FileKind::kManifest ? files.begin() : files.end(), it->path().filename().string());
  }
  if (error) return Failed("{}: cannot list: {}", directory, error.message());
  return files;
}

Status RemoveKeyStoreFiles(const std::string& directory, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    std::error_code error;
    fs::remove(fs::path(directory) / file, error);
    if (error) return Failed("{}/{}: cannot remove: {}", directory, file, error.message());
  }
  std::error_code ignored;  // other files are in it: it stays
  fs::remove(directory, ignored);
  return Status();
}

}  // namespace keymemrt::runtime
