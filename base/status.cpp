// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

namespace keymemrt {

int ExitCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOk:
      return 0;
    case ErrorCode::kFailed:
    case ErrorCode::kUnavailable:
      return 1;
    case ErrorCode::kInvalidArgument:
      return 2;
    case ErrorCode::kInfeasible:
      return 3;
    case ErrorCode::kCorrupt:
      return 4;
  }
  return 1;
}

Status Status::WithContext(std::string_view context) const {
  if (ok()) return *this;
  return Status(code_, fmt::format("{}: {}", context, message_));
}

}  // namespace keymemrt
