// SPDX-License-Identifier: Apache-2.0
//
// keymemrt run: the server's side.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/file.h"
#include "base/size.h"
#include "runtime/calibration/calibration.h"
#include "runtime/service/service.h"
#include "runtime/telemetry/html_report.h"
#include "runtime/telemetry/trace_file.h"
#include "tools/keymemrt/commands.h"
#include "tools/keymemrt/progress.h"
#include "tools/keymemrt/report.h"
#include "tools/keymemrt/weights.h"

namespace keymemrt::tools {

namespace {

class Weights : public runtime::WeightSource {
 public:
  explicit Weights(const ProgramWeights& weights) : weights_(weights) {}
  Status Row(uint32_t weight, uint32_t row, std::span<double> out) override { return weights_.Row(weight, row, out); }

 private:
  const ProgramWeights& weights_;
};

}  // namespace

void AddRun(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, keys, input, output, weights, memory, stats, trace, report;
    std::string mode = "planned";
    int threads = 1;
    bool quiet = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("run", "run a program on an encrypted input, keys on disk");
  command->add_option("MODEL", arguments->program, "the compiled program, .kmrt")->required();
  command->add_option("--keys", arguments->keys, "the key store's directory")->required();
  command->add_option("--input", arguments->input, "the encrypted input, .ct")->required();
  command->add_option("-o,--output", arguments->output, "the encrypted output, .ct")->required();
  command->add_option("--weights", arguments->weights, "the model's weights: .npz, .safetensors or .h5");
  command->add_option("--memory", arguments->memory, "memory budget of this process, e.g. 512MiB; without it: what it takes");
  command->add_option("--mode", arguments->mode, "planned, streaming, resident, imperative, prefetch or cold-start")->capture_default_str();
  command->add_option("--threads", arguments->threads, "threads")->capture_default_str()->check(CLI::Range(1, 1024));
  command->add_option("--stats", arguments->stats, "write what the run took to this file, JSON");
  command->add_option("--trace", arguments->trace, "write what happened when to this file, for ui.perfetto.dev");
  command->add_option("--report", arguments->report, "write what the run did to this file, a page for a browser");
  command->add_flag("--quiet", arguments->quiet, "print nothing but errors");
  command->callback([arguments, &exit_code] {
    const auto run = [&]() -> Status {
      runtime::ServiceOptions options{.threads = arguments->threads, .machine = runtime::LoadMachine().machine};
      runtime::SessionOptions session_options;
      KMRT_ASSIGN_OR_RETURN(session_options.mode, runtime::ParseMode(arguments->mode));
      if (!arguments->memory.empty()) {
        KMRT_ASSIGN_OR_RETURN(options.budget_bytes, ParseSize(arguments->memory));
        if (options.budget_bytes == 0) return InvalidArgument("--memory 0: a budget of nothing");
      }
      // Before hours of work, not after.
      for (const std::string* path : {&arguments->output, &arguments->stats, &arguments->trace, &arguments->report}) {
        if (!path->empty()) KMRT_RETURN_IF_ERROR(CheckWritable(*path));
      }
      KMRT_ASSIGN_OR_RETURN(program::Program program, program::Read(arguments->program));
      WarnIfInsecure(program);
      KMRT_ASSIGN_OR_RETURN(const ProgramWeights file, ProgramWeights::Open(arguments->weights, program));
      Weights weights(file);
      std::optional<runtime::Recorder> recorder;
      if (!arguments->trace.empty() || !arguments->report.empty()) {
        session_options.recorder = &recorder.emplace(program.ops.size(), program.keys.size());
      }
      Progress progress("operations", arguments->quiet);
      session_options.progress = [&](size_t done, size_t total) { progress.Show(done, total); };
      session_options.waiting = [&](const std::string& what) {
        if (!arguments->quiet) fmt::print(stderr, "{}\n", what);
      };
      KMRT_ASSIGN_OR_RETURN(const auto service, runtime::Service::Create(std::move(program), &weights, options));
      KMRT_ASSIGN_OR_RETURN(const auto session, service->Open(arguments->keys, session_options));
      if (const std::string note = session->io_note(); !note.empty() && !arguments->quiet) {
        fmt::print(stderr, "note: {}\n", note);
      }
      KMRT_ASSIGN_OR_RETURN(const runtime::Stats stats, session->RunFiles(arguments->input, arguments->output));
      progress.End();
      if (!arguments->stats.empty()) {
        KMRT_RETURN_IF_ERROR(WriteFile(arguments->stats, AsBytes(runtime::ToJson(stats) + "\n")));
      }
      if (!arguments->trace.empty()) KMRT_RETURN_IF_ERROR(runtime::WriteTrace(service->program(), *recorder, arguments->trace));
      if (!arguments->report.empty()) {
        KMRT_RETURN_IF_ERROR(runtime::WriteHtmlReport(service->program(), stats, *recorder, arguments->report));
      }
      if (!arguments->quiet) {
        fmt::print("{}: {:.2f} s ({:.2f} s waiting for keys), peak {} (keys {}), {} of keys read\n", arguments->output,
                   stats.wall_seconds, stats.stall_seconds, FormatSize(stats.peak_rss_bytes), FormatSize(stats.peak_key_bytes),
                   FormatSize(stats.key_bytes_read));
      }
      return Status();
    };
    if (const Status status = run(); !status.ok()) exit_code = Fail(status);
  });
}

}  // namespace keymemrt::tools
