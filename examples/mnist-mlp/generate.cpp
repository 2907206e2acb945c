// SPDX-License-Identifier: Apache-2.0
//
// mnist-mlp-generate: packs the network of this directory into what the compiler reads, model.mlir and weights.npz.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "examples/mnist-mlp/parameters.h"
#include "frontend/packing/packer.h"

namespace keymemrt {
namespace {

Status Generate(const std::string& model_directory, const std::string& out_directory) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<frontend::Layer> layers, frontend::ReadNetwork(model_directory));
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, examples::MnistMlpParameters());
  KMRT_ASSIGN_OR_RETURN(const frontend::PackedModel model, frontend::PackNetwork(layers, parameters, "mnist_mlp"));
  std::error_code error;
  std::filesystem::create_directories(out_directory, error);
  if (error) return Failed("{}: cannot create the directory: {}", out_directory, error.message());
  KMRT_RETURN_IF_ERROR(frontend::WriteWeights(model, out_directory + "/weights.npz"));
  return WriteFile(out_directory + "/model.mlir", AsBytes(model.mlir));
}

}  // namespace
}  // namespace keymemrt

int main(int argc, char** argv) {
  CLI::App app("Packs a network of dense layers and squares into model.mlir and weights.npz");
  std::string model_directory;
  std::string out_directory;
  app.add_option("--model", model_directory, "directory with model.json and the weights")->required();
  app.add_option("--out", out_directory, "directory to write to; made if need be")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : keymemrt::ExitCode(keymemrt::ErrorCode::kInvalidArgument);
  }
  const keymemrt::Status status = keymemrt::Generate(model_directory, out_directory);
  if (!status.ok()) fmt::print(stderr, "mnist-mlp-generate: {}\n", status.message());
  return keymemrt::ExitCode(status.code());
}
