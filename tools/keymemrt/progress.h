// SPDX-License-Identifier: Apache-2.0
//
// Progress of long work: a bar on a terminal, a plain line at each tenth elsewhere, nothing when quiet. On standard error.
#pragma once

#include <cstddef>
#include <string>

namespace keymemrt::tools {

class Progress {
 public:
  Progress(std::string what, bool quiet);
  void Show(size_t done, size_t total);
  // Ends the bar's line. Called by the destructor too.
  void End();
  ~Progress() { End(); }

 private:
  std::string what_;
  bool quiet_, terminal_, open_ = false;
  size_t last_tenth_ = 0;
};

}  // namespace keymemrt::tools
