// SPDX-License-Identifier: Apache-2.0
#include "runtime/executor/engine.h"

#include <algorithm>
#include <thread>

#include "runtime/plan/shapes.h"
#include "runtime/plan/trace.h"

namespace keymemrt::runtime {

Engine::Engine(program::Program the_program, const scheme::Parameters& parameters, int threads)
    : program(std::move(the_program)),
      liveness(program),
      plans(TransformPlans(program, parameters)),
      rows(RowsOf(program, plans)),
      context(parameters),
      encoder(context),
      workers(threads),
      trace(MakeTrace(program, parameters, threads)) {}

Result<std::unique_ptr<const Engine>> Engine::Create(program::Program program, int threads) {
  KMRT_ASSIGN_OR_RETURN(const scheme::Parameters parameters, program.CheckedParameters());
  if (threads < 0) return InvalidArgument("{} threads: at least one expected", threads);
  if (threads == 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return std::unique_ptr<const Engine>(new Engine(std::move(program), parameters, threads));
}

}  // namespace keymemrt::runtime
