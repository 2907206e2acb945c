// SPDX-License-Identifier: Apache-2.0
//
// Status and Result<T>: how every room outside the compiler reports failure. No exception crosses a room's border.
// The code says whose fault it is and so picks the process's exit code (docs: cli); the message says which file, which
// line, what was expected and what to do.
#pragma once

#include <fmt/format.h>

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace keymemrt {

enum class ErrorCode {
  kOk = 0,
  kFailed,           // failed while running: I/O error, full disk, internal contradiction   -> exit 1
  kInvalidArgument,  // wrong usage: an argument the caller could have known to be wrong      -> exit 2
  kInfeasible,       // the memory budget cannot be met; the message holds the least feasible -> exit 3
  kCorrupt,          // an input file is damaged, of another version, or of another program,
                     // parameter set or client                                              -> exit 4
  kUnavailable,      // not now: what it needs is in use; the same call may succeed later    -> exit 1
};

// The process exit code that `code` ends in.
int ExitCode(ErrorCode code);

class [[nodiscard]] Status {
 public:
  Status() = default;  // ok
  Status(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == ErrorCode::kOk; }
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure seen from one level up: "context: message". Ok stays ok.
  Status WithContext(std::string_view context) const;

 private:
  ErrorCode code_ = ErrorCode::kOk;
  std::string message_;
};

template <typename... Args>
Status Failed(fmt::format_string<Args...> format, Args&&... args) {
  return Status(ErrorCode::kFailed, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Status InvalidArgument(fmt::format_string<Args...> format, Args&&... args) {
  return Status(ErrorCode::kInvalidArgument, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Status Infeasible(fmt::format_string<Args...> format, Args&&... args) {
  return Status(ErrorCode::kInfeasible, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
Status Corrupt(fmt::format_string<Args...> format, Args&&... args) {
  return Status(ErrorCode::kCorrupt, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
Status Unavailable(fmt::format_string<Args...> format, Args&&... args) {
  return Status(ErrorCode::kUnavailable, fmt::format(format, std::forward<Args>(args)...));
}

// A value or the reason why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                                  // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) { assert(!status_.ok()); }  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  const Status& status() const { return status_; }

  // REQUIRES: ok().
  T& value() & { assert(ok()); return *value_; }
  const T& value() const& { assert(ok()); return *value_; }
  T value() && { assert(ok()); return std::move(*value_); }  // by value: safe in range-for
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace keymemrt

// KMRT_RETURN_IF_ERROR(expr): leave the function with expr's Status unless it is ok.
#define KMRT_RETURN_IF_ERROR(...)                         \
  do {                                                    \
    ::keymemrt::Status kmrt_status_ = (__VA_ARGS__);      \
    if (!kmrt_status_.ok()) return kmrt_status_;          \
  } while (false)

// KMRT_ASSIGN_OR_RETURN(lhs, expr): lhs = value of expr's Result, or leave the function with its Status.
#define KMRT_ASSIGN_OR_RETURN(lhs, ...) KMRT_ASSIGN_OR_RETURN_(KMRT_CONCAT_(kmrt_result_, __LINE__), lhs, __VA_ARGS__)
#define KMRT_ASSIGN_OR_RETURN_(tmp, lhs, ...) \
  auto tmp = (__VA_ARGS__);                   \
  if (!tmp.ok()) return tmp.status();         \
  lhs = std::move(tmp).value()
#define KMRT_CONCAT_(a, b) KMRT_CONCAT2_(a, b)
#define KMRT_CONCAT2_(a, b) a##b
