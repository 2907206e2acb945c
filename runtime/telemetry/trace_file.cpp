// SPDX-License-Identifier: Apache-2.0
#include "runtime/telemetry/trace_file.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"

namespace keymemrt::runtime {

namespace {

using Event = Recorder::Event;

// Tracks are threads to the viewers, which list them by number.
constexpr int kOperations = 1;
constexpr int kStalls = 100;  // and the evaluator's thread
constexpr int kReadsOnTheSpot = 200;
constexpr int kReaders = 300;  // and the reader

int TrackOf(const Event& event) {
  if (event.kind == Event::Kind::kStall) return kStalls + event.thread;
  return (event.reader ? kReaders : kReadsOnTheSpot) + event.thread;
}

std::string TrackName(const Event& event) {
  if (event.kind == Event::Kind::kStall) return fmt::format("thread {}: waiting for keys", event.thread);
  return event.reader ? fmt::format("reader {}", event.thread) : fmt::format("thread {}: reading keys", event.thread);
}

// A JSON string, quotes included. Names come from models: any bytes.
std::string Quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

double Microseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) * 1e-3;
}

class Writer {
 public:
  explicit Writer(AtomicFile& file) : file_(file) { text_ = "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"; }

  template <typename... Args>
  void Event(fmt::format_string<Args...> format, Args&&... args) {
    if (!first_) text_ += ",\n";
    first_ = false;
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    if (text_.size() > kPiece) Flush();
  }
  void Track(int track, const std::string& name) {
    Event(R"({{"ph": "M", "pid": 1, "tid": {}, "name": "thread_name", "args": {{"name": {}}}}})", track, Quoted(name));
    Event(R"({{"ph": "M", "pid": 1, "tid": {}, "name": "thread_sort_index", "args": {{"sort_index": {}}}}})", track,
          track);
  }
  void Counter(const char* name, int64_t time, uint64_t bytes) {
    Event(R"({{"ph": "C", "pid": 1, "name": "{}", "ts": {:.3f}, "args": {{"bytes": {}}}}})", name, Microseconds(time),
          bytes);
  }
  Status Finish(int64_t shortest_kept) {
    fmt::format_to(std::back_inserter(text_), "\n], \"otherData\": {{\"left_out_up_to_us\": {:.3f}}}}}\n",
                   Microseconds(shortest_kept));
    Flush();
    KMRT_RETURN_IF_ERROR(status_);
    return file_.Commit();
  }

 private:
  static constexpr size_t kPiece = 64 << 10;
  void Flush() {
    if (status_.ok()) status_ = file_.Append(AsBytes(text_));
    text_.clear();
  }
  AtomicFile& file_;
  std::string text_;
  bool first_ = true;
  Status status_;
};

}  // namespace

Status WriteTrace(const program::Program& program, const Recorder& recorder, const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  Writer writer(file);
  writer.Event(R"({{"ph": "M", "pid": 1, "name": "process_name", "args": {{"name": {}}}}})",
               Quoted("keymemrt run " + program.name));
  std::vector<std::string> keys;
  for (const program::Key& key : program.keys) keys.push_back(Quoted(key.id.ToString()));

  writer.Track(kOperations, "operations");
  for (size_t i = 0; i < program.ops.size(); ++i) {
    const Recorder::Span& span = recorder.operations()[i];
    const program::Op& op = program.ops[i];
    if (span.end == 0 || op.result == program::kNone) continue;  // lifetimes take no time
    writer.Event(R"({{"ph": "X", "pid": 1, "tid": {}, "cat": "operation", "name": {}, "ts": {:.3f}, "dur": {:.3f}, )"
                 R"("args": {{"opcode": "{}", "op": {}, "level": {}{}}}}})",
                 kOperations, Quoted(program.Describe(op)), Microseconds(span.begin),
                 Microseconds(span.end - span.begin), program::OpcodeName(op.opcode), i,
                 program.values[op.result].level,
                 op.key == program::kNone ? std::string() : ", \"key\": " + keys[op.key]);
  }

  std::set<int> tracks;
  for (const Event& event : recorder.events()) {
    const int track = TrackOf(event);
    if (tracks.insert(track).second) writer.Track(track, TrackName(event));
    const bool stall = event.kind == Event::Kind::kStall;
    writer.Event(R"({{"ph": "X", "pid": 1, "tid": {}, "cat": "{}", "name": {}, "ts": {:.3f}, "dur": {:.3f}, )"
                 R"("args": {{"first_chunk": {}, "chunks": {}}}}})",
                 track, stall ? "stall" : "read", keys[event.key], Microseconds(event.span.begin),
                 Microseconds(event.span.end - event.span.begin), event.first_chunk, event.chunks);
  }

  static constexpr const char* kNames[] = {"keys", "ciphertexts", "plaintexts", "scratch", "all"};
  std::array<uint64_t, kMemoryClasses + 1> last;
  last.fill(UINT64_MAX);
  int64_t time = 0;
  for (const Recorder::MemoryColumn& column : recorder.memory().columns()) {
    std::array<uint64_t, kMemoryClasses + 1> now{};
    for (size_t i = 0; i < kMemoryClasses; ++i) {
      now[i] = column.highest[i];
      now[kMemoryClasses] += column.at_peak[i];
    }
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i] != last[i]) writer.Counter(kNames[i], time, now[i]);
    }
    last = now;
    time += recorder.memory().column_width();
  }
  return writer.Finish(recorder.shortest_kept());
}

}  // namespace keymemrt::runtime
