// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace keymemrt::tools {

Progress::Progress(std::string what, bool quiet)
    : what_(std::move(what)), quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::Show(size_t done, size_t total) {
  if (quiet_ || total == 0) return;
  if (terminal_) {
    constexpr size_t kWidth = 40;
    const size_t filled = kWidth * done / total;
    fmt::print(stderr, "\r{} [{}{}] {}/{}", what_, std::string(filled, '#'), std::string(kWidth - filled, ' '), done, total);
    std::fflush(stderr);
    open_ = true;
  } else if (const size_t tenth = 10 * done / total; tenth != last_tenth_) {
    last_tenth_ = tenth;
    fmt::print(stderr, "{}: {} of {}\n", what_, done, total);
  }
}

void Progress::End() {
  if (open_) fmt::print(stderr, "\n");
  open_ = false;
}

}  // namespace keymemrt::tools
