// SPDX-License-Identifier: Apache-2.0
#include "runtime/keygen/keygen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "base/file.h"
#include "lattice/ring/context.h"
#include "program/testing/builder.h"
#include "runtime/client/client.h"
#include "runtime/files/key_files.h"
#include "runtime/format/temporary_directory.h"
#include "runtime/keystore/key_store.h"

namespace keymemrt::runtime {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class KeygenTest : public testing::Test {
 protected:
  KeygenTest()
      : program_(program::RandomProgram(5, {.log_n = 10, .levels = 2, .steps = 16})),
        client_(directory_ / "client"),
        keys_(directory_ / "keys") {}

  Result<KeygenReport> Generate(const KeygenOptions& options = {}) {
    return GenerateKeys(program_, client_, keys_, options);
  }
  // Every file of a directory and its contents; none of a directory that is not there.
  static std::map<std::string, std::vector<std::byte>> Contents(const std::string& directory) {
    std::map<std::string, std::vector<std::byte>> contents;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; it != end; it.increment(error)) {
      contents[it->path().filename().string()] = ReadFile(it->path().string()).value();
    }
    return contents;
  }
  // The store that an undisturbed generation makes from the client's secrets.
  std::map<std::string, std::vector<std::byte>> Undisturbed() {
    const std::string client = directory_ / "undisturbed_client", keys = directory_ / "undisturbed_keys";
    fs::create_directory(client);
    fs::copy_file(secret(), client + "/" + kSecretKeyName);
    const auto report = GenerateKeys(program_, client, keys);
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report->made, program_.keys.size());
    auto contents = Contents(keys);
    fs::remove_all(client);
    fs::remove_all(keys);
    return contents;
  }
  std::string secret() const { return client_ + "/" + kSecretKeyName; }

  // Runs `body` in a child process; returns its wait status.
  template <typename Body>
  int InChild(const Body& body) {
    const pid_t child = fork();
    if (child == 0) _exit(body());
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
  }

  program::Program program_;
  TemporaryDirectory directory_;
  std::string client_, keys_;
};

TEST_F(KeygenTest, MakesOneKeySet) {
  std::vector<size_t> steps;
  const auto report = Generate({.progress = [&](size_t done, size_t, size_t) { steps.push_back(done); }});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->keys, program_.keys.size());
  EXPECT_EQ(report->made, program_.keys.size());
  EXPECT_TRUE(report->new_client);
  EXPECT_EQ(steps.size(), program_.keys.size() + 1);

  const scheme::Parameters parameters = program_.CheckedParameters().value();
  const auto store = KeyStore::Open(keys_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_TRUE(VerifyKeyStore(keys_).ok());
  EXPECT_EQ((*store)->manifest().insecure, program_.insecure);
  ASSERT_EQ((*store)->manifest().keys.size(), program_.keys.size());
  for (size_t i = 0; i < program_.keys.size(); ++i) {
    EXPECT_EQ((*store)->manifest().keys[i].id, program_.keys[i].id);
    EXPECT_EQ((*store)->manifest().keys[i].level, program_.keys[i].level);
  }
  SlotPool pool(parameters.n());
  const auto public_key = ReadPublicKey(client_ + "/" + kPublicKeyName, parameters, pool);
  const auto secret_key = ReadSecretKey(secret(), parameters);
  ASSERT_TRUE(public_key.ok() && secret_key.ok());
  EXPECT_FALSE(secret_key->ephemeral);
  EXPECT_EQ(public_key->key_set, report->key_set);
  EXPECT_EQ(secret_key->key_set, report->key_set);
  EXPECT_EQ((*store)->manifest().key_set, report->key_set);
  struct stat info;
  ASSERT_EQ(stat(secret().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(directory_.Files().size(), program_.keys.size() + 3) << "manifest, public and secret key, nothing else";
}

TEST_F(KeygenTest, TheServersDirectoryHoldsNoSecret) {
  ASSERT_TRUE(Generate().ok());
  const scheme::Parameters parameters = program_.CheckedParameters().value();
  const auto secret_key = ReadSecretKey(secret(), parameters);
  ASSERT_TRUE(secret_key.ok());
  const auto coefficients = secret_key->key.coefficients();

  // A stretch of the secret in every form in which it could have been written.
  constexpr size_t kBegin = 100, kLength = 64;
  std::vector<std::string> needles;
  const auto add = [&](auto encode) {
    std::string needle;
    for (size_t i = kBegin; i < kBegin + kLength; ++i) {
      const auto word = encode(coefficients[i]);
      needle.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    needles.push_back(needle);
  };
  add([](int8_t c) { return c; });
  add([](int8_t c) { return static_cast<uint8_t>(c + 1); });
  add([](int8_t c) { return static_cast<int32_t>(c); });
  add([](int8_t c) { return static_cast<int64_t>(c); });
  add([](int8_t c) { return static_cast<double>(c); });
  for (int limb = 0; limb < parameters.limb_count(); ++limb) {
    const uint64_t q = parameters.modulus(limb);
    add([q](int8_t c) { return c < 0 ? q - 1 : static_cast<uint64_t>(c); });
  }
  const auto found_in = [&](const std::string& directory) {
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      const std::vector<std::byte> bytes = ReadFile(entry.path().string()).value();
      const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      for (const std::string& needle : needles) {
        if (text.find(needle) != std::string_view::npos) return true;
      }
    }
    return false;
  };
  EXPECT_TRUE(found_in(client_)) << "the search must find the secret where it is";
  EXPECT_FALSE(found_in(keys_));
}

TEST_F(KeygenTest, NeverReplacesWhatIsThere) {
  ASSERT_TRUE(Generate().ok());
  const auto client = Contents(client_), keys = Contents(keys_);
  const auto again = Generate();
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->made, 0u);
  EXPECT_FALSE(again->new_client);
  EXPECT_EQ(Contents(client_), client);
  EXPECT_EQ(Contents(keys_), keys);

  // Another client, new or not, leaves the store alone.
  ASSERT_TRUE(GenerateKeys(program_, directory_ / "client3", directory_ / "keys3").ok());
  for (const char* const other : {"client2", "client3"}) {
    const Status status = GenerateKeys(program_, directory_ / other, keys_).status();
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("keys rm"));
    EXPECT_EQ(Contents(keys_), keys);
  }
  EXPECT_FALSE(fs::exists(directory_ / "client2")) << "nothing stays behind a refusal";

  // Nor is a client of other parameters, or a damaged one, gone on from.
  const program::Program other = program::RandomProgram(5, {.log_n = 11, .levels = 2, .steps = 16});
  EXPECT_EQ(GenerateKeys(other, client_, directory_ / "keys2").status().code(), ErrorCode::kCorrupt);
  std::vector<std::byte> damaged = client.at(kSecretKeyName);
  damaged[100] ^= std::byte{1};
  ASSERT_TRUE(WriteFile(secret(), damaged, 0600).ok());
  EXPECT_EQ(GenerateKeys(program_, client_, directory_ / "keys2").status().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ReadFile(secret()).value(), damaged);
  fs::remove(secret());
  EXPECT_EQ(GenerateKeys(program_, client_, directory_ / "keys2").status().code(), ErrorCode::kInvalidArgument)
      << "a public key without its secret key is someone's";
  EXPECT_FALSE(fs::exists(directory_ / "keys2"));
}

TEST_F(KeygenTest, ThreadsMakeTheSameKeys) {
  ASSERT_TRUE(Generate({.threads = 3}).ok());
  EXPECT_EQ(Contents(keys_), Undisturbed());
}

TEST_F(KeygenTest, AStoreThatWasRemovedIsMadeAgainToTheByte) {
  ASSERT_TRUE(Generate().ok());
  const auto keys = Contents(keys_);
  ASSERT_TRUE(RemoveKeyStore(keys_).ok());
  const auto again = Generate();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->made, program_.keys.size());
  EXPECT_EQ(Contents(keys_), keys);
}

TEST_F(KeygenTest, ASecondProgramsKeysAreAdded) {
  program::Program first = program_;
  ASSERT_GE(program_.keys.size(), 3u);
  // The first program has fewer keys, and one of them for a lower level.
  first.keys.resize(2);
  first.keys[1].level = 0;
  ASSERT_GT(program_.keys[1].level, 0) << "another seed of the random program, please";
  ASSERT_TRUE(GenerateKeys(first, client_, keys_).ok());
  const auto report = Generate();
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->made, program_.keys.size() - 1);
  EXPECT_TRUE(VerifyKeyStore(keys_).ok());
  EXPECT_EQ(Contents(keys_), Undisturbed());
  // The first one's still do.
  const auto back = GenerateKeys(first, client_, keys_);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->made, 0u);
  EXPECT_EQ(Contents(keys_).size(), program_.keys.size() + 1);
}

TEST_F(KeygenTest, KeepsSecretAndStoreApart) {
  for (const auto& [client, keys] : {std::pair{"d", "d"}, {"d/client", "d"}, {"d", "d/keys"}, {"d/./x/..", "d/"}}) {
    const Status status = GenerateKeys(program_, directory_ / client, directory_ / keys).status();
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument) << client << " " << keys;
  }
  EXPECT_TRUE(directory_.Files().empty());
}

TEST_F(KeygenTest, RefusesInsecureParameters) {
  program_.insecure = false;
  const Status status = Generate().status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("128-bit"));
  EXPECT_TRUE(directory_.Files().empty());
}

TEST_F(KeygenTest, AfterAFullDiskNothingHalfWrittenIsAcceptedAndTheNextRunGoesOn) {
  // A limit on the size of files stands in for the full disk: the largest segment, which comes last, all segments, the
  // public key, the secret key.
  for (size_t i = 0; i + 1 < program_.keys.size(); ++i) program_.keys[i].level = 0;
  ASSERT_GT(program_.keys.back().level, 0);
  ASSERT_TRUE(Generate().ok());
  uint64_t largest = 0;
  for (const auto& [name, bytes] : Contents(keys_)) largest = std::max<uint64_t>(largest, bytes.size());
  fs::remove_all(client_);
  fs::remove_all(keys_);
  for (const rlim_t limit : {rlim_t{largest - 1}, rlim_t{30000}, rlim_t{1300}, rlim_t{500}}) {
    const int status = InChild([&] {
      signal(SIGXFSZ, SIG_IGN);
      const rlimit size{limit, limit};
      setrlimit(RLIMIT_FSIZE, &size);
      return static_cast<int>(Generate().status().code());
    });
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ErrorCode::kFailed)) << limit;
    EXPECT_EQ(KeyStore::Open(keys_).status().code(), ErrorCode::kInvalidArgument) << limit;
    EXPECT_EQ(fs::exists(client_), limit > 500) << "nothing was made";
    for (const std::string& file : directory_.Files()) {
      EXPECT_NE(fs::path(file).extension().string().size(), 7u) << file << ": a temporary file";
    }
    if (limit == largest - 1) {
      EXPECT_GT(Contents(keys_).size(), 0u) << "some segments fit";
    }
    if (limit != largest - 1) fs::remove_all(client_);
    const auto report = Generate();
    ASSERT_TRUE(report.ok()) << report.status().message();
    EXPECT_EQ(report->made < program_.keys.size(), limit == largest - 1);
    EXPECT_EQ(Contents(keys_), Undisturbed());
    fs::remove_all(client_);
    fs::remove_all(keys_);
  }
}

TEST_F(KeygenTest, OnADiskThatIsReallyFull) {
  // A small file system of its own, seen by the child alone.
  constexpr int kCannotMount = 77;
  ASSERT_TRUE(Generate().ok());
  uint64_t all = 0;
  for (const auto& [name, bytes] : Contents(keys_)) all += bytes.size();
  for (const uint64_t kib : {uint64_t{4}, uint64_t{24}, all / 2 / 1024, all / 1024}) {
    const int status = InChild([&] {
      const std::string disk = directory_ / "disk";
      fs::create_directory(disk);
      if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
          mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("tmpfs", disk.c_str(), "tmpfs", 0, fmt::format("size={}k", kib).c_str()) != 0) {
        return kCannotMount;
      }
      const Status full = GenerateKeys(program_, client_, disk + "/keys").status();
      if (full.code() != ErrorCode::kFailed || full.message().find("No space left") == std::string::npos) return 1;
      if (KeyStore::Open(disk + "/keys").ok()) return 2;
      for (const auto& file : fs::recursive_directory_iterator(disk)) {
        if (file.path().extension().string().size() == 7) return 3;  // a temporary file
      }
      // With more room it goes on, and ends in the same bytes.
      if (mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m") != 0) return 4;
      if (!GenerateKeys(program_, client_, disk + "/keys").ok()) return 5;
      return Contents(disk + "/keys") == Contents(keys_) ? 0 : 6;
    });
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == kCannotMount) GTEST_SKIP() << "no file system can be mounted here";
    EXPECT_EQ(WEXITSTATUS(status), 0) << kib << " KiB";
    fs::remove_all(directory_ / "disk");
  }
}

TEST_F(KeygenTest, KilledAtAnyMomentNothingHalfWrittenIsAcceptedAndTheNextRunsEndInTheSameBytes) {
  // How long an undisturbed run takes decides where the kills fall.
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(Generate().ok());
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  int killed = 0, partial = 0;
  while (killed < 50) {
    fs::remove_all(client_);
    fs::remove_all(keys_);
    // Killed again and again, each time further on, until a run is through.
    std::vector<std::byte> first_secret;
    for (bool done = false; !done;) {
      const pid_t child = fork();
      if (child == 0) _exit(Generate({.threads = 1 + static_cast<int>(random() % 2)}).ok() ? 0 : 1);
      std::this_thread::sleep_for(
          std::chrono::microseconds(random() % (static_cast<uint64_t>(whole.count()) * 11 / 10)));
      kill(child, SIGKILL);
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      done = WIFEXITED(status);
      if (done) {
        ASSERT_EQ(WEXITSTATUS(status), 0);
      }
      killed += !done;
      const bool accepted = KeyStore::Open(keys_).ok();
      if (accepted) {
        ASSERT_TRUE(VerifyKeyStore(keys_).ok()) << "an accepted store is complete";
      }
      partial += !accepted && !Contents(keys_).empty();
      if (fs::exists(secret())) {
        const std::vector<std::byte> bytes = ReadFile(secret()).value();
        if (!first_secret.empty()) {
          EXPECT_EQ(bytes, first_secret) << "one secret from first to last";
        }
        first_secret = bytes;
      }
    }
    ASSERT_TRUE(VerifyKeyStore(keys_).ok());
    EXPECT_EQ(Contents(keys_), Undisturbed());
    EXPECT_EQ(directory_.Files().size(), program_.keys.size() + 3) << "leftovers are cleared";
  }
  EXPECT_GT(partial, 5) << "kills must fall within the run for the test to mean something";
}

// Secure at N = 2^15 with an ephemeral secret of weight 32: a key under it may have 84 bits at most.
program::Program WithEphemeralSecret() {
  std::vector<uint64_t> q = scheme::FindNttPrimes(40, 15, 3).value();
  const std::vector<uint64_t> p = scheme::FindNttPrimes(44, 15, 1, q).value();
  program::Program program;
  program.parameters = {.log_n = 15, .q = q, .p = p, .log_default_scale = 30, .ephemeral_weight = 32};
  return program;
}

TEST_F(KeygenTest, MakesTheKeysOfAnEphemeralSecret) {
  program_ = WithEphemeralSecret();
  const scheme::Parameters parameters = program_.CheckedParameters().value();
  const scheme::KeyId to{scheme::KeyKind::kSecretSwitch, 1, {0, 1}}, back{scheme::KeyKind::kSecretSwitch, 2};
  program_.keys = {{to, 0, 0}, {back, 0, 2}};
  const auto report = Generate();
  ASSERT_TRUE(report.ok()) << report.status().message();
  ASSERT_TRUE(VerifyKeyStore(keys_).ok());
  const auto secrets = ReadSecretKey(secret(), parameters);
  ASSERT_TRUE(secrets.ok() && secrets->ephemeral);
  EXPECT_EQ(secrets->ephemeral->distribution().hamming_weight, 32);
  const auto ephemeral = secrets->ephemeral->coefficients();
  EXPECT_EQ(ephemeral.size() - static_cast<size_t>(std::ranges::count(ephemeral, 0)), 32u);

  // The stored keys are those between the two secrets, in this direction.
  const auto store = KeyStore::Open(keys_);
  ASSERT_TRUE(store.ok());
  const lattice::Context context(parameters);
  SlotPool pool(parameters.n());
  for (const auto& [id, level, from, to_secret] :
       {std::tuple{to, 0, &secrets->key, &*secrets->ephemeral}, {back, 2, &*secrets->ephemeral, &secrets->key}}) {
    const size_t key = (*store)->Find(id).value();
    const Slot slot = pool.Take(MemoryClass::kKeys);
    uint64_t* const data = slot.data();
    int chunk = 0;
    const auto compare = [&, key = key](int, int, std::span<const uint64_t> b) -> Status {
      KMRT_RETURN_IF_ERROR((*store)->ReadChunk(key, chunk++, data));
      return std::ranges::equal(b, slot.words()) ? Status() : Failed("chunk {} differs", chunk - 1);
    };
    const Status status =
        lattice::GenerateSecretSwitchingKey(context, pool, *from, *to_secret, secrets->a_seed, id, level, compare);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(chunk, (*store)->chunk_count(key));
  }
  EXPECT_EQ(Contents(keys_), Undisturbed());
}

TEST_F(KeygenTest, AKeyAboveTheBoundOfItsSecretIsRefused) {
  program_ = WithEphemeralSecret();
  // 40 + 44 bits are the bound; a level more, or the same level of the plain shape, is above it.
  for (const auto& [shape, level] : {std::pair{scheme::KeyShape{1, 1}, 1}, {scheme::KeyShape{0, 2}, 0}}) {
    program_.keys = {{{scheme::KeyKind::kSecretSwitch, 1, shape}, 0, level}};
    const Status status = Generate().status();
    EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("weight 32"));
    EXPECT_FALSE(KeyStore::Open(keys_).ok());
  }
  // Nor is such a key accepted from elsewhere: a manifest that names one is refused.
  Manifest manifest;
  manifest.parameters = program_.parameters;
  const scheme::Parameters parameters = program_.CheckedParameters().value();
  manifest.fingerprint = parameters.fingerprint();
  for (const uint64_t direction : {1, 2}) {
    manifest.keys = {
        {{scheme::KeyKind::kSecretSwitch, direction}, 2, parameters.DigitCount(2), parameters.ChunkCount(2), {}}};
    EXPECT_EQ(DeserializeManifest(SerializeManifest(manifest)).ok(), direction == 2);
  }
  program_.keys = {{{scheme::KeyKind::kSecretSwitch, 3, {0, 1}}, 0, 0}};
  EXPECT_FALSE(Generate().ok());
  program_.parameters.ephemeral_weight = 0;
  program_.keys = {{{scheme::KeyKind::kSecretSwitch, 1, {0, 1}}, 0, 0}};
  client_ = directory_ / "other_client";
  EXPECT_THAT(Generate().status().message(), HasSubstr("no ephemeral secret"));
}

TEST_F(KeygenTest, EncryptAndDecryptAreEachOthersInverse) {
  ASSERT_TRUE(Generate().ok());
  // A program that returns its input.
  program::ProgramBuilder builder(program_.parameters, "identity");
  builder.Output("y", builder.Input("x", 100, 128), 128);
  const program::Program identity = builder.Finish();
  std::vector<double> x(100);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<double>(i));
  const std::string path = directory_ / "x.ct";
  ASSERT_TRUE(EncryptInputs(identity, client_, std::vector<std::vector<double>>(1, x), path).ok());
  const auto y = DecryptOutputs(identity, client_, path);
  ASSERT_TRUE(y.ok()) << y.status().message();
  ASSERT_EQ(y->size(), 1u);
  ASSERT_EQ(y->front().size(), 128u);
  for (size_t i = 0; i < 128; ++i) EXPECT_NEAR(y->front()[i], i < 100 ? x[i] : 0, 1e-6);

  EXPECT_EQ(EncryptInputs(identity, client_, {}, path).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(EncryptInputs(identity, client_, std::vector<std::vector<double>>(1, std::vector<double>(99)), path).code(),
            ErrorCode::kInvalidArgument);
  x[3] = std::nan("");
  EXPECT_EQ(EncryptInputs(identity, client_, std::vector<std::vector<double>>(1, x), path).code(),
            ErrorCode::kInvalidArgument);

  // Another client's secret key.
  const std::string other = directory_ / "other";
  ASSERT_TRUE(GenerateKeys(program_, other, directory_ / "otherkeys").ok());
  const Status status = DecryptOutputs(identity, other, path).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("key set"));
}

}  // namespace
}  // namespace keymemrt::runtime
