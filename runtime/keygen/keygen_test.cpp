// SPDX-License-Identifier: Apache-2.0
#include "runtime/keygen/keygen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <random>
#include <thread>

#include "base/file.h"
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

  Result<KeygenReport> Generate() { return GenerateKeys(program_, client_, keys_); }
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
  const auto report =
      GenerateKeys(program_, client_, keys_, [&](size_t done, size_t, uint64_t) { steps.push_back(done); });
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->keys, program_.keys.size());
  EXPECT_EQ(steps.size(), program_.keys.size() + 1);
  EXPECT_FALSE(report->resumed);

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

TEST_F(KeygenTest, NeverReplacesKeys) {
  ASSERT_TRUE(Generate().ok());
  const std::vector<std::byte> before = ReadFile(secret()).value();
  Status status = Generate().status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("secret.key"));
  status = GenerateKeys(program_, client_, directory_ / "keys2").status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  status = GenerateKeys(program_, directory_ / "client2", keys_).status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("keys rm"));
  EXPECT_EQ(ReadFile(secret()).value(), before);
  EXPECT_TRUE(VerifyKeyStore(keys_).ok());
  EXPECT_FALSE(fs::exists(directory_ / "client2")) << "nothing stays behind a refusal";
  EXPECT_FALSE(fs::exists(directory_ / "keys2"));
  fs::remove(secret());
  EXPECT_EQ(GenerateKeys(program_, client_, directory_ / "keys2").status().code(), ErrorCode::kInvalidArgument)
      << "a public key without its secret key is someone's";
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

TEST_F(KeygenTest, AFullDiskLeavesNothing) {
  // A limit on the size of files stands in for the full disk: first the segments, then already the public key.
  for (const rlim_t limit : {rlim_t{40000}, rlim_t{9000}, rlim_t{500}}) {
    const int status = InChild([&] {
      signal(SIGXFSZ, SIG_IGN);
      const rlimit size{limit, limit};
      setrlimit(RLIMIT_FSIZE, &size);
      return static_cast<int>(Generate().status().code());
    });
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), static_cast<int>(ErrorCode::kFailed)) << limit;
    EXPECT_FALSE(fs::exists(client_)) << limit;
    EXPECT_FALSE(fs::exists(keys_)) << limit;
  }
  EXPECT_TRUE(Generate().ok());
}

TEST_F(KeygenTest, KilledAnywhereNothingHalfWrittenIsAcceptedAndTheNextRunWorks) {
  // How long an undisturbed run takes decides where the kills fall.
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(Generate().ok());
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  int killed = 0, complete = 0;
  for (int round = 0; round < 40; ++round) {
    fs::remove_all(client_);
    fs::remove_all(keys_);
    const pid_t child = fork();
    if (child == 0) _exit(Generate().ok() ? 0 : 1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (static_cast<uint64_t>(whole.count()) * 11 / 10)));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    killed += WIFSIGNALED(status);

    const bool accepted = KeyStore::Open(keys_).ok();
    if (accepted) {
      ASSERT_TRUE(VerifyKeyStore(keys_).ok()) << "an accepted store is complete";
    }
    const bool finished = fs::exists(secret());
    if (finished) {
      ++complete;
      ASSERT_TRUE(accepted) << "the secret key gets its name last";
      continue;
    }
    const auto again = Generate();
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ(again->resumed, accepted);
    ASSERT_TRUE(VerifyKeyStore(keys_).ok());
    EXPECT_EQ(ReadSecretKeySet(secret()).value(), ReadManifest(keys_)->key_set);
    EXPECT_EQ(directory_.Files().size(), program_.keys.size() + 3) << "leftovers are cleared";
  }
  EXPECT_GT(killed, 5) << "kills must fall within the run for the test to mean something; " << complete << " completed";
}

TEST_F(KeygenTest, KilledInTheLastStepTheNextRunCompletesTheSameSet) {
  const auto report = Generate();
  ASSERT_TRUE(report.ok());
  fs::rename(secret(), secret() + ".pending");
  const auto again = Generate();
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_TRUE(again->resumed);
  EXPECT_EQ(again->key_set, report->key_set);
  EXPECT_TRUE(fs::exists(secret()));
  EXPECT_FALSE(fs::exists(secret() + ".pending"));
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
