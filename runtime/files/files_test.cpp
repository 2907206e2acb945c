// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "base/container.h"
#include "base/file.h"
#include "runtime/files/ciphertext_file.h"
#include "runtime/files/key_files.h"
#include "runtime/format/temporary_directory.h"

namespace keymemrt::runtime {
namespace {

using lattice::Ciphertext;
using scheme::Parameters;
using testing::HasSubstr;

Parameters TestParameters(int q_bits, int ephemeral_weight = 0) {
  const std::vector<uint64_t> q = scheme::FindNttPrimes(q_bits, 10, 3, {}).value();
  const std::vector<uint64_t> p = scheme::FindNttPrimes(q_bits + 1, 10, 1, q).value();
  return Parameters::Create(
             {.log_n = 10, .q = q, .p = p, .log_default_scale = 20, .ephemeral_weight = ephemeral_weight},
             scheme::Security::kInsecure)
      .value();
}

class FilesTest : public testing::Test {
 protected:
  FilesTest() : parameters_(TestParameters(30)), pool_(parameters_.n()), path_(directory_ / "file") {
    key_set_ = KeySetId::Random().value();
  }
  Ciphertext RandomCiphertext(int level, size_t parts, double scale) {
    Ciphertext ciphertext{{}, level, scale};
    for (size_t part = 0; part < parts; ++part) {
      lattice::Poly& poly = ciphertext.parts.emplace_back(pool_, MemoryClass::kCiphertexts, level + 1);
      FillRandom(poly, level + 1);
    }
    return ciphertext;
  }
  void FillRandom(lattice::Poly& poly, int limbs) {
    for (int limb = 0; limb < limbs; ++limb) {
      for (size_t i = 0; i < parameters_.n(); ++i) poly.limb(limb)[i] = random_() % parameters_.modulus(limb);
    }
  }
  std::vector<Ciphertext> WriteTwo() {
    std::vector<Ciphertext> ciphertexts;
    ciphertexts.push_back(RandomCiphertext(2, 2, 1048576.5));
    ciphertexts.push_back(RandomCiphertext(0, 3, 0x1p40));
    EXPECT_TRUE(WriteCiphertexts(path_, parameters_, key_set_, ciphertexts).ok());
    return ciphertexts;
  }
  ErrorCode ReadCode() { return ReadCiphertexts(path_, parameters_, pool_).status().code(); }
  void Flip(uint64_t byte, int bit) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(byte));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(old ^ 1 << bit));
    ASSERT_TRUE(file.good());
  }

  TemporaryDirectory directory_;
  Parameters parameters_;
  SlotPool pool_;
  std::string path_;
  KeySetId key_set_;
  std::mt19937_64 random_{1};
};

TEST_F(FilesTest, CiphertextsComeBack) {
  const std::vector<Ciphertext> written = WriteTwo();
  const auto read = ReadCiphertexts(path_, parameters_, pool_);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->key_set, key_set_);
  ASSERT_EQ(read->ciphertexts.size(), 2u);
  for (size_t c = 0; c < 2; ++c) {
    const Ciphertext &a = written[c], &b = read->ciphertexts[c];
    EXPECT_EQ(a.level, b.level);
    EXPECT_EQ(a.scale, b.scale);
    ASSERT_EQ(a.parts.size(), b.parts.size());
    for (size_t part = 0; part < a.parts.size(); ++part) {
      for (int limb = 0; limb <= a.level; ++limb) {
        EXPECT_TRUE(
            std::equal(a.parts[part].limb(limb), a.parts[part].limb(limb) + parameters_.n(), b.parts[part].limb(limb)));
      }
    }
  }
}

TEST_F(FilesTest, AFlippedBitAnywhereInACiphertextFileIsCaught) {
  WriteTwo();
  const uint64_t size = std::filesystem::file_size(path_);
  // Header to the byte; limbs at random.
  for (uint64_t i = 0; i < 400; ++i) {
    const uint64_t byte = i < 200 ? i : random_() % size;
    const int bit = static_cast<int>(random_() % 8);
    Flip(byte, bit);
    EXPECT_EQ(ReadCode(), ErrorCode::kCorrupt) << "byte " << byte << " bit " << bit;
    Flip(byte, bit);
  }
  EXPECT_EQ(ReadCode(), ErrorCode::kOk);
}

TEST_F(FilesTest, TruncatedAndOverlongCiphertextFilesAreCaught) {
  WriteTwo();
  const uint64_t size = std::filesystem::file_size(path_);
  std::filesystem::resize_file(path_, size + 8);
  EXPECT_EQ(ReadCode(), ErrorCode::kCorrupt);
  for (const uint64_t length :
       {size - 1, size / 2, uint64_t{200}, uint64_t{40}, uint64_t{32}, uint64_t{31}, uint64_t{0}}) {
    std::filesystem::resize_file(path_, length);
    EXPECT_EQ(ReadCode(), ErrorCode::kCorrupt) << length;
  }
  std::filesystem::remove(path_);
  EXPECT_EQ(ReadCode(), ErrorCode::kInvalidArgument);
}

TEST_F(FilesTest, ResiduesNotBelowTheirModulusAreCaught) {
  std::vector<Ciphertext> ciphertexts;
  ciphertexts.push_back(RandomCiphertext(1, 2, 2));
  ciphertexts[0].parts[1].limb(1)[5] = parameters_.modulus(1);
  ASSERT_TRUE(WriteCiphertexts(path_, parameters_, key_set_, ciphertexts).ok());
  const auto read = ReadCiphertexts(path_, parameters_, pool_);
  EXPECT_EQ(read.status().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(read.status().message(), HasSubstr("residues"));
}

TEST_F(FilesTest, ImpossibleShapesAreCaught) {
  // Well-formed files whose fields make no sense: the writer writes what it is given.
  for (const double scale : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    std::vector<Ciphertext> ciphertexts;
    ciphertexts.push_back(RandomCiphertext(1, 2, scale));
    ASSERT_TRUE(WriteCiphertexts(path_, parameters_, key_set_, ciphertexts).ok());
    EXPECT_EQ(ReadCode(), ErrorCode::kCorrupt) << scale;
  }
  std::vector<Ciphertext> ciphertexts;
  ciphertexts.push_back(RandomCiphertext(1, 1, 2));
  ASSERT_TRUE(WriteCiphertexts(path_, parameters_, key_set_, ciphertexts).ok());
  EXPECT_EQ(ReadCode(), ErrorCode::kCorrupt);
}

TEST_F(FilesTest, MutatedHeadersWithRightChecksumsNeverCrash) {
  WriteTwo();
  const std::vector<std::byte> good = ReadFile(path_).value();
  uint64_t header = 0;
  std::memcpy(&header, good.data() + 16, sizeof header);
  constexpr ContainerKind kKind = {"KMRTCIPH", 1, "a ciphertext file"};
  for (int i = 0; i < 1000; ++i) {
    std::vector<std::byte> payload(good.begin() + 32, good.begin() + 32 + static_cast<std::ptrdiff_t>(header));
    for (uint64_t changes = 1 + random_() % 3; changes > 0; --changes) {
      payload[random_() % payload.size()] = static_cast<std::byte>(random_() % 4 == 0 ? 0xff : random_());
    }
    std::vector<std::byte> bytes = WrapContainer(kKind, payload);
    bytes.insert(bytes.end(), good.begin() + 32 + static_cast<std::ptrdiff_t>(header), good.end());
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const ErrorCode code = ReadCode();
    EXPECT_TRUE(code == ErrorCode::kOk || code == ErrorCode::kCorrupt);
  }
}

TEST_F(FilesTest, OtherParametersAreToldApart) {
  WriteTwo();
  const Parameters other = TestParameters(29);
  const auto read = ReadCiphertexts(path_, other, pool_);
  EXPECT_EQ(read.status().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(read.status().message(), HasSubstr("other parameters"));
}

TEST_F(FilesTest, SecretKeysComeBackAndAreTheOwnersAlone) {
  for (const bool ephemeral : {false, true}) {
    const Parameters parameters = TestParameters(30, ephemeral ? 32 : 0);
    SecretKeyFile file{key_set_, {}, lattice::SecretKey::Generate(parameters).value(), std::nullopt};
    file.a_seed.fill(5);
    if (ephemeral) file.ephemeral = lattice::SecretKey::Generate(parameters, {.hamming_weight = 32}).value();
    ASSERT_TRUE(WriteSecretKey(path_, parameters, file).ok());
    struct stat info;
    ASSERT_EQ(stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
    const auto read = ReadSecretKey(path_, parameters);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(read->key_set, key_set_);
    EXPECT_EQ(read->a_seed, file.a_seed);
    EXPECT_TRUE(std::ranges::equal(file.key.coefficients(), read->key.coefficients()));
    ASSERT_EQ(read->ephemeral.has_value(), ephemeral);
    if (ephemeral) {
      EXPECT_TRUE(std::ranges::equal(file.ephemeral->coefficients(), read->ephemeral->coefficients()));
      EXPECT_EQ(read->ephemeral->distribution().hamming_weight, 32);
    }
    EXPECT_EQ(ReadSecretKey(path_, TestParameters(29)).status().code(), ErrorCode::kCorrupt);
    const uint64_t size = std::filesystem::file_size(path_);
    for (uint64_t byte = 0; byte < size; ++byte) {
      Flip(byte, static_cast<int>(byte % 8));
      EXPECT_EQ(ReadSecretKey(path_, parameters).status().code(), ErrorCode::kCorrupt) << byte;
      Flip(byte, static_cast<int>(byte % 8));
    }
    std::filesystem::resize_file(path_, size - 1);
    EXPECT_EQ(ReadSecretKey(path_, parameters).status().code(), ErrorCode::kCorrupt);
  }
}

TEST_F(FilesTest, ASecretThatIsNotWhatItsFileSaysIsRefused) {
  const Parameters parameters = TestParameters(30, 32);
  SecretKeyFile file{key_set_,
                     {},
                     lattice::SecretKey::Generate(parameters).value(),
                     lattice::SecretKey::Generate(parameters, {.hamming_weight = 32}).value()};
  ASSERT_TRUE(WriteSecretKey(path_, parameters, file).ok());
  const std::vector<std::byte> good = ReadFile(path_).value();
  constexpr ContainerKind kKind = {"KMRTSECR", 2, "a secret key file"};
  constexpr size_t kCount = 56, kFirstWeight = 60, kSecondWeight = 64;
  for (const auto& [place, value] :
       {std::pair{kCount, 1}, {kCount, 3}, {kCount, 0}, {kFirstWeight, 32}, {kSecondWeight, 31}, {kSecondWeight, 0}}) {
    std::vector<std::byte> payload(good.begin() + 32, good.end());
    payload[place] = static_cast<std::byte>(value);
    ASSERT_TRUE(WriteContainer(kKind, path_, payload).ok());
    EXPECT_EQ(ReadSecretKey(path_, parameters).status().code(), ErrorCode::kCorrupt) << place << " " << value;
  }
  ASSERT_TRUE(WriteFile(path_, {}).ok());
  EXPECT_EQ(ReadSecretKey(path_, parameters).status().code(), ErrorCode::kCorrupt) << "an empty file";
}

TEST_F(FilesTest, PublicKeysComeBack) {
  lattice::PublicKey key{{}, lattice::Poly(pool_, MemoryClass::kKeys, parameters_.limb_count())};
  key.seed.fill(3);
  FillRandom(key.b, parameters_.limb_count());
  ASSERT_TRUE(WritePublicKey(path_, parameters_, key_set_, key).ok());
  const auto read = ReadPublicKey(path_, parameters_, pool_);
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->key_set, key_set_);
  EXPECT_EQ(read->key.seed, key.seed);
  for (int limb = 0; limb < parameters_.limb_count(); ++limb) {
    EXPECT_TRUE(std::equal(key.b.limb(limb), key.b.limb(limb) + parameters_.n(), read->key.b.limb(limb)));
  }
  EXPECT_EQ(ReadPublicKey(path_, TestParameters(29), pool_).status().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ReadCode(), ErrorCode::kCorrupt) << "a public key is no ciphertext";
  const uint64_t size = std::filesystem::file_size(path_);
  for (uint64_t i = 0; i < 300; ++i) {
    const uint64_t byte = i < 150 ? i : random_() % size;
    Flip(byte, static_cast<int>(i % 8));
    EXPECT_EQ(ReadPublicKey(path_, parameters_, pool_).status().code(), ErrorCode::kCorrupt) << byte;
    Flip(byte, static_cast<int>(i % 8));
  }
}

}  // namespace
}  // namespace keymemrt::runtime
