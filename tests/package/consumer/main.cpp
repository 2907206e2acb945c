// SPDX-License-Identifier: Apache-2.0
//
// consumer MODEL.kmrt DIR: makes keys, encrypts, runs within the least budget, decrypts, and compares with the cleartext.
#include <cmath>
#include <cstdio>
#include <string>

#include "program/cleartext.h"
#include "runtime/client/client.h"
#include "runtime/keygen/keygen.h"
#include "runtime/service/service.h"

using namespace keymemrt;

static Status Run(const std::string& model, const std::string& directory) {
  const std::string client = directory + "/client", keys = directory + "/keys";
  KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Read(model));
  KMRT_RETURN_IF_ERROR(runtime::GenerateKeys(program, client, keys).status());
  std::vector<std::vector<double>> inputs;
  for (const program::Input& input : program.inputs) {
    std::vector<double>& numbers = inputs.emplace_back();
    for (uint32_t i = 0; i < input.length; ++i) numbers.push_back(std::sin(i));
  }
  KMRT_RETURN_IF_ERROR(runtime::EncryptInputs(program, client, inputs, directory + "/x.ct"));

  KMRT_ASSIGN_OR_RETURN(const auto service, runtime::Service::Create(program, nullptr, {.threads = 2}));
  KMRT_ASSIGN_OR_RETURN(const auto session, service->Open(keys, {.mode = runtime::Mode::kStreaming}));
  KMRT_ASSIGN_OR_RETURN(const runtime::Stats stats, session->RunFiles(directory + "/x.ct", directory + "/y.ct"));

  KMRT_ASSIGN_OR_RETURN(const auto outputs, runtime::DecryptOutputs(program, client, directory + "/y.ct"));
  KMRT_ASSIGN_OR_RETURN(const program::CleartextResult expected, program::EvaluateCleartext(program, inputs, {}));
  double worst = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (size_t j = 0; j < outputs[i].size(); ++j) {
      worst = std::fmax(worst, std::fabs(outputs[i][j] - expected.outputs[i][j]));
    }
  }
  std::printf("%d rotations, worst error %g\n", static_cast<int>(stats.rotations), worst);
  if (!(worst < 1e-3) || outputs.empty()) return Failed("the answer is not the cleartext's");
  return Status();
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const Status status = Run(argv[1], argv[2]);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return ExitCode(status.code());
}
