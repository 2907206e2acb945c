// SPDX-License-Identifier: Apache-2.0
#include "runtime/keystore/key_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include "base/checksum.h"
#include "base/container.h"
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

// Narrow primes, which are stored packed, and one wide one, which is not.
Parameters TestParameters() {
  std::vector<uint64_t> q = scheme::FindNttPrimes(55, 10, 1, {}).value();
  for (const uint64_t prime : scheme::FindNttPrimes(30, 10, 3, {}).value()) q.push_back(prime);
  const std::vector<uint64_t> p = scheme::FindNttPrimes(56, 10, 1, q).value();
  return Parameters::Create({.log_n = 10, .q = q, .p = p, .log_default_scale = 20, .ephemeral_weight = 32},
                            scheme::Security::kInsecure)
      .value();
}

// Chunks whose contents are known again: a function of key, digit and limb.
std::vector<uint64_t> ChunkContents(const Parameters& parameters, const KeyId& id, int digit, int limb) {
  std::mt19937_64 random(id.galois_element * 100000 + static_cast<uint64_t>((id.shape.level + 1) * 10000) +
                         static_cast<uint64_t>(digit * 100 + limb));
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

KeyStoreWriter::Producer Produce(const Parameters& plain, const KeyId& id) {
  return [parameters = plain.At(id.shape).value(), id](int level, const lattice::ChunkSink& sink) {
    for (const auto& [digit, limb] : ChunkOrder(parameters, level)) {
      KMRT_RETURN_IF_ERROR(sink(digit, limb, ChunkContents(parameters, id, digit, limb)));
    }
    return Status();
  };
}
Status MustNotBeCalled(int, const lattice::ChunkSink&) {
  return Failed("made again");
}

const KeyId kRotation{KeyKind::kRotation, 5};
const KeyId kRelinearization{KeyKind::kRelinearization, 0};
const KeyId kShaped{KeyKind::kRotation, 5, {1, 2}};  // levels 0 and 1, another special prime
const KeyId kConjugation{KeyKind::kConjugation, 2047};
const KeyId kSwitch{KeyKind::kSecretSwitch, 1, {0, 1}};

class KeyStoreTest : public testing::Test {
 protected:
  KeyStoreTest() : parameters_(TestParameters()), pool_(parameters_.n()), store_(directory_ / "keys") {
    key_set_ = KeySetId::Random().value();
    seed_.fill(42);
  }
  void Write() { ASSERT_TRUE(TryWrite(store_, key_set_).ok()); }
  struct Wanted {
    KeyId id;
    int level;
  };
  const std::vector<Wanted> wanted_ = {
      {kRotation, 3}, {kRelinearization, 1}, {kShaped, 1}, {kConjugation, 0}, {kSwitch, 0}};
  Result<std::unique_ptr<KeyStoreWriter>> Writer() {
    return KeyStoreWriter::Open(store_, parameters_, true, key_set_, seed_);
  }
  Status TryWrite(const std::string& path, const KeySetId& key_set) {
    KMRT_ASSIGN_OR_RETURN(const auto writer, KeyStoreWriter::Open(path, parameters_, true, key_set, seed_));
    for (const Wanted& key : wanted_) {
      KMRT_RETURN_IF_ERROR(writer->Add(key.id, key.level, Produce(parameters_, key.id)).status());
    }
    return writer->Commit();
  }
  // Every file of the store and its contents.
  std::map<std::string, std::vector<std::byte>> Contents(const std::string& path) {
    std::map<std::string, std::vector<std::byte>> contents;
    for (const auto& file : fs::directory_iterator(path)) {
      contents[file.path().filename().string()] = ReadFile(file.path().string()).value();
    }
    return contents;
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
  ASSERT_EQ(manifest.keys.size(), wanted_.size());
  uint64_t stored = 0;
  for (size_t key = 0; key < wanted_.size(); ++key) {
    const KeyEntry& entry = manifest.keys[key];
    EXPECT_EQ(entry.id, wanted_[key].id) << "in order of first use, not of name";
    EXPECT_EQ(entry.level, wanted_[key].level);
    ASSERT_EQ((*store)->Find(entry.id), key);
    const Parameters shaped = parameters_.At(entry.id.shape).value();
    EXPECT_EQ((*store)->parameters(key).shape(), entry.id.shape);
    ASSERT_EQ((*store)->chunk_count(key), shaped.ChunkCount(entry.level));
    const auto order = ChunkOrder(shaped, entry.level);
    for (size_t chunk = 0; chunk < order.size(); ++chunk) {
      const Slot slot = pool_.Take(MemoryClass::kKeys);
      uint64_t* const data = slot.data();
      ASSERT_TRUE((*store)->ReadChunk(key, static_cast<int>(chunk), data).ok());
      const auto expected = ChunkContents(shaped, entry.id, order[chunk].first, order[chunk].second);
      ASSERT_TRUE(std::equal(expected.begin(), expected.end(), slot.words().begin()));
      stored += shaped.modulus(order[chunk].second) < uint64_t{1} << 52 ? 4096 : 8192;
    }
  }
  EXPECT_EQ((*store)->total_stored_bytes(), stored) << "narrow residues are packed";
  EXPECT_FALSE((*store)->Find({KeyKind::kRotation, 25}));
  EXPECT_TRUE(VerifyKeyStore(store_).ok());
  const std::string listing = DescribeKeyStore(**store);
  for (const char* const name : {"INSECURE", "rotation-5 ", "rotation-5-l1p2", "conjugation", "relinearization"}) {
    EXPECT_THAT(listing, HasSubstr(name));
  }
}

TEST_F(KeyStoreTest, ReadsManyChunksAtATime) {
  Write();
  const auto store = KeyStore::Open(store_);
  ASSERT_TRUE(store.ok());
  std::vector<Slot> slots;
  ReadBatch batch;
  for (int i = 0; i < (*store)->chunk_count(0); ++i) {
    uint64_t* const slot = slots.emplace_back(pool_.Take(MemoryClass::kKeys)).data();
    (*store)->StartRead(0, i, slot, 0, batch.Add([&, i, slot] { return (*store)->Finish(0, i, slot); }));
  }
  ASSERT_TRUE(batch.Wait().ok());
  const auto order = ChunkOrder(parameters_, 3);
  for (size_t i = 0; i < slots.size(); ++i) {
    const auto expected = ChunkContents(parameters_, kRotation, order[i].first, order[i].second);
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
  const std::vector<std::byte> bytes = ReadFile(store_ + "/rotation-5@3.kseg").value();
  const auto order = ChunkOrder(parameters_, 3);
  ByteReader reader(bytes);
  uint8_t magic[8];
  reader.Bytes(magic);
  EXPECT_EQ(std::string(magic, magic + 8), "KMRTSEGM");
  EXPECT_EQ(reader.U32(), 2u);           // version
  EXPECT_EQ(reader.U32(), 0u);           // rotation
  EXPECT_EQ(reader.U64(), 5u);           // Galois element
  EXPECT_EQ(reader.U32(), 0xffffffffu);  // plain
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_EQ(reader.U32(), 3u);  // level
  EXPECT_EQ(reader.U32(), order.size());
  const uint64_t table = reader.U64();
  EXPECT_EQ(reader.U64(), bytes.size());
  EXPECT_EQ(reader.U64(), parameters_.fingerprint());
  KeySetId key_set;
  reader.Bytes(key_set.bytes);
  EXPECT_EQ(key_set, key_set_);
  const auto word = [&](uint64_t offset) {
    uint64_t value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  };
  EXPECT_EQ(word(4088), Xxh3(std::span(bytes).first(4088)));
  uint64_t offset = 4096;
  for (size_t i = 0; i < order.size(); ++i) {
    const bool packed = order[i].second >= 1 && order[i].second <= 3;
    const std::vector<uint64_t> residues = ChunkContents(parameters_, kRotation, order[i].first, order[i].second);
    for (size_t k = 0; k < residues.size(); k += 37) {
      if (packed) {  // 30 bits each
        const uint64_t bit = 30 * k;
        uint64_t value = word(offset + bit / 64 * 8) >> bit % 64;
        if (bit % 64 > 34) value |= word(offset + bit / 64 * 8 + 8) << (64 - bit % 64);
        ASSERT_EQ(value & ((1 << 30) - 1), residues[k]);
      } else {
        ASSERT_EQ(word(offset + 8 * k), residues[k]);
      }
    }
    const uint64_t length = packed ? 4096 : 8192;
    EXPECT_EQ(word(table + 8 * i), Xxh3(std::span(bytes).subspan(offset, length)));
    if (packed) {
      EXPECT_EQ(word(offset + 3840), 0u) << "padding";
    }
    offset += length;
  }
  EXPECT_EQ(offset, table);
  EXPECT_EQ(bytes.size(), table + 4096);
  EXPECT_EQ(word(table + 4088), Xxh3(std::span(bytes).subspan(table, 4088)));
  const KeyEntry entry = ReadManifest(store_)->keys[0];
  EXPECT_EQ(entry.seal.table, word(table + 4088));
  Sha256 sha256;
  sha256.Update(bytes);
  EXPECT_EQ(entry.seal.sha256, sha256.Finish()) << "what sha256sum says";
}

TEST_F(KeyStoreTest, OneFlippedBitAnywhereIsCaughtByVerifyAndByUse) {
  Write();
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const auto flipped = [&](const std::string& file, uint64_t byte, auto check) {
    const int bit = static_cast<int>(random() % 8);
    Flip(file, byte, bit);
    check();
    Flip(file, byte, bit);
  };
  // Every byte of the manifest.
  const std::string manifest = store_ + "/" + kManifestName;
  for (uint64_t byte = 0; byte < fs::file_size(manifest); ++byte) {
    flipped(manifest, byte, [&] {
      EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kCorrupt) << "manifest byte " << byte;
    });
  }
  // Every field of a segment's header and table, and their padding in steps; of its chunks, every one at its ends and
  // at random places. (Verify begins with what Open does.)
  const Manifest read = ReadManifest(store_).value();
  StoredShapes shapes(parameters_);
  for (const size_t key : {size_t{0}, size_t{2}}) {
    const KeyEntry& entry = read.keys[key];
    const SegmentLayout& layout = shapes.At(entry.id.shape).value()->layout;
    const std::string segment = store_ + "/" + entry.FileName();
    const uint64_t table = layout.TableOffset(entry.chunks);
    for (uint64_t byte = 0; byte < fs::file_size(segment); ++byte) {
      if (byte >= kSegmentAlignment && byte < table) {
        byte = table - 1;
        continue;
      }
      const uint64_t at = byte % kSegmentAlignment;
      if (at >= 200 && at < kSegmentAlignment - 8 && random() % 64 != 0) continue;
      flipped(segment, byte, [&] {
        const Status status = KeyStore::Open(store_).status();
        EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << "segment byte " << byte;
        EXPECT_THAT(status.message(), HasSubstr(entry.FileName()));
      });
    }
    for (int chunk = 0; chunk < entry.chunks; ++chunk) {
      const StoredChunk& stored = layout.chunks()[static_cast<size_t>(chunk)];
      for (const uint64_t at : {uint64_t{0}, uint64_t{stored.used} - 1, uint64_t{stored.bytes} - 1,
                                random() % stored.bytes, random() % stored.bytes}) {
        flipped(segment, stored.offset + at, [&] {
          const Status status = VerifyKeyStore(store_);
          EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
          EXPECT_THAT(status.message(), HasSubstr(entry.FileName()));
          const auto store = KeyStore::Open(store_);
          ASSERT_TRUE(store.ok()) << "chunks are checked when they are read";
          const Slot slot = pool_.Take(MemoryClass::kKeys);
          uint64_t* const data = slot.data();
          const Status use = (*store)->ReadChunk(key, chunk, data);
          EXPECT_EQ(use.code(), ErrorCode::kCorrupt);
          EXPECT_THAT(use.message(), HasSubstr(fmt::format("chunk {} ", chunk)));
        });
      }
    }
  }
  EXPECT_TRUE(VerifyKeyStore(store_).ok()) << "the flips were undone";
}

TEST_F(KeyStoreTest, TruncatedAndMissingSegmentsAreCaught) {
  Write();
  const std::string segment = store_ + "/rotation-5@3.kseg";
  const uint64_t size = fs::file_size(segment);
  const std::vector<std::byte> whole = ReadFile(segment).value();
  for (const uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{4095}, uint64_t{4096}, uint64_t{8192}, size - 1}) {
    fs::resize_file(segment, length);
    const Status status = KeyStore::Open(store_).status();
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << length;
    EXPECT_THAT(status.message(), HasSubstr("rotation-5@3.kseg"));
    ASSERT_TRUE(WriteFile(segment, whole).ok());
  }
  fs::resize_file(segment, size + 1);
  EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kCorrupt);
  fs::remove(segment);
  const Status status = KeyStore::Open(store_).status();
  EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
  EXPECT_THAT(status.message(), HasSubstr("missing"));
}

TEST_F(KeyStoreTest, SegmentsOfOtherKeySetsKeysAndVersionsAreToldApart) {
  Write();
  const std::string segment = store_ + "/rotation-5@3.kseg";
  const std::string other = directory_ / "other";
  ASSERT_TRUE(TryWrite(other, KeySetId::Random().value()).ok());
  const auto refused = [&](const std::string& why) {
    const Status status = KeyStore::Open(store_).status();
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(status.message(), HasSubstr(why));
  };
  fs::copy_file(other + "/rotation-5@3.kseg", segment, fs::copy_options::overwrite_existing);
  refused("another key set");
  // Of the same length.
  StoredShapes shapes(parameters_);
  const SegmentLayout& layout = shapes.At({}).value()->layout;
  const SegmentHeader header{{KeyKind::kRotation, 25}, 3, parameters_.fingerprint(), key_set_};
  auto writer = SegmentWriter::Create(segment, header, layout, parameters_.ChunkCount(3));
  ASSERT_TRUE(writer.ok());
  for (const auto& [digit, limb] : ChunkOrder(parameters_, 3)) {
    ASSERT_TRUE(writer->Append(digit, limb, ChunkContents(parameters_, header.id, digit, limb)).ok());
  }
  ASSERT_TRUE(writer->Commit().ok());
  refused("another key");
  Flip(segment, 8, 0);
  refused("format version 3");
}

// A small store of fixed contents: a plain key, a shaped one, and what says that keys are arriving.
Status WriteGoldenStore(const std::string& path, const Parameters& parameters) {
  KeySetId key_set;
  lattice::Seed seed;
  for (size_t i = 0; i < key_set.bytes.size(); ++i) key_set.bytes[i] = static_cast<uint8_t>(17 * i + 3);
  for (size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<uint8_t>(7 * i + 1);
  KMRT_ASSIGN_OR_RETURN(const auto writer, KeyStoreWriter::Open(path, parameters, true, key_set, seed));
  std::vector<std::byte> arriving;
  for (const KeyId& id : {kRotation, kShaped}) {
    const Parameters shaped = parameters.At(id.shape).value();
    KMRT_RETURN_IF_ERROR(writer
                             ->Add(id, 0,
                                   [&](int level, const lattice::ChunkSink& sink) {
                                     for (const auto& [digit, limb] : ChunkOrder(shaped, level)) {
                                       std::vector<uint64_t> words(shaped.n());
                                       for (size_t i = 0; i < words.size(); ++i) {
                                         words[i] = i % 64 == 0 ? shaped.modulus(limb) - 1 - i / 64 : i % 5;
                                       }
                                       KMRT_RETURN_IF_ERROR(sink(digit, limb, words));
                                     }
                                     return Status();
                                   })
                             .status());
    KMRT_ASSIGN_OR_RETURN(arriving, ReadFile(path + "/" + kArrivingName));
  }
  KMRT_RETURN_IF_ERROR(writer->Commit());
  return WriteFile(path + "/" + kArrivingName, arriving);
}

// To be run, with the directory to be filled in KMRT_GOLDEN, when the version of the format has changed.
TEST_F(KeyStoreTest, DISABLED_WritesTheGoldenStore) {
  ASSERT_TRUE(WriteGoldenStore(std::getenv("KMRT_GOLDEN"), parameters_).ok());
}

TEST_F(KeyStoreTest, TheFormatIsFrozen) {
  // What this code writes is what is in the tree, to the byte; and that can be read.
  const Status written = WriteGoldenStore(store_, parameters_);
  ASSERT_TRUE(written.ok()) << written.message();
  EXPECT_EQ(Contents(store_), Contents(KMRT_GOLDEN_STORE));
  const Status verified = VerifyKeyStore(KMRT_GOLDEN_STORE);
  EXPECT_TRUE(verified.ok()) << verified.message();
  const auto store = KeyStore::Open(KMRT_GOLDEN_STORE);
  ASSERT_TRUE(store.ok());
  const Slot slot = pool_.Take(MemoryClass::kKeys);
  for (size_t key = 0; key < 2; ++key) {
    for (int chunk = 0; chunk < (*store)->chunk_count(key); ++chunk) {
      ASSERT_TRUE((*store)->ReadChunk(key, chunk, slot.data()).ok());
      EXPECT_EQ(slot.words()[64], (*store)->Locate(key, chunk).modulus.value() - 2);
      EXPECT_EQ(slot.words()[1023], 3u);
    }
  }
  EXPECT_TRUE(ReadArriving(KMRT_GOLDEN_STORE).ok());
}

TEST_F(KeyStoreTest, AStoreOfVersionOneIsRefused) {
  Write();
  const std::string manifest = store_ + "/" + kManifestName;
  const std::vector<std::byte> bytes = ReadFile(manifest).value();
  ASSERT_TRUE(WriteContainer({"KMRTKEYS", 1, ""}, manifest, std::span(bytes).subspan(32)).ok());
  for (const Status& status : {KeyStore::Open(store_).status(), VerifyKeyStore(store_), Writer().status()}) {
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(status.message(), HasSubstr("of format version 1; this program reads version 2"));
  }
  EXPECT_TRUE(RemoveKeyStore(store_).ok());
}

TEST_F(KeyStoreTest, ASegmentThatIsWholeButNotTheManifestsIsCaught) {
  Write();
  Manifest manifest = ReadManifest(store_).value();
  ++manifest.keys[1].seal.sha256[7];
  ASSERT_TRUE(WriteManifest(manifest, store_).ok());
  EXPECT_THAT(VerifyKeyStore(store_).message(), HasSubstr("not the file that the manifest names"));
}

TEST_F(KeyStoreTest, ResiduesAboveTheirModulusAreCaughtByVerify) {
  for (const int wrong : {0, 1}) {  // a limb of words, a packed one
    const auto writer = Writer();
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)
                    ->Add(kRotation, 1,
                          [&](int level, const lattice::ChunkSink& sink) {
                            for (const auto& [digit, limb] : ChunkOrder(parameters_, level)) {
                              std::vector<uint64_t> words(parameters_.n());
                              if (limb == wrong) words[17] = parameters_.modulus(limb);
                              KMRT_RETURN_IF_ERROR(sink(digit, limb, words));
                            }
                            return Status();
                          })
                    .ok());
    ASSERT_TRUE((*writer)->Commit().ok());
    EXPECT_EQ(VerifyKeyStore(store_).code(), ErrorCode::kCorrupt);
    ASSERT_TRUE(RemoveKeyStore(store_).ok());
  }
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
  const auto entry = [&](const KeyId& id, int level) {
    const Parameters shaped = parameters_.At(id.shape).value();
    return KeyEntry{id, level, shaped.DigitCount(level), shaped.ChunkCount(level), {}};
  };
  for (const Wanted& key : wanted_) good.keys.push_back(entry(key.id, key.level));
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
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].id.kind = static_cast<KeyKind>(4); }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[0].level = 2; })) << "chunks of another level";
  EXPECT_TRUE(refused([](Manifest& m) { ++m.keys[0].digits; }));
  EXPECT_TRUE(refused([](Manifest& m) { --m.keys[0].chunks; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[2].id.shape = {}; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[2].id.shape = {-1, 2}; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[2].id.shape = {1, 4}; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[2].id.shape = {4, 1}; }));
  EXPECT_TRUE(refused([](Manifest& m) { m.keys[4].id.galois_element = 3; })) << "two secrets, two switches";
  EXPECT_TRUE(refused([](Manifest& m) { m.keys.push_back(m.keys[0]); }));
  EXPECT_TRUE(refused([](Manifest& m) { m.parameters.q[0] += 2; }));
  EXPECT_TRUE(refused([](Manifest& m) {
    m.parameters.ephemeral_weight = 0;
    m.fingerprint = Parameters::Create(m.parameters, scheme::Security::kInsecure)->fingerprint();
  })) << "a switch to a secret that there is not";
}

TEST_F(KeyStoreTest, MutatedManifestsWithRightChecksumsNeverCrash) {
  Manifest manifest;
  manifest.parameters = parameters_.literal();
  manifest.fingerprint = parameters_.fingerprint();
  manifest.insecure = true;
  manifest.keys = {{kRotation, 3, parameters_.DigitCount(3), parameters_.ChunkCount(3), {}},
                   {kShaped, 0, 1, parameters_.At(kShaped.shape)->ChunkCount(0), {}}};
  const std::vector<std::byte> good = SerializeManifest(manifest);
  ASSERT_TRUE(DeserializeManifest(good).ok());
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

TEST_F(KeyStoreTest, AnAbandonedWriterLeavesNoStoreAndTheNextGoesOn) {
  Write();
  const auto undisturbed = Contents(store_);
  ASSERT_TRUE(RemoveKeyStore(store_).ok());
  {
    const auto writer = Writer();
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ(Writer().status().code(), ErrorCode::kFailed) << "locked";
  }
  EXPECT_FALSE(fs::exists(store_)) << "nothing was made";
  {
    const auto writer = Writer();
    ASSERT_TRUE(writer.ok());
    EXPECT_EQ((*writer)->Add(kRotation, 3, Produce(parameters_, kRotation)).value(), true);
    const auto fails = [&](const KeyId& id, int level, const KeyStoreWriter::Producer& produce) {
      return (*writer)->Add(id, level, produce).status();
    };
    const auto at = [&](int level) {
      return [this, level](int, const lattice::ChunkSink& sink) {
        return Produce(parameters_, kRelinearization)(level, sink);
      };
    };
    EXPECT_EQ(fails(kRelinearization, 1, at(0)).code(), ErrorCode::kFailed) << "too few chunks";
    EXPECT_EQ(fails(kRelinearization, 0, at(1)).code(), ErrorCode::kFailed) << "too many chunks";
    EXPECT_EQ(fails(kRelinearization, 1, MustNotBeCalled).message(), "made again");
    EXPECT_EQ(fails(kRelinearization, 4, at(0)).code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(fails(kShaped, 2, at(0)).code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(fails({KeyKind::kRotation, 5, {9, 9}}, 0, at(0)).code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(KeyStore::Open(store_).status().code(), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(Contents(store_).size(), 2u) << "the one that is whole, and arriving.kms";
  const auto writer = Writer();
  ASSERT_TRUE(writer.ok());
  for (size_t i = 0; i < wanted_.size(); ++i) {
    const auto made =
        (*writer)->Add(wanted_[i].id, wanted_[i].level,
                       i == 0 ? KeyStoreWriter::Producer(MustNotBeCalled) : Produce(parameters_, wanted_[i].id));
    ASSERT_TRUE(made.ok()) << made.status().message();
    EXPECT_EQ(*made, i != 0);
  }
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(Contents(store_), undisturbed);
}

TEST_F(KeyStoreTest, KeysAreAddedAndRaised) {
  Write();
  const auto before = Contents(store_);
  {
    const auto writer = Writer();
    ASSERT_TRUE(writer.ok());
    // What is there, at its level or below, stays.
    for (const Wanted& key : wanted_) ASSERT_TRUE((*writer)->Add(key.id, 0, MustNotBeCalled).ok());
    ASSERT_TRUE((*writer)->Commit().ok());
    EXPECT_EQ(Contents(store_), before);
    ASSERT_TRUE((*writer)->Add(kRelinearization, 2, Produce(parameters_, kRelinearization)).ok());
    const KeyId added{KeyKind::kRotation, 25};
    ASSERT_TRUE((*writer)->Add(added, 1, Produce(parameters_, added)).ok());
    EXPECT_TRUE(VerifyKeyStore(store_).ok()) << "the old store is whole until the new one is";
    EXPECT_EQ(ReadManifest(store_)->keys.size(), wanted_.size());
    ASSERT_TRUE((*writer)->Commit().ok());
  }
  EXPECT_TRUE(VerifyKeyStore(store_).ok());
  const Manifest manifest = ReadManifest(store_).value();
  ASSERT_EQ(manifest.keys.size(), wanted_.size() + 1);
  EXPECT_EQ(manifest.keys[1].id, kRelinearization);
  EXPECT_EQ(manifest.keys[1].level, 2);
  EXPECT_EQ(manifest.keys.back().level, 1);
  EXPECT_FALSE(fs::exists(store_ + "/relinearization@1.kseg"));
  EXPECT_EQ(Contents(store_).size(), wanted_.size() + 2);
}

TEST_F(KeyStoreTest, ADamagedSegmentIsMadeAgain) {
  Write();
  const auto before = Contents(store_);
  Flip(store_ + "/conjugation@0.kseg", 5000, 3);
  fs::remove(store_ + "/rotation-5@3.kseg");
  ASSERT_TRUE(TryWrite(store_, key_set_).ok());
  EXPECT_EQ(Contents(store_), before);
}

TEST_F(KeyStoreTest, AWriterClearsLeftoversAndNothingElse) {
  ASSERT_TRUE(TryWrite(store_, KeySetId::Random().value()).ok());
  EXPECT_EQ(Writer().status().code(), ErrorCode::kInvalidArgument) << "another client's";
  EXPECT_THAT(Writer().status().message(), HasSubstr("keys rm"));
  EXPECT_TRUE(VerifyKeyStore(store_).ok()) << "a refusal harms nothing";
  fs::remove(store_ + "/" + kManifestName);
  ASSERT_TRUE(WriteFile(store_ + "/rotation-7@1.kseg", AsBytes("KMRTSEGM torn")).ok());
  ASSERT_TRUE(WriteFile(store_ + "/rotation-5@3.kseg.a1B2c3", AsBytes("")).ok());
  ASSERT_TRUE(WriteFile(store_ + "/manifest.kms.a1B2c3", AsBytes("torn")).ok());
  ASSERT_TRUE(WriteFile(store_ + "/notes.txt", AsBytes("mine")).ok());
  Write();
  EXPECT_TRUE(VerifyKeyStore(store_).ok());
  EXPECT_EQ(directory_.Files().size(), wanted_.size() + 2);  // manifest, segments, notes
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
