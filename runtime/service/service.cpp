// SPDX-License-Identifier: Apache-2.0
#include "runtime/service/service.h"

#include "base/size.h"
#include "runtime/executor/engine.h"
#include "runtime/executor/executor.h"
#include "runtime/files/ciphertext_file.h"
#include "runtime/keystore/key_store.h"
#include "runtime/plan/trace.h"
#include "runtime/service/admission.h"

namespace keymemrt::runtime {

struct Service::Shared {
  Shared(std::unique_ptr<const Engine> the_engine, WeightSource* the_weights, const ServiceOptions& options,
         uint64_t shared_bytes)
      : engine(std::move(the_engine)),
        weights(the_weights),
        machine(options.machine),
        reads(options.reads),
        budget(options.budget_bytes),
        bytes(shared_bytes),
        admission((budget == 0 ? UINT64_MAX : budget) - shared_bytes) {}

  const std::unique_ptr<const Engine> engine;
  WeightSource* const weights;
  const planner::Machine machine;
  const std::shared_ptr<ReadQueue> reads;  // null: the system's
  const uint64_t budget;                   // 0: none
  const uint64_t bytes;                    // that every session's prediction counts, and the process has once
  Admission admission;
};

// Members die in reverse order: the memory is given back before the grant is.
struct Session::Impl {
  const std::shared_ptr<Service::Shared> shared;
  const Admission::Grant grant;
  const std::unique_ptr<KeyStore> store;
  const std::unique_ptr<Executor> executor;
};

Service::Service(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::Create(program::Program program, WeightSource* weights,
                                                 const ServiceOptions& options) {
  if (weights == nullptr && !program.weights.empty()) {
    return InvalidArgument("the program needs weights ('{}' and others)", program.weights[0].name);
  }
  KMRT_ASSIGN_OR_RETURN(std::unique_ptr<const Engine> engine, Engine::Create(std::move(program), options.threads));
  const uint64_t shared_bytes = SharedBytes(engine->program, engine->parameters(), engine->threads());
  if (options.budget_bytes != 0 && options.budget_bytes < shared_bytes) {
    // A session's message would say the same; the least budget of one is the figure that helps.
    return Executor::Plan(*engine, {.budget_bytes = options.budget_bytes, .machine = options.machine}).status();
  }
  return std::unique_ptr<Service>(
      new Service(std::make_shared<Shared>(std::move(engine), weights, options, shared_bytes)));
}

Result<std::unique_ptr<Session>> Service::Open(const std::string& keys_dir, const SessionOptions& options) {
  Shared& shared = *shared_;
  RunOptions run{.mode = options.mode,
                 .budget_bytes = options.budget_bytes,
                 .progress = options.progress,
                 .recorder = options.recorder,
                 .machine = shared.machine};
  if (shared.budget != 0 && (run.budget_bytes == 0 || run.budget_bytes > shared.budget))
    run.budget_bytes = shared.budget;
  uint64_t bytes;
  {
    // Not kept while the session waits.
    KMRT_ASSIGN_OR_RETURN(const Policy policy, Executor::Plan(*shared.engine, run));
    bytes = policy.predicted.peak_bytes - shared.bytes;
  }
  KMRT_ASSIGN_OR_RETURN(Admission::Grant grant, shared.admission.Take(bytes, options.wait));
  std::unique_ptr<KeyStore> store;
  if (options.mode == Mode::kColdStart) {
    std::vector<KeyStore::Wanted> wanted;
    for (const program::Key& key : shared.engine->program.keys) wanted.push_back({key.id, key.level});
    KMRT_ASSIGN_OR_RETURN(store, KeyStore::OpenArriving(keys_dir, wanted, shared.reads, options.waiting));
  } else {
    KMRT_ASSIGN_OR_RETURN(store, KeyStore::Open(keys_dir, shared.reads));
  }
  KMRT_ASSIGN_OR_RETURN(std::unique_ptr<Executor> executor, Executor::Create(*shared.engine, *store, run));
  return std::unique_ptr<Session>(new Session(std::unique_ptr<Session::Impl>(
      new Session::Impl{shared_, std::move(grant), std::move(store), std::move(executor)})));
}

const program::Program& Service::program() const {
  return shared_->engine->program;
}
uint64_t Service::admitted_bytes() const {
  return shared_->bytes + shared_->admission.taken();
}
uint64_t Service::budget_bytes() const {
  return shared_->bytes + shared_->admission.capacity();
}

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Result<Stats> Session::RunFiles(const std::string& input_path, const std::string& output_path) {
  const scheme::Parameters& parameters = impl_->shared->engine->parameters();
  const KeySetId& key_set = impl_->store->manifest().key_set;
  KMRT_ASSIGN_OR_RETURN(CiphertextFile input, ReadCiphertexts(input_path, parameters, pool()));
  KMRT_RETURN_IF_ERROR(CheckKeySet(input_path, input.key_set, impl_->store->directory(), key_set));
  if (const size_t wanted = impl_->shared->engine->program.inputs.size(); input.ciphertexts.size() != wanted) {
    return Corrupt("{}: {} ciphertexts, the program takes {} inputs: encrypt them for this program", input_path,
                   input.ciphertexts.size(), wanted);
  }
  KMRT_ASSIGN_OR_RETURN(const std::vector<lattice::Ciphertext> outputs, Run(std::move(input.ciphertexts)));
  KMRT_RETURN_IF_ERROR(WriteCiphertexts(output_path, parameters, key_set, outputs));
  return stats();
}

Result<std::vector<lattice::Ciphertext>> Session::Run(std::vector<lattice::Ciphertext> inputs) {
  return impl_->executor->Run(impl_->shared->weights, std::move(inputs));
}

SlotPool& Session::pool() {
  return impl_->executor->pool();
}
std::string Session::io_note() const {
  std::string note = impl_->store->reads().note();
  if (!impl_->store->direct()) {
    note +=
        fmt::format("{}{}: its file system refuses O_DIRECT: keys are read through the page cache and dropped from it",
                    note.empty() ? "" : "; ", impl_->store->directory());
  }
  return note;
}
uint64_t Session::admitted_bytes() const {
  return impl_->grant.bytes();
}
const Stats& Session::stats() const {
  return impl_->executor->stats();
}

}  // namespace keymemrt::runtime
