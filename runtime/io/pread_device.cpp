// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "runtime/io/file_table.h"

namespace keymemrt::runtime {

namespace {

class PreadDevice : public BlockDevice {
 public:
  explicit PreadDevice(int threads) : threads_(threads) {}

  std::string_view name() const override { return "pread"; }
  Result<File> Open(const std::string& path) override { return files_.Open(path); }
  void Close(int file) override { files_.Close(file); }

  void Start(std::span<const BlockRead> reads) override {
    {
      const std::lock_guard lock(mutex_);
      wanted_.insert(wanted_.end(), reads.begin(), reads.end());
    }
    reads.size() == 1 ? started_.notify_one() : started_.notify_all();
  }

  // Reads itself: so the thread that will check the bytes has them in its cache.
  BlockResult Wait() override {
    std::unique_lock lock(mutex_);
    started_.wait(lock, [this] { return !wanted_.empty(); });
    const BlockRead read = wanted_.front();
    wanted_.pop_front();
    lock.unlock();
    BlockResult result{read.tag, 0};
    if (read.out.empty()) return result;
    result.bytes = pread(read.file, read.out.data(), read.out.size(), static_cast<off_t>(read.offset));
    if (result.bytes < 0) result.bytes = -errno;
    files_.DropCache(read);
    return result;
  }
  int WaitingThreads() const override { return threads_; }

 private:
  const int threads_;
  FileTable files_;
  std::mutex mutex_;
  std::condition_variable started_;
  std::deque<BlockRead> wanted_;
};

}  // namespace

std::unique_ptr<BlockDevice> MakePreadDevice(int threads) {
  return std::make_unique<PreadDevice>(threads);
}

}  // namespace keymemrt::runtime
