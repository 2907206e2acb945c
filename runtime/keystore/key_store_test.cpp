// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/checksum.h"
#include "base/file.h"
#include "base/slot_pool.h"
#include "runtime/format/temporary_directory.h"
#include "runtime/keystore/key_store_writer.h"

namespace keymemrt::runtime {
namespace {

using scheme::KeyId;
using scheme::KeyKind;
using scheme::Parameters;
using testing::HasSubstr;
namespace fs = std::filesystem;

Parameters TestParameters(int special_bits = 31) {
  const std::vector<uint64_t> q = scheme::FindNttPrimes(30, 10, 4, {}).value();
  const std::vector<uint64_t> p = scheme::FindNttPrimes(special_bits, 10, 1, q).value();
  return Parameters::Create({.log_n = 10, .q = q, .p = p, .log_default_scale = 20}, scheme::Security::kInsecure)
      .value();
}

// Chunks whose contents are known again: a function of key, digit and limb.
std::vector<uint64_t> ChunkContents(const Parameters& parameters, const KeyId& id, int digit, int limb) {
  std::mt19937_64 random(id.galois_element * 1000 + static_cast<uint64_t>(digit * 100 + limb));
  std::vector<uint64_t> words(parameters.n());
  for (uint64_t& word : words) word = random() % parameters.modulus(limb);
  return words;
}

// (digit, limb) of every chunk at `level`, in ChunkIndex order.
std::vector<std::pair<int, int>> ChunkOrder(const Parameters& parameters, int level) {
  std::vector<std::pair<int, int>> order(static_cast<size_t>(parameters.ChunkCount(level)));
  for (int digit = 0; digit < parameters.DigitCount(parameters.max_level()); ++digit) {
    for (int limb = 0; limb < parameters.limb_count(); ++limb) {
      const int index = parameters.ChunkIndex(digit, limb);
      if (index < parameters.ChunkCount(level)) order[static_cast<size_t>(index)] = {digit, limb};
    }
  }
  return order;
}

KeyStoreWriter::Producer Produce(const Parameters& parameters, const KeyId& id, int level) {
  return [=](const lattice::ChunkSink& sink) {
    for (const auto& [digit, limb] : ChunkOrder(parameters, level)) {
      KMRT_RETURN_IF_ERROR(sink(digit, limb, ChunkContents(parameters, id, digit, limb)));
    }
    return Status();
  };
}

const KeyId kRotation{KeyKind::kRotation, 5};
const KeyId kRelinearization{KeyKind::kRelinearization, 0};

class KeyStoreTest : public testing::Test {
 protected:
  KeyStoreTest() : parameters_(TestParameters()), pool_(parameters_.n()), store_(directory_ / "keys") {
    key_set_ = KeySetId::Random().value();
    seed_.fill(42);
  }
  void Write() { ASSERT_TRUE(TryWrite(store_, key_set_).ok()); }
  Status TryWrite(const std::string& path, const KeySetId& key_set) {
    KMRT_ASSIGN_OR_RETURN(const auto writer, KeyStoreWriter::Create(path, parameters_, true, key_set, seed_));
    KMRT_RETURN_IF_ERROR(writer->Add(kRotation, 3, Produce(parameters_, kRotation, 3)));
    KMRT_RETURN_IF_ERROR(writer->Add(kRelinearization, 1, Produce(parameters_, kRelinearization, 1)));
    return writer->Commit();
  }
  void Flip(const std::string& path, uint64_t byte, int bit) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(byte));
    const int old = file.get();
    file.seekp(static_cast<std::streamoff>(byte));
    file.put(static_cast<char>(old ^ 1 << bit));
    ASSERT_TRUE(file.good());
  }

  TemporaryDirectory directory_;
  Parameters parameters_;
  SlotPool pool_;
  std::string store_;
  KeySetId key_set_;
  lattice::Seed seed_;
};

TEST_F(KeyStoreTest, ReturnsWhatWasWritten) {
  Write();
  const auto store = KeyStore::Open(store_);
  ASSERT_TRUE(store.ok()) << store.status().message();
  const Manifest& manifest = (*store)->manifest();
  EXPECT_EQ(manifest.key_set, key_set_);
  EXPECT_EQ(manifest.a_seed, seed_);
  EXPECT_TRUE(manifest.insecure);
  EXPECT_EQ((*store)->parameters().fingerprint(), parameters_.fingerprint());
  ASSERT_EQ(manifest.keys.size(), 2u);
  EXPECT_EQ(manifest.keys[0].id, kRotation) << "in order of first use, not of name";
  for (size_t key = 0; key < 2; ++key) {
    const KeyEntry& entry = manifest.keys[key];
    ASSERT_EQ((*store)->Find(entry.id), key);
    ASSERT_EQ((*store)->chunk_count(key), parameters_.ChunkCount(entry.level));
    const auto order = ChunkOrder(parameters_, entry.level);
    for (size_t chunk = 0; chunk < order.size(); ++chunk) {
      const Slot slot = pool_.Take(MemoryClass::kKeys);
      uint64_t* const data = slot.data();
      ASSERT_TRUE((*store)->ReadChunks(key, static_cast<int>(chunk), {&data, 1}).ok());
      const auto expected = ChunkContents(parameters_, entry.id, order[chunk].first, order[chunk].second);
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), slot.words().begin()));
    }
  }
  EXPECT_FALSE((*store)->Find({KeyKind::kRotation, 25}));
  EXPECT_TRUE(VerifyKeyStore(store_).ok());
  EXPECT_THAT(DescribeKeyStore(**store), HasSubstr("INSECURE"));
}

TEST_F(KeyStoreTest, ReadsARunOfChunksAtOnce) {
  Write();
  const auto store = KeyStore::Open(store_);
  ASSERT_TRUE(store.ok());
  std::vector<Slot> slots;
  std::vector<uint64_t*> data;
  for (int i = 1; i < (*store)->chunk_count(0); ++i)
    data.push_back(slots.emplace_back(pool_.Take(MemoryClass::kKeys)).data());
  ASSERT_TRUE((*store)->ReadChunks(0, 1, data).ok());
  const auto order = ChunkOrder(parameters_, 3);
  for (size_t i = 0; i < slots.size(); ++i) {
    const auto expected = ChunkContents(parameters_, kRotation, order[i + 1].first, order[i + 1].second);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), slots[i].words().begin())) << i;
  }
}

TEST_F(KeyStoreTest, ALowerLevelIsAPrefix) {
  // What the format promises to the cache: the chunks of level l of a key made for level 3 are its first ones.
  const auto top = ChunkOrder(parameters_, 3);
  for (int level = 0; level < 3; ++level) {
    const auto order = ChunkOrder(parameters_, level);
    EXPECT_TRUE(std::equal(order.begin(), order.end(), top.begin()));
  }
}

TEST_F(KeyStoreTest, SegmentsAreLaidOutAsDocumented) {
  Write();
  const std::vector<std::byte> bytes = ReadFile(store_ + "/rotation-5.kseg").value();
  const uint64_t chunks = static_cast<uint64_t>(parameters_.ChunkCount(3));
  ASSERT_EQ(bytes.size(), 8192 + chunks * parameters_.chunk_bytes());
  ByteReader reader(bytes);
  uint8_t magic[8];
  reader.Bytes(magic);
  EXPECT_EQ(std::string(magic, magic + 8), "KMRTSEGM");
  EXPECT_EQ(reader.U32(), 1u);  // version
  EXPECT_EQ(reader.U32(), 0u);  // rotation
  EXPECT_EQ(reader.U64(), 5u);  // Galois element
  EXPECT_EQ(reader.U32(), 3u);  // level
  EXPECT_EQ(reader.U32(), chunks);
  EXPECT_EQ(reader.U64(), 8192u);  // bytes of a chunk
  EXPECT_EQ(reader.U64(), 8192u);  // offset of the first chunk
  EXPECT_EQ(reader.U64(), parameters_.fingerprint());
  KeySetId key_set;
  reader.Bytes(key_set.bytes);
  EXPECT_EQ(key_set, key_set_);
  uint64_t checksum;
  std::memcpy(&checksum, bytes.data() + 4096 + 8, sizeof checksum);
  EXPECT_EQ(checksum, Xxh3(std::span(bytes).subspan(8192 + 8192, 8192)));
}

TEST_F(KeyStoreTest, FlippedBitsAreCaughtAnywhere) {
  Write();
  const uint64_t manifest_seed = std::random_device()();
  SCOPED_TRACE(manifest_seed);
  std::mt19937_64 random(manifest_seed);
  // Every byte of the manifest; of a segment, its header region in steps and random places in its chunks.
  const std::string manifest = store_ + "/" + kManifestName;
  for (uint64_t byte = 0; byte < fs::file_size(manifest); ++byte) {
    const int bit = static_cast<int>(random() % 8);
    Flip(manifest, byte, bit);
    EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kCorrupt) << "manifest byte " << byte;
    Flip(manifest, byte, bit);
  }
  const std::string segment = store_ + "/rotation-5.kseg";
  const uint64_t size = fs::file_size(segment);
  std::vector<uint64_t> places = {0, 8, 24, 71, 72, 4095, 4096, 4100, 8191, 8192, size - 1};
  for (int i = 0; i < 60; ++i) places.push_back(random() % size);
  for (const uint64_t byte : places) {
    const int bit = static_cast<int>(random() % 8);
    Flip(segment, byte, bit);
    const Status status = VerifyKeyStore(store_);
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << "segment byte " << byte;
    EXPECT_THAT(status.message(), HasSubstr("rotation-5.kseg"));
    if (byte >= 8192) {
      const auto store = KeyStore::Open(store_);
      ASSERT_TRUE(store.ok()) << "chunks are checked when they are read";
      const Slot slot = pool_.Take(MemoryClass::kKeys);
      uint64_t* const data = slot.data();
      const int chunk = static_cast<int>((byte - 8192) / 8192);
      const Status read = (*store)->ReadChunks(0, chunk, {&data, 1});
      EXPECT_EQ(read.code(), ErrorCode::kCorrupt);
      EXPECT_THAT(read.message(), HasSubstr(fmt::format("chunk {} ", chunk)));
    }
    Flip(segment, byte, bit);
  }
  EXPECT_TRUE(VerifyKeyStore(store_).ok()) << "the flips were undone";
}

TEST_F(KeyStoreTest, TruncatedAndMissingSegmentsAreCaught) {
  Write();
  const std::string segment = store_ + "/rotation-5.kseg";
  const uint64_t size = fs::file_size(segment);
  const std::vector<std::byte> whole = ReadFile(segment).value();
  for (const uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{4095}, uint64_t{4096}, uint64_t{8192}, size - 1}) {
    fs::resize_file(segment, length);
    const Status status = KeyStore::Open(store_).status();
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << length;
    EXPECT_THAT(status.message(), HasSubstr("rotation-5.kseg"));
    ASSERT_TRUE(WriteFile(segment, whole).ok());
  }
  fs::resize_file(segment, size + 1);
  EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kCorrupt);
  fs::remove(segment);
  const Status status = KeyStore::Open(store_).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("missing"));
}

TEST_F(KeyStoreTest, ASegmentOfAnotherKeySetIsToldApart) {
  Write();
  const std::string other = directory_ / "other";
  ASSERT_TRUE(TryWrite(other, KeySetId::Random().value()).ok());
  fs::copy_file(other + "/rotation-5.kseg", store_ + "/rotation-5.kseg", fs::copy_options::overwrite_existing);
  const Status status = KeyStore::Open(store_).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("another key set"));
}

TEST_F(KeyStoreTest, ResiduesAboveTheirModulusAreCaughtByVerify) {
  const auto writer = KeyStoreWriter::Create(store_, parameters_, true, key_set_, seed_);
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE((*writer)
                  ->Add(kRotation, 0,
                        [&](const lattice::ChunkSink& sink) {
                          for (const auto& [digit, limb] : ChunkOrder(parameters_, 0)) {
                            std::vector<uint64_t> words(parameters_.n());
                            words[17] = parameters_.modulus(limb);
                            KMRT_RETURN_IF_ERROR(sink(digit, limb, words));
                          }
                          return Status();
                        })
                  .ok());
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(VerifyKeyStore(store_).code(), ErrorCode::kCorrupt);
}

TEST_F(KeyStoreTest, InsecureParametersAreRefusedUnlessTheManifestSaysSo) {
  Manifest manifest;
  manifest.parameters = parameters_.literal();
  manifest.fingerprint = parameters_.fingerprint();
  manifest.insecure = true;
  EXPECT_TRUE(DeserializeManifest(SerializeManifest(manifest)).ok());
  manifest.insecure = false;
  EXPECT_EQ(DeserializeManifest(SerializeManifest(manifest)).status().code(), ErrorCode::kCorrupt);
}

TEST_F(KeyStoreTest, ManifestsThatContradictThemselvesAreRefused) {
  Manifest good;
  good.parameters = parameters_.literal();
  good.fingerprint = parameters_.fingerprint();
  good.insecure = true;
  good.keys = {{kRotation, 3, 1}};
  ASSERT_TRUE(DeserializeManifest(SerializeManifest(good)).ok());
  const auto refused = [&](auto change) {
    Manifest bad = good;
    change(bad);
    return DeserializeManifest(SerializeManifest(bad)).status().code() == ErrorCode::kCorrupt;
  };
  EXPECT_TRUE(refused([](Manifest& m) { m.fingerprint ^= 1; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].level = 4; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].level = -1; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].id.galois_element = 4; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].id.galois_element = 2049; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].id.kind = KeyKind::kRelinearization; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].id.kind = KeyKind::kConjugation; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys.push_back(m.keys[0]); }));
  EXPECT_TRUE(refused([](Manifest& m) { m.parameters.q[0] += 2; }));
}

TEST_F(KeyStoreTest, MutatedManifestsWithRightChecksumsNeverCrash) {
  Manifest manifest;
  manifest.parameters = parameters_.literal();
  manifest.fingerprint = parameters_.fingerprint();
  manifest.insecure = true;
  manifest.keys = {{kRotation, 3, 1}, {kRelinearization, 1, 2}};
  const std::vector<std::byte> good = SerializeManifest(manifest);
  std::mt19937_64 random(1);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::byte> bytes = good;
    for (uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random() % 4 == 0 ? 0xff : random());
    }
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 8));
    const auto read = DeserializeManifest(bytes);
    accepted += read.ok();
    if (!read.ok()) {
      EXPECT_EQ(read.status().code(), ErrorCode::kCorrupt);
    }
  }
  EXPECT_GT(accepted, 0) << "a change of the seed or a checksum is another valid manifest";
}

TEST_F(KeyStoreTest, AbandonedWriterLeavesNothing) {
  {
    const auto writer = KeyStoreWriter::Create(store_, parameters_, true, key_set_, seed_);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Add(kRotation, 3, Produce(parameters_, kRotation, 3)).ok());
    EXPECT_EQ((*writer)->Add(kRotation, 3, Produce(parameters_, kRotation, 3)).code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ((*writer)->Add(kRelinearization, 1, Produce(parameters_, kRelinearization, 0)).code(), ErrorCode::kFailed)
        << "too few chunks";
    EXPECT_EQ((*writer)->Add(kRelinearization, 0, Produce(parameters_, kRelinearization, 1)).code(), ErrorCode::kFailed)
        << "too many chunks";
    EXPECT_EQ((*writer)->Add(kRelinearization, 1, [](const lattice::ChunkSink&) { return Failed("x"); }).message(),
              "x");
    EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(KeyStoreWriter::Create(store_, parameters_, true, key_set_, seed_).status().code(), ErrorCode::kFailed)
        << "locked";
  }
  EXPECT_FALSE(fs::exists(store_));
}

TEST_F(KeyStoreTest, AWriterClearsLeftoversAndNothingElse) {
  fs::create_directory(store_);
  ASSERT_TRUE(WriteFile(store_ + "/rotation-5.kseg", AsBytes("KMRTSEGM torn")).ok());
  ASSERT_TRUE(WriteFile(store_ + "/rotation-5.kseg.a1B2c3", AsBytes("")).ok());
  ASSERT_TRUE(WriteFile(store_ + "/manifest.kms.a1B2c3", AsBytes("torn")).ok());
  ASSERT_TRUE(WriteFile(store_ + "/notes.txt", AsBytes("mine")).ok());
  Write();
  EXPECT_TRUE(VerifyKeyStore(store_).ok());
  EXPECT_EQ(directory_.Files().size(), 4u);  // manifest, two segments, notes
  const Status status = TryWrite(store_, key_set_);
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("keys rm"));
  EXPECT_TRUE(VerifyKeyStore(store_).ok()) << "a refusal harms nothing";
}

TEST_F(KeyStoreTest, RemovesAKeyStoreAndNothingElse) {
  Write();
  ASSERT_TRUE(RemoveKeyStore(store_).ok());
  EXPECT_FALSE(fs::exists(store_));

  Write();
  ASSERT_TRUE(WriteFile(store_ + "/notes.txt", AsBytes("mine")).ok());
  ASSERT_TRUE(RemoveKeyStore(store_).ok());
  EXPECT_THAT(directory_.Files(), testing::ElementsAre("keys/notes.txt"));

  EXPECT_EQ(RemoveKeyStore(store_).code(), ErrorCode::kInvalidArgument) << "no longer a key store";
  ASSERT_TRUE(WriteFile(store_ + "/manifest.kms", AsBytes("something else")).ok());
  EXPECT_EQ(RemoveKeyStore(store_).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(directory_.Files().size(), 2u);
  EXPECT_EQ(RemoveKeyStore(directory_ / "nowhere").code(), ErrorCode::kInvalidArgument);
}

TEST_F(KeyStoreTest, RemovesAHalfWrittenStore) {
  Write();
  fs::remove(store_ + "/" + kManifestName);
  EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(RemoveKeyStore(store_).ok());
  EXPECT_FALSE(fs::exists(store_));
}

}  // namespace
}  // namespace keymemrt::runtime
