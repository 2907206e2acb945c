// SPDX-License-Identifier: Apache-2.0
//
// The programs beside the running one that do what it does not link the libraries for.
#pragma once

#include <string>

#include "base/status.h"

namespace keymemrt::tools {

// keymemrt-compile and keymemrt-import. kInvalidArgument: this is a build without it.
Result<std::string> CompilerPath();
Result<std::string> ImporterPath();

}  // namespace keymemrt::tools
