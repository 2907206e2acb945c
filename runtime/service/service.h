// SPDX-License-Identifier: Apache-2.0
//
// Service: one compiled program ready to be run for several clients at the same time. A Session is one client's: its
// keys, its ciphertexts, its memory. Sessions share the program, the tables of its parameters, the weights and the
// worker threads; they share no key and no slot of memory, and what one computes does not depend on the others.
//
//   KMRT_ASSIGN_OR_RETURN(program::Program program, program::Read("model.kmrt"));
//   KMRT_ASSIGN_OR_RETURN(auto service, Service::Create(std::move(program), &weights, {.budget_bytes = 2ull << 30}));
//   KMRT_ASSIGN_OR_RETURN(auto session, service->Open("keys", {.budget_bytes = 512ull << 20}));
//   KMRT_ASSIGN_OR_RETURN(const Stats stats, session->RunFiles("x.ct", "y.ct"));
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/slot_pool.h"
#include "base/status.h"
#include "lattice/ring/poly.h"
#include "planner/machine.h"
#include "program/program.h"
#include "runtime/executor/weights.h"
#include "runtime/io/read_queue.h"
#include "runtime/plan/policy.h"
#include "runtime/telemetry/recorder.h"
#include "runtime/telemetry/stats.h"

namespace keymemrt::runtime {

struct ServiceOptions {
  int threads = 0;            // that evaluate, sessions' callers among them; 0: one per processor
  uint64_t budget_bytes = 0;  // of the whole process; 0: as much as it takes
  // By whose times sessions plan what stays in memory. Not what they compute.
  planner::Machine machine = planner::DefaultMachine();
  // By which all sessions read their keys; null: the system's.
  std::shared_ptr<ReadQueue> reads;
};

struct SessionOptions {
  Mode mode = Mode::kPlanned;
  // Of a process that has this session alone, what all share included; 0: the service's. With several sessions at a
  // time each needs a budget of its own: a session plans to use all of it.
  uint64_t budget_bytes = 0;
  // Whether Open waits until there is memory for the session.
  bool wait = true;
  // In mode cold-start: told which key is waited for, on the thread that called Open or Run.
  std::function<void(const std::string& what)> waiting;
  // Called after each operation, on the thread that called Run.
  std::function<void(size_t done, size_t total)> progress;
  // Filled by each run, which also counts its memory; null: nothing is recorded. Must outlive the session.
  Recorder* recorder = nullptr;
};

class Session;

// Thread-safe.
class Service {
 public:
  // `weights` may be null when the program has none, must outlive service and sessions, and is called from several
  // threads when several sessions run. kInvalidArgument: no weights for a program that needs some; kInfeasible: the
  // budget is less than what all sessions share; CheckedParameters' errors.
  static Result<std::unique_ptr<Service>> Create(program::Program program, WeightSource* weights,
                                                 const ServiceOptions& options);
  ~Service();

  // Admits a client whose keys are the key store `keys_dir`. The most that the session will take is predicted first,
  // and set aside until it is destroyed: what is predicted of all sessions, and what they share, never exceeds the
  // budget. kInfeasible: the session does not fit even alone, the message holds the least budget that it needs.
  // In mode cold-start the keys may still be arriving (KeyStore::OpenArriving): waits until it is known whose they are.
  // kUnavailable: it does not fit now, and shall not wait. Others wait their turn, without end, so whoever waits must
  // not hold what it waits for. kInvalidArgument: no key store; kCorrupt: it is damaged, or of another program.
  Result<std::unique_ptr<Session>> Open(const std::string& keys_dir, const SessionOptions& options);

  const program::Program& program() const;
  // Bytes set aside now, what all share included; and the budget, UINT64_MAX when there is none.
  uint64_t admitted_bytes() const;
  uint64_t budget_bytes() const;

 private:
  friend class Session;
  struct Shared;
  explicit Service(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
};

// Lives as long as its owner likes, the service may go before. One run at a time; different sessions at once.
class Session {
 public:
  ~Session();

  // The client's run on files: reads the input, checks that it is of the same key set as the keys, runs, writes the
  // output atomically. No output is left behind a failure. kInvalidArgument: no such input; kCorrupt: an input that is
  // damaged or not of this program or client, a damaged chunk of a key; kFailed: a file cannot be read or written; what
  // the weights end in. Messages name file or operation.
  Result<Stats> RunFiles(const std::string& input_path, const std::string& output_path);

  // The same on ciphertexts in slots of pool(), which are consumed; the outputs are in such slots too and must go
  // before the session. Whose they are is not checked.
  Result<std::vector<lattice::Ciphertext>> Run(std::vector<lattice::Ciphertext> inputs);
  SlotPool& pool();

  // How keys are read, where that is not the best way: for people. Empty: by io_uring, past the page cache.
  std::string io_note() const;
  // Bytes that this session adds to the process at most.
  uint64_t admitted_bytes() const;
  // Of the last run; before the first: what is predicted.
  const Stats& stats() const;

 private:
  friend class Service;
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace keymemrt::runtime
