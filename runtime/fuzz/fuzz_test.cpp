// SPDX-License-Identifier: Apache-2.0
//
// Damaged files, many of them: programs, manifests, segments, ciphertexts, secret and public keys. Whatever is in a
// file, reading it ends in kCorrupt or in something that can be used; nothing crashes or hangs. Half of the mutants
// have their checksums made right again, so that what is behind them is reached.
//
// Each kind has its share of KMRT_FUZZ_MUTANTS (100,000) and stops after KMRT_FUZZ_SECONDS (4) anyway; KMRT_FUZZ_SEED
// repeats a run. What has once been wrong is kept in corpus/<kind>/ and read first, by itself and mutated.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/checksum.h"
#include "base/file.h"
#include "base/slot_pool.h"
#include "lattice/keys/keys.h"
#include "lattice/ring/context.h"
#include "planner/residency.h"
#include "program/testing/builder.h"
#include "runtime/files/ciphertext_file.h"
#include "runtime/files/key_files.h"
#include "runtime/format/temporary_directory.h"
#include "runtime/io/simulated_devices.h"
#include "runtime/keystore/key_store.h"
#include "runtime/keystore/key_store_writer.h"
#include "runtime/plan/policy.h"
#include "runtime/plan/trace.h"

namespace keymemrt::runtime {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

template <typename T>
T Load(const Bytes& bytes, size_t at) {
  T value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
template <typename T>
void Store(Bytes& bytes, size_t at, T value) {
  if (at + sizeof value <= bytes.size()) std::memcpy(bytes.data() + at, &value, sizeof value);
}

// base/container.h: the payload's length and the frame's checksum. `framed`: how much of the file that is about.
void SealFrame(Bytes& bytes, size_t framed) {
  if (bytes.size() < 32 || framed < 32) return;
  framed = std::min(framed, bytes.size());
  Store<uint64_t>(bytes, 16, framed - 32);
  const std::span<const std::byte> all(bytes);
  Store<uint64_t>(bytes, 24, Xxh3(all.subspan(32, framed - 32)) ^ Xxh3(all.first(24)));
}
// docs/formats/keystore.md: header and table.
void SealSegment(Bytes& bytes) {
  const std::span<const std::byte> all(bytes);
  if (bytes.size() >= 4096) Store<uint64_t>(bytes, 4088, Xxh3(all.first(4088)));
  const uint64_t table = Load<uint64_t>(bytes, 40);
  if (table < bytes.size() && bytes.size() - table >= 8) {
    Store<uint64_t>(bytes, bytes.size() - 8, Xxh3(all.subspan(table, bytes.size() - 8 - table)));
  }
}

// One to four damages. `head`: where the structure is; most of them hit that.
void Mutate(Bytes& bytes, const Bytes& other, size_t head, std::mt19937_64& random) {
  const auto place = [&]() -> size_t {
    const size_t limit = random() % 4 != 0 ? std::min(head, bytes.size()) : bytes.size();
    return limit == 0 ? 0 : random() % limit;
  };
  constexpr uint64_t kNumbers[] = {0,        1,        2,   7,          8,          255,        4096,
                                   1u << 16, 1u << 31, ~0u, 1ull << 40, 1ull << 62, 1ull << 63, ~0ull};
  const size_t edits = 1 + random() % 4;
  for (size_t edit = 0; edit < edits && !bytes.empty(); ++edit) {
    const size_t at = place();
    const uint64_t number = kNumbers[random() % std::size(kNumbers)] + (random() % 3 == 0 ? random() % 5 - 2 : 0);
    switch (random() % 9) {
      case 0:
        bytes[at] ^= std::byte{1} << random() % 8;
        break;
      case 1:
        bytes[at] = static_cast<std::byte>(random());
        break;
      case 2:
        Store<uint32_t>(bytes, at / 4 * 4, static_cast<uint32_t>(number));
        break;
      case 3:
        Store<uint64_t>(bytes, at / 8 * 8, number);
        break;
      case 4:
        Store<uint32_t>(bytes, at / 4 * 4, Load<uint32_t>(bytes, at / 4 * 4) + static_cast<uint32_t>(random() % 7) - 3);
        break;
      case 5: {  // a piece from elsewhere
        const Bytes& source = random() % 2 == 0 && !other.empty() ? other : bytes;
        const size_t from = random() % source.size();
        const size_t count = std::min({size_t{1} + random() % 64, source.size() - from, bytes.size() - at});
        std::copy_n(Bytes(source.begin() + static_cast<std::ptrdiff_t>(from),
                          source.begin() + static_cast<std::ptrdiff_t>(from + count))
                        .begin(),
                    count, bytes.begin() + static_cast<std::ptrdiff_t>(at));
        break;
      }
      case 6:
        if (random() % 4 == 0) bytes.resize(at);
        break;
      case 7: {
        const size_t count = std::min<size_t>(1 + random() % 100, bytes.size() - at);
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + count));
        break;
      }
      case 8:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), 1 + random() % 100,
                     static_cast<std::byte>(random()));
        break;
    }
  }
}

class Fuzz : public testing::Test {
 protected:
  Fuzz()
      : parameters_(scheme::Parameters::Create(program::TestParameters(10, 2), scheme::Security::kInsecure).value()),
        context_(parameters_),
        pool_(parameters_.n()),
        random_(seed_) {
    key_set_.bytes.fill(9);
    a_seed_.fill(5);
  }

  struct Kind {
    const char* name;
    std::vector<Bytes> good;                   // to begin with
    size_t head;                               // bytes of structure
    std::function<void(Bytes&)> seal;          // makes checksums right
    std::function<Status(const Bytes&)> read;  // and uses what it got
    double share;                              // of all mutants
  };
  void Run(const Kind& kind) {
    const std::string corpus = fmt::format("{}/{}", KMRT_FUZZ_CORPUS, kind.name);
    std::vector<Bytes> seeds = kind.good;
    if (fs::exists(corpus)) {
      for (const auto& file : fs::directory_iterator(corpus)) seeds.push_back(ReadFile(file.path().string()).value());
    }
    for (size_t i = 0; i < seeds.size(); ++i) {
      const Status status = kind.read(seeds[i]);
      ASSERT_TRUE(i < kind.good.size() ? status.ok() : status.ok() || status.code() == ErrorCode::kCorrupt)
          << kind.name << ": " << status.message();
    }
    const auto mutants =
        static_cast<uint64_t>(kind.share * static_cast<double>(FromEnvironment("KMRT_FUZZ_MUTANTS", 100'000)));
    const auto limit = std::chrono::seconds(FromEnvironment("KMRT_FUZZ_SECONDS", 4));
    const auto start = std::chrono::steady_clock::now();
    uint64_t done = 0, accepted = 0;
    for (; done < mutants && std::chrono::steady_clock::now() - start < limit; ++done) {
      Bytes bytes = seeds[random_() % seeds.size()];
      Mutate(bytes, seeds[random_() % seeds.size()], kind.head, random_);
      if (random_() % 2 == 0) kind.seal(bytes);
      last_ = bytes;
      const Status status = kind.read(bytes);
      accepted += status.ok();
      if (!status.ok() && status.code() != ErrorCode::kCorrupt) {
        Keep(kind.name);
        FAIL() << kind.name << ", seed " << seed_ << ": " << status.message();
      }
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    fmt::print("{}: {} mutants in {:.1f} s, {} accepted; KMRT_FUZZ_SEED={}\n", kind.name, done, seconds, accepted,
               seed_);
    EXPECT_GT(done, 0u);
    EXPECT_LT(accepted, done) << "the mutator is broken";
  }
  // Writes the mutant to where the test runs, for the corpus. (After a crash a debugger finds it in last_.)
  void Keep(const char* kind) const {
    const std::string path = fmt::format("fuzz-{}-{}", kind, seed_);
    EXPECT_TRUE(WriteFile(path, last_).ok());
    fmt::print("kept as {}: put it into runtime/fuzz/corpus/{}/\n", path, kind);
  }
  // Writes bytes to a file, for those who read files.
  std::string File(const Bytes& bytes) {
    const std::string path = directory_ / "mutant";
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
    return path;
  }
  lattice::Ciphertext MakeCiphertext(int level, size_t parts) {
    lattice::Ciphertext ciphertext{{}, level, 0x1p35};
    for (size_t part = 0; part < parts; ++part) {
      lattice::Poly& poly = ciphertext.parts.emplace_back(pool_, MemoryClass::kCiphertexts, level + 1);
      for (int limb = 0; limb <= level; ++limb) {
        for (size_t i = 0; i < parameters_.n(); ++i) poly.limb(limb)[i] = random_() % parameters_.modulus(limb);
      }
    }
    return ciphertext;
  }

  // Files in memory, where there is such a place: a mutant is written, read once and forgotten.
  const bool in_memory_ = fs::exists("/dev/shm") && setenv("TMPDIR", "/dev/shm", 1) == 0;
  const uint64_t seed_ = FromEnvironment("KMRT_FUZZ_SEED", std::random_device()());
  const scheme::Parameters parameters_;
  const lattice::Context context_;
  SlotPool pool_;
  std::mt19937_64 random_;
  TemporaryDirectory directory_;
  KeySetId key_set_;
  lattice::Seed a_seed_;
  Bytes last_;
};

TEST_F(Fuzz, Programs) {
  std::vector<Bytes> good;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    good.push_back(program::Serialize(
        program::RandomProgram(seed, {.log_n = 10, .levels = 2, .steps = 8 + 2 * static_cast<int>(seed)})));
  }
  const auto whole = [](Bytes& bytes) { SealFrame(bytes, bytes.size()); };
  Run({"program", good, 1 << 20, whole,
       [](const Bytes& bytes) {
         KMRT_ASSIGN_OR_RETURN(const program::Program program, program::Deserialize(bytes));
         const auto parameters = program.CheckedParameters();
         if (!parameters.ok()) return Status();
         // What is accepted can be planned.
         const auto policy = MakePolicy(MakeTrace(program, *parameters, 2), Mode::kPlanned, 0);
         return policy.ok() ? Status() : Failed("cannot be planned: {}", policy.status().message());
       },
       0.3});
}

TEST_F(Fuzz, KeyStores) {
  // One key of each stored kind of chunk; manifest and segments are mutated in turn.
  const std::string keys = directory_ / "keys";
  const scheme::KeyId rotation = parameters_.RotationKey(1), relinearization{scheme::KeyKind::kRelinearization, 0};
  {
    const auto writer = KeyStoreWriter::Open(keys, parameters_, true, key_set_, a_seed_).value();
    const auto secret = lattice::SecretKey::Generate(parameters_).value();
    for (const scheme::KeyId& id : {rotation, relinearization}) {
      const auto added = writer->Add(id, 1, [&](int level, const lattice::ChunkSink& sink) {
        return lattice::GenerateSwitchingKey(context_, pool_, secret, a_seed_, id, level, sink);
      });
      ASSERT_TRUE(added.ok()) << added.status().message();
    }
    ASSERT_TRUE(writer->Commit().ok());
  }
  const std::string manifest = keys + "/" + kManifestName;
  const std::string segment = keys + "/" + ReadManifest(keys)->keys[0].FileName();
  const Bytes good_manifest = ReadFile(manifest).value(), good_segment = ReadFile(segment).value();

  const auto reads = std::make_shared<ReadQueue>(MakeMemoryDevice());
  const Slot slot = pool_.Take(MemoryClass::kKeys);
  std::vector<std::vector<uint64_t>> chunks;
  // Opens the store and reads every chunk: what can be read is what was written.
  const auto use = [&]() -> Status {
    KMRT_ASSIGN_OR_RETURN(const auto store, KeyStore::Open(keys, reads));
    const auto key = store->Find(rotation);
    if (!key) return Corrupt("the key has gone");
    for (int chunk = 0; chunk < store->chunk_count(*key); ++chunk) {
      KMRT_RETURN_IF_ERROR(store->ReadChunk(*key, chunk, slot.data()));
      if (static_cast<size_t>(chunk) == chunks.size()) chunks.emplace_back(slot.words().begin(), slot.words().end());
      if (!std::ranges::equal(slot.words(), chunks[static_cast<size_t>(chunk)])) return Failed("other residues");
    }
    return Status();
  };
  const auto put = [](const std::string& path, const Bytes& bytes) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  };
  Run({"segment",
       {good_segment},
       4096,
       SealSegment,
       [&](const Bytes& bytes) {
         put(segment, bytes);
         return use();
       },
       0.2});
  put(segment, good_segment);
  Run({"manifest",
       {good_manifest},
       1 << 20,
       [](Bytes& bytes) { SealFrame(bytes, bytes.size()); },
       [&](const Bytes& bytes) {
         put(manifest, bytes);
         return use();
       },
       0.2});
}

TEST_F(Fuzz, Ciphertexts) {
  const std::string path = directory_ / "good";
  std::vector<Bytes> good;
  for (const auto& [level, parts] : {std::pair{0, 2}, {1, 3}}) {
    std::vector<lattice::Ciphertext> ciphertexts;
    ciphertexts.push_back(MakeCiphertext(level, static_cast<size_t>(parts)));
    ASSERT_TRUE(WriteCiphertexts(path, parameters_, key_set_, ciphertexts).ok());
    good.push_back(ReadFile(path).value());
  }
  // The frame is over the header alone, whose length it says.
  Run({"ciphertext", good, 200, [](Bytes& bytes) { SealFrame(bytes, 32 + Load<uint64_t>(bytes, 16) % 4096); },
       [&](const Bytes& bytes) { return ReadCiphertexts(File(bytes), parameters_, pool_).status(); }, 0.15});
}

TEST_F(Fuzz, ClientKeys) {
  const std::string path = directory_ / "good";
  auto secret = lattice::SecretKey::Generate(parameters_).value();
  auto public_key = lattice::GeneratePublicKey(context_, pool_, secret).value();
  ASSERT_TRUE(WritePublicKey(path, parameters_, key_set_, public_key).ok());
  Run({"public-key",
       {ReadFile(path).value()},
       200,
       [](Bytes& bytes) { SealFrame(bytes, 32 + Load<uint64_t>(bytes, 16) % 4096); },
       [&](const Bytes& bytes) { return ReadPublicKey(File(bytes), parameters_, pool_).status(); },
       0.05});
  ASSERT_TRUE(WriteSecretKey(path, parameters_, {key_set_, a_seed_, std::move(secret), std::nullopt}).ok());
  Run({"secret-key",
       {ReadFile(path).value()},
       100,
       [](Bytes& bytes) { SealFrame(bytes, bytes.size()); },
       [&](const Bytes& bytes) { return ReadSecretKey(File(bytes), parameters_).status(); },
       0.1});
}

}  // namespace
}  // namespace keymemrt::runtime
