// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/io/file_table.h"

namespace keymemrt::runtime {

namespace {

class PreadDevice : public BlockDevice {
 public:
  explicit PreadDevice(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  ~PreadDevice() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    started_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

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

  BlockResult Wait() override {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return !results_.empty(); });
    const BlockResult result = results_.front();
    results_.pop_front();
    return result;
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      started_.wait(lock, [this] { return stop_ || !wanted_.empty(); });
      if (stop_) return;
      const BlockRead read = wanted_.front();
      wanted_.pop_front();
      lock.unlock();
      BlockResult result{read.tag, 0};
      if (!read.out.empty()) {
        result.bytes = pread(read.file, read.out.data(), read.out.size(), static_cast<off_t>(read.offset));
        if (result.bytes < 0) result.bytes = -errno;
        files_.DropCache(read);
      }
      lock.lock();
      results_.push_back(result);
      ended_.notify_one();
    }
  }

  FileTable files_;
  std::mutex mutex_;
  std::condition_variable started_, ended_;
  std::deque<BlockRead> wanted_;
  std::deque<BlockResult> results_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<BlockDevice> MakePreadDevice(int threads) {
  return std::make_unique<PreadDevice>(threads);
}

}  // namespace keymemrt::runtime
