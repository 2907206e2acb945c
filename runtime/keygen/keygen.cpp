// SPDX-License-Identifier: Apache-2.0
//
// The order of steps: secret.key, public.key, segments in order of first use, manifest.kms. Each file is whole and on
// disk before it has its name, and everything but the public key follows from secret.key, so a run begins with the
// first step whose file is not there.
#include "runtime/keygen/keygen.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/slot_pool.h"
#include "base/thread_pool.h"
#include "lattice/keys/keys.h"
#include "lattice/ring/context.h"
#include "runtime/files/key_files.h"
#include "runtime/keystore/directory_lock.h"
#include "runtime/keystore/key_store_writer.h"

namespace keymemrt::runtime {

namespace {

namespace fs = std::filesystem;
using scheme::Parameters;

// Without links and dots, and without a slash at the end.
fs::path Canonical(const std::string& directory, std::error_code& error) {
  const fs::path path = fs::weakly_canonical(fs::absolute(directory), error).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

bool IsWithin(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

Status CheckDirectories(const std::string& client_dir, const std::string& keys_dir) {
  std::error_code error;
  const fs::path client = Canonical(client_dir, error);
  if (error) return Failed("{}: {}", client_dir, error.message());
  const fs::path keys = Canonical(keys_dir, error);
  if (error) return Failed("{}: {}", keys_dir, error.message());
  if (IsWithin(client, keys) || IsWithin(keys, client)) {
    return InvalidArgument(
        "{} and {} overlap: the key store goes to the server, the secret key must not: name two separate "
        "directories",
        client_dir, keys_dir);
  }
  return Status();
}

// A directory made for the client, which goes again unless something is written into it.
class ClientDirectory {
 public:
  explicit ClientDirectory(std::string path) : path_(std::move(path)) {}
  ClientDirectory(const ClientDirectory&) = delete;
  ~ClientDirectory() {
    std::error_code ignored;
    if (created_) fs::remove(path_, ignored);  // if nothing is in it
  }
  Status Make() {
    std::error_code error;
    created_ = fs::create_directories(path_, error);
    if (created_) fs::permissions(path_, fs::perms::owner_all, error);
    if (error) return Failed("{}: cannot make the directory: {}", path_, error.message());
    return Status();
  }

 private:
  std::string path_;
  bool created_ = false;
};

// What a killed run was writing: a secret key must not stay behind in a file that nobody looks at.
void RemoveTemporaries(const std::string& client_dir) {
  std::error_code error;
  for (fs::directory_iterator it(client_dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    for (const std::string base : {kSecretKeyName, kPublicKeyName}) {
      std::error_code ignored;
      if (name.size() == base.size() + 7 && name.starts_with(base + ".")) fs::remove(it->path(), ignored);
    }
  }
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<SecretKeyFile> MakeSecrets(const Parameters& parameters) {
  KMRT_ASSIGN_OR_RETURN(const KeySetId key_set, KeySetId::Random());
  KMRT_ASSIGN_OR_RETURN(const lattice::Seed a_seed, lattice::RandomSeed());
  const scheme::ParameterLiteral& literal = parameters.literal();
  KMRT_ASSIGN_OR_RETURN(lattice::SecretKey key, lattice::SecretKey::Generate(parameters, {literal.secret_weight}));
  SecretKeyFile secrets{key_set, a_seed, std::move(key), std::nullopt};
  if (literal.ephemeral_weight != 0) {
    KMRT_ASSIGN_OR_RETURN(secrets.ephemeral, lattice::SecretKey::Generate(parameters, {literal.ephemeral_weight}));
  }
  return secrets;
}

// The client's secrets, made if they are not there.
Result<SecretKeyFile> TakeSecrets(const Parameters& parameters, const std::string& client_dir, bool& is_new) {
  const std::string path = client_dir + "/" + kSecretKeyName;
  is_new = !Exists(path);
  if (!is_new) {
    auto secrets = ReadSecretKey(path, parameters);
    if (secrets.ok()) return secrets;
    return Status(secrets.status().code(),
                  fmt::format("{}; what was encrypted under it needs it: name another directory for the client",
                              secrets.status().message()));
  }
  if (Exists(client_dir + "/" + kPublicKeyName)) {
    return InvalidArgument(
        "{}/{}: a public key is here already, without its secret key: name another directory, or remove the file if it "
        "is no longer wanted",
        client_dir, kPublicKeyName);
  }
  KMRT_ASSIGN_OR_RETURN(SecretKeyFile secrets, MakeSecrets(parameters));
  KMRT_RETURN_IF_ERROR(WriteSecretKey(path, parameters, secrets));
  return secrets;
}

Status TakePublicKey(const lattice::Context& context, SlotPool& pool, const std::string& client_dir,
                     const SecretKeyFile& secrets) {
  const std::string path = client_dir + "/" + kPublicKeyName;
  const scheme::Parameters& parameters = context.parameters();
  if (!Exists(path)) {
    KMRT_ASSIGN_OR_RETURN(const lattice::PublicKey key, lattice::GeneratePublicKey(context, pool, secrets.key));
    return WritePublicKey(path, parameters, secrets.key_set, key);
  }
  KMRT_ASSIGN_OR_RETURN(const PublicKeyFile file, ReadPublicKey(path, parameters, pool));
  if (file.key_set == secrets.key_set) return Status();
  return InvalidArgument("{}: of another key set than the secret key beside it: remove it, a new one is then made",
                         path);
}

Status MakeSwitchingKey(const lattice::Context& context, SlotPool& pool, const SecretKeyFile& secrets,
                        const scheme::KeyId& key, int level, const lattice::ChunkSink& sink, ThreadPool* threads) {
  if (key.kind != scheme::KeyKind::kSecretSwitch) {
    return lattice::GenerateSwitchingKey(context, pool, secrets.key, secrets.a_seed, key, level, sink, threads);
  }
  if (!secrets.ephemeral) return InvalidArgument("{}: the parameters have no ephemeral secret", key.ToString());
  if (key.galois_element != 1 && key.galois_element != 2) {
    return InvalidArgument("{}: 1 (main to ephemeral) or 2 (ephemeral to main) expected", key.ToString());
  }
  const bool to_ephemeral = key.galois_element == 1;
  return lattice::GenerateSecretSwitchingKey(context, pool, to_ephemeral ? secrets.key : *secrets.ephemeral,
                                             to_ephemeral ? *secrets.ephemeral : secrets.key, secrets.a_seed, key,
                                             level, sink, threads);
}

}  // namespace

Result<KeygenReport> GenerateKeys(const program::Program& program, const std::string& client_dir,
                                  const std::string& keys_dir, const KeygenOptions& options) {
  KMRT_ASSIGN_OR_RETURN(const Parameters parameters, program.CheckedParameters());
  KMRT_RETURN_IF_ERROR(CheckDirectories(client_dir, keys_dir));

  KeygenReport report;
  ClientDirectory directory(client_dir);
  KMRT_RETURN_IF_ERROR(directory.Make());
  KMRT_ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(client_dir));
  RemoveTemporaries(client_dir);
  // A store that is another client's is found before a secret is made in vain.
  if (!Exists(client_dir + "/" + kSecretKeyName) && Exists(keys_dir + "/" + kManifestName)) {
    return InvalidArgument(
        "{}: holds a key store of another client than {}; remove it with `keymemrt keys rm {}` or name another "
        "directory",
        keys_dir, client_dir, keys_dir);
  }
  KMRT_ASSIGN_OR_RETURN(const SecretKeyFile secrets, TakeSecrets(parameters, client_dir, report.new_client));
  report.key_set = secrets.key_set;
  const lattice::Context context(parameters);
  SlotPool pool(parameters.n());
  KMRT_RETURN_IF_ERROR(TakePublicKey(context, pool, client_dir, secrets));

  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyStoreWriter> writer,
                        KeyStoreWriter::Open(keys_dir, parameters, program.insecure, secrets.key_set, secrets.a_seed));
  ThreadPool threads(options.threads);
  const auto show = [&] {
    if (options.progress) options.progress(report.keys, report.made, program.keys.size());
  };
  show();
  for (const program::Key& key : program.keys) {
    KMRT_ASSIGN_OR_RETURN(const bool made,
                          writer->Add(key.id, key.level, [&](int level, const lattice::ChunkSink& sink) {
                            return MakeSwitchingKey(context, pool, secrets, key.id, level, sink, &threads);
                          }));
    ++report.keys;
    report.made += made;
    show();
  }
  report.key_store_bytes = writer->stored_bytes();
  KMRT_RETURN_IF_ERROR(writer->Commit());
  return report;
}

}  // namespace keymemrt::runtime
