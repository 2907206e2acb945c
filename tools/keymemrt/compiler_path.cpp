// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/compiler_path.h"

#include <filesystem>

namespace keymemrt::tools {

Result<std::string> CompilerPath() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string compiler = (self.parent_path() / "keymemrt-compile").string();
  if (error || !std::filesystem::exists(compiler)) {
    return InvalidArgument(
        "{} is not there: this is a build without the compiler (KMRT_COMPILER=OFF); compile on a "
        "machine that has it and bring the .kmrt file",
        compiler);
  }
  return compiler;
}

}  // namespace keymemrt::tools
