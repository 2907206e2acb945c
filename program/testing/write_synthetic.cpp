// SPDX-License-Identifier: Apache-2.0
//
// synthetic-program LOG_N SPARE_LEVELS OUT.kmrt: writes SyntheticProgram, for benchmarks and tests of whole commands.
// synthetic-program LOG_N cnn OUT.kmrt: CnnProgram.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "program/testing/builder.h"

int main(int argc, char** argv) {
  const int log_n = argc == 4 ? std::atoi(argv[1]) : 0, spare_levels = argc == 4 ? std::atoi(argv[2]) : -1;
  if (log_n < 10 || log_n > 16 || spare_levels < 0 || spare_levels > 24) {
    std::fprintf(stderr, "usage: synthetic-program LOG_N SPARE_LEVELS|cnn OUT.kmrt (10 to 16, 0 to 24)\n");
    return 2;
  }
  using namespace keymemrt::program;
  const bool cnn = std::string_view(argv[2]) == "cnn";
  const keymemrt::Status status = Write(cnn ? CnnProgram(log_n) : SyntheticProgram(log_n, spare_levels), argv[3]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return keymemrt::ExitCode(status.code());
}
