// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensors/npz.h"

#include <zip.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "frontend/tensors/npy.h"
#include "frontend/tensors/weight_formats.h"

namespace keymemrt::frontend {

namespace {

constexpr std::string_view kSuffix = ".npy";

struct ZipDiscard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct ZipFileClose {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using ZipEntry = std::unique_ptr<zip_file_t, ZipFileClose>;

std::string ErrorText(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

// An archive open for reading. libzip allows one call at a time: hold `mutex`.
struct Archive {
  std::string path;
  std::mutex mutex;
  std::unique_ptr<zip_t, ZipDiscard> zip;

  Status ReadError(const std::string& what, const char* text) const {
    return Corrupt("{}: {}: cannot be read from the archive: {}", path, what, text);
  }

  Result<ZipEntry> OpenEntry(uint64_t index, const std::string& what) const {
    ZipEntry entry(zip_fopen_index(zip.get(), index, 0));
    if (!entry) return ReadError(what, zip_strerror(zip.get()));
    return entry;
  }

  Status ReadEntry(zip_file_t* entry, const std::string& what, std::span<std::byte> out) const {
    while (!out.empty()) {
      const zip_int64_t got = zip_fread(entry, out.data(), out.size());
      if (got < 0) return ReadError(what, zip_file_strerror(entry));
      if (got == 0) return ReadError(what, "it ends too early");
      out = out.subspan(static_cast<size_t>(got));
    }
    return Status();
  }
};

class StoredEntry : public ByteSource {
 public:
  StoredEntry(std::shared_ptr<Archive> archive, std::string what, ZipEntry entry, uint64_t size)
      : archive_(std::move(archive)), what_(std::move(what)), entry_(std::move(entry)), size_(size) {}
  ~StoredEntry() override {
    const std::lock_guard lock(archive_->mutex);
    entry_.reset();
  }
  uint64_t size() const override { return size_; }
  Status Read(uint64_t offset, std::span<std::byte> out) const override {
    const std::lock_guard lock(archive_->mutex);
    if (zip_fseek(entry_.get(), static_cast<zip_int64_t>(offset), SEEK_SET) != 0) {
      return archive_->ReadError(what_, zip_file_strerror(entry_.get()));
    }
    return archive_->ReadEntry(entry_.get(), what_, out);
  }

 private:
  std::shared_ptr<Archive> archive_;
  std::string what_;
  ZipEntry entry_;
  uint64_t size_;
};

// A compressed entry. The header is wanted on opening and is short: it is read on its own; the first read beyond it
// inflates the entry whole.
class InflatedEntry : public ByteSource {
 public:
  InflatedEntry(std::shared_ptr<Archive> archive, std::string what, uint64_t index, uint64_t size)
      : archive_(std::move(archive)), what_(std::move(what)), index_(index), size_(size) {}
  uint64_t size() const override { return size_; }
  Status Read(uint64_t offset, std::span<std::byte> out) const override {
    const std::lock_guard lock(archive_->mutex);
    if (contents_.size() < std::max<uint64_t>(kStart, offset + out.size()) && contents_.size() < size_) {
      const bool start_suffices = offset + out.size() <= kStart;
      std::vector<std::byte> contents(start_suffices ? std::min(size_, kStart) : size_);
      KMRT_ASSIGN_OR_RETURN(const ZipEntry entry, archive_->OpenEntry(index_, what_));
      KMRT_RETURN_IF_ERROR(archive_->ReadEntry(entry.get(), what_, contents));
      contents_ = std::move(contents);
    }
    std::memcpy(out.data(), contents_.data() + offset, out.size());
    return Status();
  }

 private:
  static constexpr uint64_t kStart = 4096;
  std::shared_ptr<Archive> archive_;
  std::string what_;
  uint64_t index_;
  uint64_t size_;
  mutable std::vector<std::byte> contents_;  // a prefix of the entry; guarded by archive_->mutex
};

// Reads the entry to its end, where libzip compares its CRC-32.
Status CheckEntry(const Archive& archive, uint64_t index, const std::string& what) {
  KMRT_ASSIGN_OR_RETURN(const ZipEntry entry, archive.OpenEntry(index, what));
  std::vector<std::byte> buffer(size_t{1} << 16);
  for (;;) {
    const zip_int64_t got = zip_fread(entry.get(), buffer.data(), buffer.size());
    if (got < 0) return archive.ReadError(what, zip_file_strerror(entry.get()));
    if (got == 0) return Status();
  }
}

Result<std::unique_ptr<RowSource>> OpenEntryAsArray(const std::shared_ptr<Archive>& archive, uint64_t index,
                                                    const zip_stat_t& info, const std::string& name) {
  std::shared_ptr<ByteSource> bytes;
  if (info.comp_method == ZIP_CM_STORE) {
    std::unique_lock lock(archive->mutex);
    KMRT_ASSIGN_OR_RETURN(ZipEntry entry, archive->OpenEntry(index, name));
    lock.unlock();
    bytes = std::make_shared<StoredEntry>(archive, name, std::move(entry), info.size);
  } else {
    // Deflate cannot expand more than 1032 times: an entry that claims to is not worth an allocation.
    if (info.comp_method != ZIP_CM_DEFLATE || info.size / 1032 > info.comp_size) {
      return Corrupt("{}: {}: stored or deflated data expected", archive->path, name);
    }
    bytes = std::make_shared<InflatedEntry>(archive, name, index, info.size);
  }
  KMRT_ASSIGN_OR_RETURN(StoredArray array, OpenNpy(fmt::format("{}: {}", archive->path, name), std::move(bytes)));
  return std::unique_ptr<RowSource>(std::make_unique<StoredRows>(std::move(array)));
}

}  // namespace

Result<WeightFile::Arrays> OpenNpz(const std::string& path, WeightFile::Check check) {
  auto archive = std::make_shared<Archive>();
  archive->path = path;
  int error = 0;
  archive->zip.reset(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (!archive->zip) return Corrupt("{}: not a sound .npz (zip) archive: {}", path, ErrorText(error));

  WeightFile::Arrays arrays;
  const zip_int64_t count = zip_get_num_entries(archive->zip.get(), 0);
  for (zip_uint64_t index = 0; index < static_cast<zip_uint64_t>(std::max<zip_int64_t>(count, 0)); ++index) {
    zip_stat_t info;
    constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(archive->zip.get(), index, 0, &info) != 0 || (info.valid & kNeeded) != kNeeded) {
      return Corrupt("{}: entry {} of the archive cannot be read", path, index);
    }
    std::string name = info.name;
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - kSuffix.size());
    if (check == WeightFile::Check::kContents) KMRT_RETURN_IF_ERROR(CheckEntry(*archive, index, name));
    if (!arrays.emplace(name, OpenEntryAsArray(archive, index, info, name)).second) {
      return Corrupt("{}: two arrays are named \"{}\"", path, name);
    }
  }
  return arrays;
}

namespace {

// One entry as libzip wants it on writing: bytes it pulls. They are the header, then the rows, one in memory at a time.
struct EntryStream {
  const NpzArray* array;
  Status* failure;  // the first error of any `fill`
  std::string header;
  std::vector<double> row;
  uint64_t rows = 0;
  uint64_t next_row = 0;
  std::span<const std::byte> pending;
  zip_error_t error;

  uint64_t size() const { return header.size() + rows * row.size() * sizeof(double); }

  void Rewind() {
    next_row = 0;
    pending = AsBytes(header);
  }

  zip_int64_t Read(std::span<std::byte> out) {
    size_t done = 0;
    while (done < out.size()) {
      if (pending.empty()) {
        if (next_row == rows) break;
        if (const Status status = array->fill(next_row, row); !status.ok()) {
          if (failure->ok()) *failure = status;
          zip_error_set(&error, ZIP_ER_INTERNAL, 0);
          return -1;
        }
        ++next_row;
        pending = std::as_bytes(std::span<const double>(row));
        continue;
      }
      const size_t part = std::min(out.size() - done, pending.size());
      std::memcpy(out.data() + done, pending.data(), part);
      pending = pending.subspan(part);
      done += part;
    }
    return static_cast<zip_int64_t>(done);
  }

  static zip_int64_t Callback(void* self, void* data, zip_uint64_t length, zip_source_cmd_t command) {
    auto* stream = static_cast<EntryStream*>(self);
    switch (command) {
      case ZIP_SOURCE_OPEN:
        stream->Rewind();
        return 0;
      case ZIP_SOURCE_READ:
        return stream->Read({static_cast<std::byte*>(data), length});
      case ZIP_SOURCE_CLOSE:
      case ZIP_SOURCE_FREE:  // owned by WriteNpz
        return 0;
      case ZIP_SOURCE_STAT: {
        auto* info = static_cast<zip_stat_t*>(data);
        zip_stat_init(info);
        info->valid = ZIP_STAT_SIZE;
        info->size = stream->size();
        return sizeof(*info);
      }
      case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&stream->error, data, length);
      case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
      default:
        zip_error_set(&stream->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
  }
};

}  // namespace

Status WriteNpz(const std::string& path, std::span<const NpzArray> arrays) {
  // Declared before the archive: it pulls from the streams until it is closed or discarded.
  Status failure;
  std::vector<std::unique_ptr<EntryStream>> streams;
  if (arrays.empty()) return InvalidArgument("{}: there is no array to write", path);
  std::set<std::string> names;
  for (const NpzArray& array : arrays) {
    if (array.shape.empty() || array.shape.size() > 2) {
      return InvalidArgument("{}: {}: one or two dimensions expected, the shape is {}", path, array.name,
                             ShapeToString(array.shape));
    }
    if (!names.insert(array.name).second) return InvalidArgument("{}: two arrays are named \"{}\"", path, array.name);
    auto stream = std::make_unique<EntryStream>();
    stream->array = &array;
    stream->failure = &failure;
    stream->header = NpyHeader(array.shape);
    stream->row.resize(array.shape.back());
    stream->rows = array.shape.size() == 2 ? array.shape[0] : 1;
    zip_error_init(&stream->error);
    streams.push_back(std::move(stream));
  }

  int error = 0;
  std::unique_ptr<zip_t, ZipDiscard> archive(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!archive) return Failed("{}: cannot create: {}", path, ErrorText(error));
  for (const auto& stream : streams) {
    zip_source_t* source = zip_source_function(archive.get(), EntryStream::Callback, stream.get());
    if (source == nullptr) return Failed("{}: cannot write: {}", path, zip_strerror(archive.get()));
    const std::string entry_name = stream->array->name + std::string(kSuffix);
    const zip_int64_t index = zip_file_add(archive.get(), entry_name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      zip_source_free(source);
      return Failed("{}: cannot write {}: {}", path, entry_name, zip_strerror(archive.get()));
    }
    // Stored, and dated 1980-01-01 (the first day that zip knows): equal arrays make equal files.
    constexpr zip_uint16_t kFirstDay = 1 << 5 | 1;
    if (zip_set_file_compression(archive.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive.get(), static_cast<zip_uint64_t>(index), 0, kFirstDay, 0) != 0) {
      return Failed("{}: cannot write {}: {}", path, entry_name, zip_strerror(archive.get()));
    }
  }
  // Writes beside `path` and renames; on failure the archive stays open and is discarded.
  if (zip_close(archive.get()) != 0) {
    if (!failure.ok()) return failure;
    return Failed("{}: cannot write: {}", path, zip_strerror(archive.get()));
  }
  static_cast<void>(archive.release());
  return Status();
}

}  // namespace keymemrt::frontend
