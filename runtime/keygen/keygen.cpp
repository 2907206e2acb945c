// SPDX-License-Identifier: Apache-2.0
//
// The order of steps, and what a kill after each leaves:
//   1. secret.key.pending     not a secret key: the next run removes it
//   2. public.key, segments   a store without manifest: nothing accepts it, the next run clears it
//   3. manifest.kms           a complete store; its secret key still has the pending name: the next run finds both and
//   finishes
//   4. rename to secret.key   done
#include "runtime/keygen/keygen.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/slot_pool.h"
#include "lattice/keys/keys.h"
#include "lattice/ring/context.h"
#include "runtime/files/key_files.h"
#include "runtime/keystore/directory_lock.h"
#include "runtime/keystore/key_store.h"
#include "runtime/keystore/key_store_writer.h"

namespace keymemrt::runtime {

namespace {

namespace fs = std::filesystem;

constexpr char kPendingSuffix[] = ".pending";

// Removes what a failed run made, unless told that it is done.
class Cleanup {
 public:
  ~Cleanup() {
    std::error_code ignored;
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) fs::remove(*path, ignored);
  }
  void Add(std::string path) { paths_.push_back(std::move(path)); }
  void Keep() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

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

Status MakeDirectory(const std::string& directory, Cleanup& cleanup) {
  std::error_code error;
  if (fs::create_directories(directory, error)) {
    cleanup.Add(directory);
    fs::permissions(directory, fs::perms::owner_all, error);
  }
  if (error) return Failed("{}: cannot make the directory: {}", directory, error.message());
  return Status();
}

// What a killed run was writing: a secret key must not stay behind in a file that nobody looks at.
void RemoveTemporaries(const std::string& client_dir) {
  std::error_code error;
  for (fs::directory_iterator it(client_dir, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    for (const std::string& base : {std::string(kSecretKeyName) + kPendingSuffix, std::string(kPublicKeyName)}) {
      std::error_code ignored;
      if (name.size() == base.size() + 7 && name.starts_with(base + ".")) fs::remove(it->path(), ignored);
    }
  }
}

Status Rename(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return Failed("{}: cannot rename to {}: {}", from, to, error.message());
  return Status();
}

}  // namespace

Result<KeygenReport> GenerateKeys(const program::Program& program, const std::string& client_dir,
                                  const std::string& keys_dir, const KeygenProgress& progress) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
  KMRT_RETURN_IF_ERROR(CheckDirectories(client_dir, keys_dir));
  const std::string secret_path = client_dir + "/" + kSecretKeyName;
  const std::string pending_path = secret_path + kPendingSuffix;
  const std::string public_path = client_dir + "/" + kPublicKeyName;
  std::error_code ignored;
  if (fs::exists(secret_path, ignored)) {
    return InvalidArgument(
        "{}: a secret key is here already, and what was encrypted under it needs it: name another "
        "directory, or remove the file if it is no longer wanted",
        secret_path);
  }

  KeygenReport report;
  Cleanup cleanup;
  KMRT_RETURN_IF_ERROR(MakeDirectory(client_dir, cleanup));
  KMRT_ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(client_dir));
  RemoveTemporaries(client_dir);

  if (fs::exists(pending_path, ignored)) {
    const auto pending_set = ReadSecretKeySet(pending_path);
    const auto manifest = ReadManifest(keys_dir);
    if (pending_set.ok() && manifest.ok() && manifest->key_set == *pending_set) {
      KMRT_ASSIGN_OR_RETURN(const auto store, KeyStore::Open(keys_dir));
      KMRT_RETURN_IF_ERROR(Rename(pending_path, secret_path));
      report = {*pending_set, store->manifest().keys.size(), store->total_chunk_bytes(), true};
      return report;
    }
  } else if (fs::exists(public_path, ignored)) {
    return InvalidArgument(
        "{}: a public key is here already, without its secret key: name another directory, or remove the "
        "file if it is no longer wanted",
        public_path);
  }

  KMRT_ASSIGN_OR_RETURN(report.key_set, KeySetId::Random());
  KMRT_ASSIGN_OR_RETURN(const lattice::Seed a_seed, lattice::RandomSeed());
  KMRT_ASSIGN_OR_RETURN(const std::unique_ptr<KeyStoreWriter> writer,
                        KeyStoreWriter::Create(keys_dir, parameters, program.insecure, report.key_set, a_seed));
  cleanup.Add(pending_path);
  cleanup.Add(public_path);

  const lattice::Context context(parameters);
  SlotPool pool(parameters.n());
  KMRT_ASSIGN_OR_RETURN(const lattice::SecretKey secret, lattice::SecretKey::Generate(parameters));
  KMRT_RETURN_IF_ERROR(WriteSecretKey(pending_path, parameters, report.key_set, secret));
  {
    KMRT_ASSIGN_OR_RETURN(const lattice::PublicKey public_key, lattice::GeneratePublicKey(context, pool, secret));
    KMRT_RETURN_IF_ERROR(WritePublicKey(public_path, parameters, report.key_set, public_key));
  }
  if (progress) progress(0, program.keys.size(), 0);
  for (const program::Key& key : program.keys) {
    KMRT_RETURN_IF_ERROR(writer->Add(key.id, key.level, [&](const lattice::ChunkSink& sink) {
      return lattice::GenerateSwitchingKey(context, pool, secret, a_seed, key.id, key.level, sink);
    }));
    ++report.keys;
    if (progress) progress(report.keys, program.keys.size(), writer->bytes_written());
  }
  report.key_store_bytes = writer->bytes_written();
  KMRT_RETURN_IF_ERROR(writer->Commit());
  cleanup.Keep();  // the store is complete: the secret key must not be lost from here on
  KMRT_RETURN_IF_ERROR(Rename(pending_path, secret_path));
  return report;
}

}  // namespace keymemrt::runtime
