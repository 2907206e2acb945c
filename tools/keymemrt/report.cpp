// SPDX-License-Identifier: Apache-2.0
#include "tools/keymemrt/report.h"

#include <fmt/format.h>

#include <cstdio>

namespace keymemrt::tools {

std::optional<int> ParseArguments(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has codes of its own; ours are 0 (help was asked for) and 2 (wrong usage).
    return app.exit(error) == 0 ? 0 : 2;
  }
  return std::nullopt;
}

int Fail(const Status& status) {
  fmt::print(stderr, "keymemrt: error: {}\n", status.message());
  return ExitCode(status.code());
}

void WarnIfInsecure(const program::Program& program) {
  const Result<scheme::Parameters> parameters = program.CheckedParameters();
  if (!parameters.ok() || parameters->Is128BitSecure()) return;
  fmt::print(stderr,
             "keymemrt: warning: INSECURE parameters: log2(QP) = {:.1f} bits at N=2^{}, at most {} are 128-bit secure. Use for "
             "experiments only.\n",
             parameters->LogQP(parameters->max_level()), parameters->log_n(), scheme::MaxLogQP(parameters->log_n()));
}

OperationCounts Count(const program::Program& program) {
  OperationCounts counts;
  for (const program::Op& op : program.ops) {
    const bool lifetime = op.opcode == program::Opcode::kLoadKey || op.opcode == program::Opcode::kClearKey;
    if (op.key == program::kNone || lifetime) continue;
    ++counts.key_switches;
    counts.rotations += program.keys[op.key].id.kind == scheme::KeyKind::kRotation;
  }
  for (const program::Key& key : program.keys) counts.rotation_keys += key.id.kind == scheme::KeyKind::kRotation;
  return counts;
}

std::string Summarize(const program::Program& program) {
  const OperationCounts counts = Count(program);
  const Result<scheme::Parameters> parameters = program.CheckedParameters();
  return fmt::format("{}: {}; {} operations, {} rotations, {} rotation keys", program.name,
                     parameters.ok() ? parameters->Describe() : "unusable parameters", program.ops.size(), counts.rotations,
                     counts.rotation_keys);
}

}  // namespace keymemrt::tools
