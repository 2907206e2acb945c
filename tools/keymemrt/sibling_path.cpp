// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/sibling_path.h"

#include <filesystem>

namespace keymemrt::tools {

namespace {

Result<std::string> SiblingPath(const std::string& name, const std::string& advice) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (self.parent_path() / name).string();
  if (error || !std::filesystem::exists(path)) return InvalidArgument("{} is not there: {}", path, advice);
  return path;
}

}  // namespace

Result<std::string> CompilerPath() {
  return SiblingPath("keymemrt-compile",
                     "this is a build without the compiler (KMRT_COMPILER=OFF); compile on a machine that has it and "
                     "bring the .kmrt file");
}

Result<std::string> ImporterPath() {
  return SiblingPath("keymemrt-import", "import on a machine that has it and bring the .mlir and .npz files");
}

}  // namespace keymemrt::tools
