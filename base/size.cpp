// SPDX-License-Identifier: Apache-2.0
#include "base/size.h"

#include <cctype>
#include <charconv>
#include <cmath>

namespace keymemrt {

Result<uint64_t> ParseSize(std::string_view text) {
  const auto bad = [&] { return InvalidArgument("'{}' is not a size; write bytes or e.g. 512MiB, 1.5GiB", text); };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return bad();
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c) {
    if (*c == ' ' && unit.empty()) continue;
    unit.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(*c))));
  }
  double factor = 0;
  if (unit.empty() || unit == "b") {
    factor = 1;
  } else {
    const std::string_view letters = "kmgt";
    const size_t power = letters.find(unit[0]);
    if (power == std::string_view::npos) return bad();
    const std::string_view rest = std::string_view(unit).substr(1);
    if (rest == "ib") {
      factor = std::pow(1024.0, static_cast<double>(power + 1));
    } else if (rest == "b") {
      factor = std::pow(1000.0, static_cast<double>(power + 1));
    } else {
      return bad();
    }
  }
  const double bytes = number * factor;
  if (bytes >= 9.2e18) return bad();
  return static_cast<uint64_t>(bytes);
}

std::string FormatSize(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024.0;
  size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < std::size(units)) {
    value /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 99.95 ? 1 : 0, units[unit]);
}

}  // namespace keymemrt
