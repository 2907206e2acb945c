// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/weight_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <zip.h>

#include <thread>

#include "frontend/tensors/npy.h"
#include "frontend/tensors/npz.h"
#include "frontend/tensors/test_files.h"

// HDF5 loses memory of its own when it gives up on a damaged file; LeakSanitizer need not say so.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libhdf5";
}

namespace keymemrt::frontend {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The arrays that every format's test file holds: "a" = [[1, 2, 3], [4, 5, 6]], "b" = [7, 8].
const std::vector<double> kA = {1, 2, 3, 4, 5, 6};
const std::vector<double> kB = {7, 8};

std::vector<double> Row(const WeightFile& file, const std::string& name, uint64_t row, size_t size) {
  std::vector<double> out(size);
  const Status status = file.ReadRow(name, row, out);
  EXPECT_TRUE(status.ok()) << status.message();
  return out;
}

Status RowError(const WeightFile& file, const std::string& name, uint64_t row, size_t size) {
  std::vector<double> out(size);
  return file.ReadRow(name, row, out);
}

void ExpectTestArrays(const WeightFile& file) {
  EXPECT_THAT(file.ArrayShape("a").value(), ElementsAre(2, 3));
  EXPECT_THAT(file.ArrayShape("b").value(), ElementsAre(2));
  EXPECT_THAT(Row(file, "a", 1, 3), ElementsAre(4, 5, 6));
  EXPECT_THAT(Row(file, "b", 0, 2), ElementsAre(7, 8));
  EXPECT_THAT(Row(file, "a", 0, 3), ElementsAre(1, 2, 3));
  EXPECT_TRUE(file.Contains("a"));
  EXPECT_FALSE(file.Contains("c"));
  EXPECT_EQ(RowError(file, "a", 2, 3).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RowError(file, "a", 0, 2).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RowError(file, "b", 1, 2).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RowError(file, "c", 0, 2).code(), ErrorCode::kCorrupt);
  EXPECT_THAT(RowError(file, "c", 0, 2).message(), HasSubstr("no array \"c\"; there are"));
}

// What may come of a damaged file: an error of the right kind that names the file, from Open or from a use.
enum class Outcome { kRefused, kEqual, kDifferent };
Outcome Use(const std::string& path, const std::string& context) {
  const auto check = [&](const Status& status) {
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt) << context << ": " << status.message();
    EXPECT_THAT(status.message(), HasSubstr(path));
    return Outcome::kRefused;
  };
  const auto file = WeightFile::Open(path);
  if (!file.ok()) return check(file.status());
  Outcome outcome = Outcome::kEqual;
  for (const auto& [name, shape, values] : {std::tuple("a", Shape{2, 3}, kA), std::tuple("b", Shape{2}, kB)}) {
    const auto found = (*file)->ArrayShape(name);
    if (!found.ok()) return check(found.status());
    if (*found != shape) return Outcome::kDifferent;
    std::vector<double> out(shape.back());
    for (uint64_t row = 0; row * out.size() < values.size(); ++row) {
      if (const Status status = (*file)->ReadRow(name, row, out); !status.ok()) return check(status);
      for (size_t i = 0; i < out.size(); ++i) {
        if (out[i] != values[row * out.size() + i]) outcome = Outcome::kDifferent;
      }
    }
  }
  return outcome;
}

class Weights : public ::testing::Test {
 protected:
  std::unique_ptr<WeightFile> Open(const std::string& path) {
    auto file = WeightFile::Open(path);
    EXPECT_TRUE(file.ok()) << file.status().message();
    return file.ok() ? std::move(file).value() : nullptr;
  }
  std::string OpenCorrupt(const std::string& bytes) {
    WriteBytes(path_, bytes);
    const auto file = WeightFile::Open(path_);
    EXPECT_FALSE(file.ok());
    if (file.ok()) return "";
    EXPECT_EQ(file.status().code(), ErrorCode::kCorrupt) << file.status().message();
    EXPECT_THAT(file.status().message(), HasSubstr(path_));
    return file.status().message();
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_ / "w";
};

TEST_F(Weights, OfNoKnownFormat) {
  EXPECT_THAT(OpenCorrupt(""), HasSubstr(".npz, .safetensors or HDF5 expected"));
  EXPECT_THAT(OpenCorrupt("hello, world"), HasSubstr(".npz, .safetensors or HDF5 expected"));
  EXPECT_EQ(WeightFile::Open(directory_ / "none").status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(WeightFile::Open(directory_ / "").status().code(), ErrorCode::kInvalidArgument);
}

// --- .npz

NpzArray FromValues(const std::string& name, const Shape& shape, const std::vector<double>& values) {
  return {name, shape, [&values](uint64_t row, std::span<double> out) {
            std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(row * out.size()), out.size(), out.begin());
            return Status();
          }};
}

class Npz : public Weights {
 protected:
  void WriteTestArrays() {
    const Status status = WriteNpz(path_, std::vector{FromValues("a", {2, 3}, kA), FromValues("b", {2}, kB)});
    ASSERT_TRUE(status.ok()) << status.message();
  }
  // Entries of any bytes and method, by libzip alone.
  void WriteZip(const std::vector<std::pair<std::string, std::string>>& entries, int method) {
    zip_t* archive = zip_open(path_.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
    ASSERT_NE(archive, nullptr);
    for (const auto& [name, bytes] : entries) {
      zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
      const zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
      ASSERT_GE(index, 0);
      ASSERT_EQ(zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 9), 0);
    }
    ASSERT_EQ(zip_close(archive), 0);
  }
};

TEST_F(Npz, WritesAndReads) {
  WriteTestArrays();
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("a", "b"));
  ExpectTestArrays(*file);
}

TEST_F(Npz, IsWrittenAlikeEachTime) {
  WriteTestArrays();
  const std::string first = ReadBytes(path_);
  WriteTestArrays();
  EXPECT_EQ(ReadBytes(path_), first);
  EXPECT_EQ(first.substr(10, 4), std::string("\0\0\x21\0", 4));  // time and date: no clock is in the file
}

TEST_F(Npz, ReadsDeflatedEntries) {
  const std::string a = NpyHeader({2, 3}) + Raw<double>({1, 2, 3, 4, 5, 6});
  const std::string b = NpyHeader({2}) + Raw<double>({7, 8});
  // Long enough to be inflated in two steps: first the header, then all.
  std::vector<double> ramp(5000);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  std::string c = NpyHeader({5, 1000});
  c.append(reinterpret_cast<const char*>(ramp.data()), ramp.size() * sizeof(double));
  WriteZip({{"a.npy", a}, {"b.npy", b}, {"ramp.npy", c}, {"readme.txt", "ignored"}}, ZIP_CM_DEFLATE);
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("a", "b", "ramp"));
  ExpectTestArrays(*file);
  EXPECT_EQ(Row(*file, "ramp", 3, 1000)[7], 3007);
  EXPECT_EQ(Row(*file, "ramp", 0, 1000)[999], 999);
}

// Rows in any order and from several threads: the archive has one read position, which they share.
TEST_F(Npz, RowsInAnyOrderFromSeveralThreads) {
  constexpr uint64_t kRows = 64, kColumns = 512;
  const NpzArray array{"m", {kRows, kColumns}, [](uint64_t row, std::span<double> out) {
                         for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<double>(row * kColumns + i);
                         return Status();
                       }};
  ASSERT_TRUE(WriteNpz(path_, std::vector{array}).ok());
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  std::vector<std::thread> threads;
  for (uint64_t start : {0, 13, 31}) {
    threads.emplace_back([&, start] {
      for (uint64_t step = 0; step < kRows; ++step) {
        const uint64_t row = (start + step * 37) % kRows;
        const std::vector<double> values = Row(*file, "m", row, kColumns);
        for (size_t i = 0; i < kColumns; ++i) ASSERT_EQ(values[i], static_cast<double>(row * kColumns + i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Npz, EveryTruncationIsRefused) {
  WriteTestArrays();
  const std::string bytes = ReadBytes(path_);
  ForEachTruncation(bytes, path_, [&](size_t length) {
    EXPECT_EQ(Use(path_, fmt::format("cut at {}", length)), Outcome::kRefused) << length;
  });
}

// A flip in the numbers or their header fails the CRC; elsewhere (dates, attributes) it may do no harm, but never
// changes a number.
TEST_F(Npz, NoBitFlipChangesANumber) {
  for (const int method : {ZIP_CM_STORE, ZIP_CM_DEFLATE}) {
    const std::string a = NpyHeader({2, 3}) + Raw<double>({1, 2, 3, 4, 5, 6});
    const std::string b = NpyHeader({2}) + Raw<double>({7, 8});
    WriteZip({{"a.npy", a}, {"b.npy", b}}, method);
    const std::string bytes = ReadBytes(path_);
    size_t refused = 0;
    ForEachBitFlip(bytes, path_, [&](size_t bit) {
      const Outcome outcome = Use(path_, fmt::format("bit {}", bit));
      EXPECT_NE(outcome, Outcome::kDifferent) << "bit " << bit;
      refused += outcome == Outcome::kRefused;
    });
    EXPECT_GT(refused, bytes.size() * 8 / 2);
  }
}

TEST_F(Npz, StructureCheckAloneDoesNotReadTheNumbers) {
  WriteTestArrays();
  std::string bytes = ReadBytes(path_);
  const size_t number = bytes.find(Raw<double>({5}));
  ASSERT_NE(number, std::string::npos);
  bytes[number] ^= 1;
  WriteBytes(path_, bytes);
  EXPECT_TRUE(WeightFile::Open(path_, WeightFile::Check::kStructure).ok());
  EXPECT_THAT(OpenCorrupt(bytes), HasSubstr("CRC"));
}

TEST_F(Npz, UnusableArraysAreRefusedWhenUsed) {
  std::string integers = NpyHeader({1}) + Raw<int64_t>({1});
  integers.replace(integers.find("<f8"), 3, "<i8");
  WriteZip({{"integers.npy", integers},
            {"text.npy", "text"},
            {"deep.npy", NpyHeader({1, 1, 2}) + Raw<double>({1, 2})},
            {"scalar.npy", NpyHeader({}) + Raw<double>({1})},
            {"huge.npy", NpyHeader({uint64_t{1} << 40, 4096}) + Raw<double>({1})},
            {"nan.npy", NpyHeader({1, 2}) + Raw<double>({0, std::nan("")})},
            {"sound.npy", NpyHeader({1}) + Raw<double>({1})}},
           ZIP_CM_STORE);
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(Row(*file, "sound", 0, 1), ElementsAre(1));
  const auto message = [&](const std::string& name, size_t size) {
    const Status status = RowError(*file, name, 0, size);
    EXPECT_EQ(status.code(), ErrorCode::kCorrupt);
    EXPECT_THAT(status.message(), StartsWith(path_ + ": " + name));
    return status.message();
  };
  EXPECT_THAT(message("integers", 1), HasSubstr("'<f8' (float64)"));
  EXPECT_THAT(message("text", 1), HasSubstr(".npy"));
  EXPECT_THAT(message("deep", 2), HasSubstr("one or two dimensions"));
  EXPECT_THAT(message("scalar", 1), HasSubstr("one or two dimensions"));
  EXPECT_THAT(message("huge", 4096), HasSubstr("expected"));
  EXPECT_THAT(message("nan", 2), HasSubstr("element 1"));
}

TEST_F(Npz, AFailedWriteLeavesNothing) {
  const NpzArray failing{"f", {3, 2}, [](uint64_t row, std::span<double> out) {
                           std::fill(out.begin(), out.end(), 0.0);
                           return row == 2 ? Failed("no row 2") : Status();
                         }};
  const Status status = WriteNpz(path_, std::vector{FromValues("a", {2, 3}, kA), failing});
  EXPECT_EQ(status.code(), ErrorCode::kFailed);
  EXPECT_EQ(status.message(), "no row 2");
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path_).parent_path()));

  // An older file stays as it was.
  WriteTestArrays();
  const std::string before = ReadBytes(path_);
  EXPECT_FALSE(WriteNpz(path_, std::vector{failing}).ok());
  EXPECT_EQ(ReadBytes(path_), before);
  EXPECT_FALSE(WriteNpz(directory_ / "none/w.npz", std::vector{FromValues("a", {2, 3}, kA)}).ok());
}

TEST_F(Npz, RefusesToWriteNonsense) {
  const auto code = [&](const std::vector<NpzArray>& arrays) { return WriteNpz(path_, arrays).code(); };
  EXPECT_EQ(code({}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({FromValues("a", {}, kA)}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({FromValues("a", {1, 2, 3}, kA)}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({FromValues("a", {6}, kA), FromValues("a", {6}, kA)}), ErrorCode::kInvalidArgument);
}

// --- .safetensors

std::string CraftSafetensors(const std::string& header, const std::string& data) {
  return Raw<uint64_t>({header.size()}) + header + data;
}

const char kSafetensorsHeader[] =
    R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}, )"
    R"("b": {"dtype": "F32", "shape": [2], "data_offsets": [48, 56]}}  )";

std::string SafetensorsTestArrays() {
  return CraftSafetensors(kSafetensorsHeader, Raw<double>({1, 2, 3, 4, 5, 6}) + Raw<float>({7, 8}));
}

using Safetensors = Weights;

TEST_F(Safetensors, Reads) {
  WriteBytes(path_, SafetensorsTestArrays());
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("a", "b"));
  ExpectTestArrays(*file);
}

TEST_F(Safetensors, EveryTruncationIsRefused) {
  ForEachTruncation(SafetensorsTestArrays(), path_, [&](size_t length) {
    EXPECT_EQ(Use(path_, fmt::format("cut at {}", length)), Outcome::kRefused) << length;
  });
  EXPECT_THAT(OpenCorrupt(SafetensorsTestArrays() + "x"), HasSubstr("57 bytes of data"));
}

// The format has no checksum; damage is an error or other numbers, never a crash.
TEST_F(Safetensors, SurvivesEveryBitFlip) {
  size_t refused = 0;
  const std::string bytes = SafetensorsTestArrays();
  ForEachBitFlip(bytes, path_,
                 [&](size_t bit) { refused += Use(path_, fmt::format("bit {}", bit)) == Outcome::kRefused; });
  EXPECT_GT(refused, bytes.size() * 8 / 2);
}

TEST_F(Safetensors, RefusesMalformedHeaders) {
  const std::string eight(8, '\0');
  const auto message = [&](const std::string& header) { return OpenCorrupt(CraftSafetensors(header, eight)); };
  EXPECT_THAT(message("{"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message(R"({"a": 1})"), HasSubstr("data_offsets"));
  EXPECT_THAT(message(R"({"a": {"dtype": "F64", "shape": [1]}})"), HasSubstr("data_offsets"));
  for (const char* offsets :
       {"[0]", "[8, 0]", "[0, 9]", "[-1, 8]", "[0, 8.0]", "[0, 18446744073709551615]", "\"0 8\""}) {
    EXPECT_THAT(message(fmt::format(R"({{"a": {{"dtype": "F64", "shape": [1], "data_offsets": {}}}}})", offsets)),
                HasSubstr("data_offsets"))
        << offsets;
  }
  EXPECT_THAT(message(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})"), HasSubstr("gap or overlap"));
  EXPECT_THAT(message(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})"), HasSubstr("take 4"));
  EXPECT_THAT(message(R"({"a": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},)"
                      R"( "b": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}})"),
              HasSubstr("gap or overlap"));
  EXPECT_THAT(message("{" + std::string(100000, '[')), HasSubstr("not a JSON object"));
  EXPECT_THAT(OpenCorrupt(Raw<uint64_t>({UINT64_MAX}) + "{}"), HasSubstr("at most 2 expected"));
  EXPECT_THAT(OpenCorrupt(Raw<uint64_t>({3}) + "{}"), HasSubstr("at most 2 expected"));
}

TEST_F(Safetensors, UnusableArraysAreRefusedWhenUsed) {
  for (const auto& [entry, expected] :
       {std::pair(R"("dtype": "I64", "shape": [1])", "F64 or F32 expected"),
        std::pair(R"("dtype": 3, "shape": [1])", "no 'dtype'"),
        std::pair(R"("dtype": "F64", "shape": [2])", "16 expected"),
        std::pair(R"("dtype": "F64", "shape": [-1])", "list of lengths"),
        std::pair(R"("dtype": "F64", "shape": 1)", "list of lengths"),
        std::pair(R"("dtype": "F64", "shape": [4294967296, 4294967296])", "too large")}) {
    WriteBytes(path_,
               CraftSafetensors(fmt::format(R"({{"a": {{{}, "data_offsets": [0, 8]}}}})", entry), Raw<double>({1})));
    const auto file = Open(path_);
    ASSERT_NE(file, nullptr);
    const auto shape = file->ArrayShape("a");
    ASSERT_FALSE(shape.ok()) << entry;
    EXPECT_EQ(shape.status().code(), ErrorCode::kCorrupt);
    EXPECT_THAT(shape.status().message(), HasSubstr(expected));
  }
}

// --- HDF5

class Hdf5 : public Weights {
 protected:
  // As the reader does when it is the first to use the library; here the tests are.
  static void SetUpTestSuite() { H5dont_atexit(); }

  // Datasets by path, their groups made on the way.
  template <typename T>
  void AddDataset(hid_t file, const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                  const std::vector<T>& values, hid_t creation = H5P_DEFAULT) {
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t dataset = H5Dcreate2(file, name.c_str(), type, space, links, creation, H5P_DEFAULT);
    ASSERT_GE(dataset, 0) << name;
    if (!values.empty()) {
      ASSERT_GE(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
    }
    H5Dclose(dataset);
    H5Sclose(space);
    H5Pclose(links);
  }
  hid_t Create() { return H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT); }
  void WriteTestArrays() {
    const hid_t file = Create();
    AddDataset<double>(file, "a", H5T_NATIVE_DOUBLE, {2, 3}, kA);
    AddDataset<float>(file, "b", H5T_NATIVE_FLOAT, {2}, {7, 8});
    H5Fclose(file);
  }
};

TEST_F(Hdf5, Reads) {
  WriteTestArrays();
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("a", "b"));
  ExpectTestArrays(*file);
}

TEST_F(Hdf5, GroupsBecomeDots) {
  const hid_t h5 = Create();
  AddDataset<double>(h5, "fc1/weights", H5T_NATIVE_DOUBLE, {2, 3}, kA);
  AddDataset<int>(h5, "fc1/steps", H5T_NATIVE_INT, {1}, {1});
  H5Fclose(h5);
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("fc1.steps", "fc1.weights"));
  EXPECT_THAT(Row(*file, "fc1.weights", 1, 3), ElementsAre(4, 5, 6));
  EXPECT_THAT(RowError(*file, "fc1.steps", 0, 1).message(), HasSubstr("float64 or float32, little endian, expected"));
}

TEST_F(Hdf5, ReadsOrionsLayout) {
  const hid_t h5 = Create();
  // Indices in an order that differs from the alphabet's.
  for (const int index : {10, 9, 0}) {
    AddDataset<double>(h5, fmt::format("fc1/diagonals/0_0/{}", index), H5T_NATIVE_DOUBLE, {2},
                       {static_cast<double>(index), index + 0.5});
  }
  AddDataset<float>(h5, "fc1/on_bias", H5T_NATIVE_FLOAT, {3}, {1, 2, 3});
  AddDataset<int>(h5, "fc1/output_rotations", H5T_NATIVE_INT, {1}, {3});
  AddDataset<unsigned char>(h5, "fc1/plaintexts/0_0/10", H5T_NATIVE_UCHAR, {2}, {1, 2});
  AddDataset<double>(h5, "layer1.conv/diagonals/0_0/0", H5T_NATIVE_DOUBLE, {2}, {1, 2});
  AddDataset<double>(h5, "layer1.conv/diagonals/0_1/0", H5T_NATIVE_DOUBLE, {2}, {3, 4});
  AddDataset<double>(h5, "uneven/diagonals/0_0/0", H5T_NATIVE_DOUBLE, {2}, {1, 2});
  AddDataset<double>(h5, "uneven/diagonals/0_0/1", H5T_NATIVE_DOUBLE, {1}, {1});
  H5Fclose(h5);
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("fc1.bias", "fc1.weights", "fc1.weights.0.0", "layer1.conv.weights.0.0",
                                         "layer1.conv.weights.0.1", "uneven.weights", "uneven.weights.0.0"));
  EXPECT_THAT(file->ArrayShape("fc1.weights").value(), ElementsAre(3, 2));
  EXPECT_THAT(Row(*file, "fc1.weights", 0, 2), ElementsAre(0, 0.5));
  EXPECT_THAT(Row(*file, "fc1.weights", 1, 2), ElementsAre(9, 9.5));
  EXPECT_THAT(Row(*file, "fc1.weights.0.0", 2, 2), ElementsAre(10, 10.5));
  EXPECT_THAT(Row(*file, "fc1.bias", 0, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(Row(*file, "layer1.conv.weights.0.1", 0, 2), ElementsAre(3, 4));
  EXPECT_THAT(RowError(*file, "uneven.weights", 0, 2).message(), HasSubstr("as long as the others"));
}

TEST_F(Hdf5, ReadsCompressedDatasets) {
  const hid_t h5 = Create();
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hsize_t chunk[2] = {1, 2};
  H5Pset_chunk(creation, 2, chunk);
  H5Pset_deflate(creation, 6);
  H5Pset_fletcher32(creation);
  AddDataset<double>(h5, "a", H5T_NATIVE_DOUBLE, {2, 3}, kA, creation);
  AddDataset<double>(h5, "b", H5T_NATIVE_DOUBLE, {2}, kB);
  H5Pclose(creation);
  H5Fclose(h5);
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  ExpectTestArrays(*file);
}

// A data file must not make its reader open others.
TEST_F(Hdf5, RefusesDataInOtherFiles) {
  const hid_t h5 = Create();
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(creation, "/etc/hostname", 0, 8);
  AddDataset<double>(h5, "a", H5T_NATIVE_DOUBLE, {1}, {}, creation);
  H5Pclose(creation);
  H5Lcreate_external("/etc/hostname", "a", h5, "b", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(h5);
  const auto file = Open(path_);
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->Names(), ElementsAre("a"));
  EXPECT_THAT(RowError(*file, "a", 0, 1).message(), HasSubstr("in another file"));
}

// HDF5 1.10 keeps no checksum of its structure or of plain data: damage is an error or other numbers, never a crash.
TEST_F(Hdf5, SurvivesBitFlips) {
  WriteTestArrays();
  const std::string bytes = ReadBytes(path_);
  size_t refused = 0;
  ForEachBitFlip(bytes, path_,
                 [&](size_t bit) { refused += Use(path_, fmt::format("bit {}", bit)) == Outcome::kRefused; });
  EXPECT_GT(refused, 100u);
}

TEST_F(Hdf5, EveryTruncationIsRefusedSilently) {
  WriteTestArrays();
  const std::string bytes = ReadBytes(path_);
  ::testing::internal::CaptureStderr();
  ForEachTruncation(bytes, path_, [&](size_t length) {
    EXPECT_EQ(Use(path_, fmt::format("cut at {}", length)), Outcome::kRefused) << length;
  });
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace keymemrt::frontend
