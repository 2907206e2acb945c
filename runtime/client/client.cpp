// SPDX-License-Identifier: Apache-2.0
#include "runtime/client/client.h"

#include <cmath>

#include "base/slot_pool.h"
#include "lattice/encoding/encoder.h"
#include "lattice/evaluator/encryptor.h"
#include "lattice/ring/context.h"
#include "runtime/files/ciphertext_file.h"
#include "runtime/files/key_files.h"

namespace keymemrt::runtime {

Status EncryptInputs(const program::Program& program, const std::string& client_dir,
                     std::span<const std::vector<double>> inputs, const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
  if (inputs.size() != program.inputs.size()) {
    return InvalidArgument("{} inputs given, the program takes {}", inputs.size(), program.inputs.size());
  }
  const lattice::Context context(parameters);
  const lattice::Encoder encoder(context);
  SlotPool pool(parameters.n());
  KMRT_ASSIGN_OR_RETURN(const PublicKeyFile key, ReadPublicKey(client_dir + "/" + kPublicKeyName, parameters, pool));

  std::vector<lattice::Ciphertext> ciphertexts;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const program::Input& input = program.inputs[i];
    const program::Value& value = program.values[input.value];
    if (inputs[i].size() != input.length) {
      return InvalidArgument("input '{}' has {} numbers, the program takes {}", input.name, inputs[i].size(),
                             input.length);
    }
    for (size_t j = 0; j < inputs[i].size(); ++j) {
      if (!std::isfinite(inputs[i][j])) {
        return InvalidArgument("input '{}': number {} is {}", input.name, j, inputs[i][j]);
      }
    }
    std::vector<double> period = inputs[i];
    period.resize(input.period);
    auto plaintext = encoder.Encode(period, value.scale, value.level, pool);
    if (!plaintext.ok()) return plaintext.status().WithContext(fmt::format("input '{}'", input.name));
    KMRT_ASSIGN_OR_RETURN(lattice::Ciphertext ciphertext, lattice::Encrypt(context, pool, key.key, *plaintext));
    ciphertexts.push_back(std::move(ciphertext));
  }
  return WriteCiphertexts(path, parameters, key.key_set, ciphertexts);
}

Result<std::vector<std::vector<double>>> DecryptOutputs(const program::Program& program, const std::string& client_dir,
                                                        const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
  const std::string key_path = client_dir + "/" + kSecretKeyName;
  KMRT_ASSIGN_OR_RETURN(const SecretKeyFile key, ReadSecretKey(key_path, parameters));
  SlotPool pool(parameters.n());
  KMRT_ASSIGN_OR_RETURN(const CiphertextFile file, ReadCiphertexts(path, parameters, pool));
  KMRT_RETURN_IF_ERROR(CheckKeySet(path, file.key_set, key_path, key.key_set));
  if (file.ciphertexts.size() != program.outputs.size()) {
    return Corrupt("{}: {} ciphertexts, the program has {} outputs: not made by running this program", path,
                   file.ciphertexts.size(), program.outputs.size());
  }
  const lattice::Context context(parameters);
  const lattice::Encoder encoder(context);
  std::vector<std::vector<double>> outputs;
  for (size_t i = 0; i < program.outputs.size(); ++i) {
    const program::Output& output = program.outputs[i];
    const program::Value& value = program.values[output.value];
    const lattice::Ciphertext& ciphertext = file.ciphertexts[i];
    if (ciphertext.level != value.level || ciphertext.parts.size() != 2 ||
        std::abs(ciphertext.scale - value.scale) > std::ldexp(value.scale, -30)) {
      return Corrupt(
          "{}: ciphertext {} has level {} and scale {}, output '{}' has level {} and scale {}: not made by running "
          "this program",
          path, i, ciphertext.level, ciphertext.scale, output.name, value.level, value.scale);
    }
    KMRT_ASSIGN_OR_RETURN(const lattice::Plaintext plaintext, lattice::Decrypt(context, pool, key.key, ciphertext));
    std::vector<double> slots = encoder.Decode(plaintext, pool);
    slots.resize(output.length);
    outputs.push_back(std::move(slots));
  }
  return outputs;
}

}  // namespace keymemrt::runtime
