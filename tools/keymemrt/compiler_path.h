// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.h"

namespace keymemrt::tools {

// keymemrt-compile, beside the running program. kInvalidArgument: this is a build without it.
Result<std::string> CompilerPath();

}  // namespace keymemrt::tools
