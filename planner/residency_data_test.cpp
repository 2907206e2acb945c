// SPDX-License-Identifier: Apache-2.0
//
// testdata/residency.txt: problems and plans as text.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "planner/residency.h"

namespace keymemrt::planner {
namespace {

// The number behind "name=" in `word`; -1 when it is another word.
int64_t Number(const std::string& word, const std::string& name) {
  return word.rfind(name + "=", 0) == 0 ? std::stoll(word.substr(name.size() + 1)) : -1;
}

std::string Answer(const std::string& problem) {
  Trace trace;
  trace.slot_bytes = 1;
  std::vector<std::string> names;
  std::map<std::string, uint32_t> keys;
  uint64_t budget = 0;
  std::istringstream lines(problem);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string command, word;
    words >> command;
    if (command == "keys") {
      while (words >> word) {
        const size_t equals = word.find('=');
        keys[word.substr(0, equals)] = static_cast<uint32_t>(names.size());
        names.push_back(word.substr(0, equals));
        trace.key_chunks.push_back(static_cast<uint32_t>(std::stoul(word.substr(equals + 1))));
      }
    } else if (command == "use") {
      KeyUse use;
      words >> word >> use.chunks;
      use.key = keys.at(word);
      use.op = static_cast<uint32_t>(trace.uses.size());
      if (words >> word) use.other_slots = static_cast<uint64_t>(Number(word, "other"));
      trace.uses.push_back(use);
    } else if (command == "plan") {
      words >> budget;
    } else if (Number(command, "floor") >= 0) {
      trace.fixed_bytes = static_cast<uint64_t>(Number(command, "floor"));
      if (words >> word) trace.ring_slots = static_cast<uint64_t>(Number(word, "ring"));
    } else if (!command.empty() && command[0] != '#') {
      ADD_FAILURE() << "unknown command: " << line;
    }
  }

  const auto plan = SolveResidency(trace, budget);
  if (!plan.ok()) return plan.status().message() + "\n";
  const Status status = CheckPlan(trace, *plan, budget);
  EXPECT_TRUE(status.ok()) << status.message();
  std::string text;
  for (size_t u = 0; u < plan->steps.size(); ++u) {
    const Step& step = plan->steps[u];
    for (uint32_t e = step.evictions_begin; e < step.evictions_end; ++e) {
      text += fmt::format("   {} gives up {}\n", names[plan->evictions[e].key], plan->evictions[e].chunks);
    }
    text += fmt::format("{}: {} finds {}, reads {}, keeps {}\n", u, names[trace.uses[u].key], step.hit,
                        trace.uses[u].chunks - step.hit, step.keep);
  }
  std::string cuts;
  for (uint32_t cut : plan->cuts) cuts += fmt::format(" {} {}", cut % 2 == 0 ? "before" : "after", cut / 2);
  return text + fmt::format("reads {}, at least {}, proved by cuts{}; peak {}, of keys {}\n", plan->bytes_read,
                            ReadLowerBound(trace, budget, plan->cuts), cuts.empty() ? " nowhere" : cuts,
                            plan->peak_bytes, plan->peak_key_bytes);
}

TEST(Residency, PlansAsWritten) {
  const std::string path = KMRT_PLANNER_TESTDATA "/residency.txt";
  std::ifstream file(path);
  ASSERT_TRUE(file) << path;
  std::string rewritten, problem, expected;
  bool in_answer = false;
  int problems = 0;
  const auto finish = [&] {
    if (!in_answer) return;
    const std::string answer = Answer(problem);
    if (std::getenv("KMRT_REWRITE") == nullptr) {
      EXPECT_EQ(answer, expected) << "of the problem\n" << problem;
    }
    rewritten += "----\n" + answer;
    ++problems;
    problem.clear(), expected.clear();
    in_answer = false;
  };
  for (std::string line; std::getline(file, line);) {
    if (line == "----") {
      in_answer = true;
    } else if (line.empty()) {
      finish();
      rewritten += "\n";
    } else {
      (in_answer ? expected : problem) += line + "\n";
      if (!in_answer) rewritten += line + "\n";
    }
  }
  finish();
  EXPECT_GE(problems, 7);
  if (std::getenv("KMRT_REWRITE") != nullptr) std::ofstream(path) << rewritten;
}

}  // namespace
}  // namespace keymemrt::planner
