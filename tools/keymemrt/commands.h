// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of keymemrt, one file each. Add... declares a command's arguments; when the command line names it,
// its callback runs and leaves the process's exit code in `exit_code`.
#pragma once

#include <CLI/CLI.hpp>

namespace keymemrt::tools {

void AddExplain(CLI::App& app, int& exit_code);
void AddCalibrate(CLI::App& app, int& exit_code);
void AddKeygen(CLI::App& app, int& exit_code);
void AddEncrypt(CLI::App& app, int& exit_code);
void AddRun(CLI::App& app, int& exit_code);
void AddDecrypt(CLI::App& app, int& exit_code);
void AddCleartext(CLI::App& app, int& exit_code);
void AddKeys(CLI::App& app, int& exit_code);

}  // namespace keymemrt::tools
