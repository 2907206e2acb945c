// SPDX-License-Identifier: Apache-2.0
// Mutants of programs whose key lifetimes are right: what the proof accepts, an exhaustive
// simulation of all paths must find sound; and where there is one path only, what the proof rejects
// must be a fault.

#include "compiler/analysis/KeyLifetimes/KeyLifetimes.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "compiler/dialect/RegisterDialects.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>

namespace keymemrt::compiler {
namespace {

using namespace mlir;

MLIRContext &context() {
  static MLIRContext instance = [] {
    DialectRegistry registry;
    registerDialects(registry);
    return MLIRContext(registry, MLIRContext::Threading::DISABLED);
  }();
  static const bool once = [] {
    instance.allowUnregisteredDialects();
    instance.loadAllAvailableDialects();
    return true;
  }();
  static_cast<void>(once);
  return instance;
}

//===----------------------------------------------------------------------===//
// The simulation
//===----------------------------------------------------------------------===//

/// Runs a function with a choice for whatever is not known: which way "test.flip" goes, which index
/// (0 to 2) "test.index" gives, how often (0 to 2) "test.count" says. Keys are counted one by one.
/// Shares no code with the proof.
class Simulation {
public:
  /// Whether each of at most `mostRuns` paths is free of faults; nullopt: there are more.
  static std::optional<bool> isSound(func::FuncOp function, int mostRuns, int *runs = nullptr) {
    std::vector<std::pair<int, int>> choices; // taken, of how many
    for (int run = 0; run < mostRuns; ++run) {
      Simulation simulation(choices);
      const bool sound = simulation.run(function);
      if (runs)
        *runs = run + 1;
      if (!sound)
        return false;
      while (!choices.empty() && choices.back().first + 1 == choices.back().second)
        choices.pop_back();
      if (choices.empty())
        return true;
      ++choices.back().first;
    }
    return std::nullopt;
  }

private:
  struct Key {
    int64_t index;
    bool isLoaded;
  };
  using Slot = std::shared_ptr<Key>;

  explicit Simulation(std::vector<std::pair<int, int>> &choices) : choices(choices) {}

  bool run(func::FuncOp function) {
    block(function.getBody().front());
    return !fault && loaded.empty();
  }

  int choose(int count) {
    if (next == choices.size())
      choices.emplace_back(0, count);
    return choices[next++].first;
  }

  /// Whether the key that `value` names is loaded and is what the type of the name says.
  Slot use(Value value) {
    const Slot key = names[value];
    if (!key || !key->isLoaded || !isOf(value, *key)) {
      fault = true;
      return nullptr;
    }
    return key;
  }
  static bool isOf(Value value, const Key &key) {
    const auto index = cast<key_mgmt::RotKeyType>(value.getType()).getRotationIndex();
    return !index || *index == key.index;
  }

  void copy(Value from, Value to) {
    if (auto it = numbers.find(from); it != numbers.end())
      numbers[to] = it->second;
    names[to] = names[from];
  }

  void block(Block &block) {
    for (Operation &op : block.without_terminator()) {
      step(&op);
      if (fault)
        return;
    }
  }

  void step(Operation *op) {
    const StringRef name = op->getName().getStringRef();
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      numbers[constant] = cast<IntegerAttr>(constant.getValue()).getValue().getZExtValue();
    } else if (name == "test.flip") {
      numbers[op->getResult(0)] = choose(2);
    } else if (name == "test.index" || name == "test.count") {
      numbers[op->getResult(0)] = choose(3);
    } else if (isa<arith::AddIOp>(op)) {
      numbers[op->getResult(0)] = numbers[op->getOperand(0)] + numbers[op->getOperand(1)];
    } else if (auto load = dyn_cast<key_mgmt::LoadKeyOp>(op)) {
      const int64_t index = numbers[load.getIndex()];
      fault |= !loaded.insert(index).second;
      names[load.getKey()] = std::make_shared<Key>(Key{index, true});
      fault |= !isOf(load.getKey(), *names[load.getKey()]);
      if (!fault)
        byIndex[index] = names[load.getKey()];
    } else if (auto assume = dyn_cast<key_mgmt::AssumeLoadedOp>(op)) {
      names[assume.getKey()] = byIndex[numbers[assume.getIndex()]];
      use(assume.getKey());
    } else if (auto clear = dyn_cast<key_mgmt::ClearKeyOp>(op)) {
      if (const Slot key = use(clear.getKey())) {
        key->isLoaded = false;
        loaded.erase(key->index);
      }
    } else if (auto alias = dyn_cast<key_mgmt::UseKeyOp>(op)) {
      use(alias.getInputKey());
      names[alias.getKey()] = names[alias.getInputKey()];
      if (!fault)
        use(alias.getKey());
    } else if (name == "test.use") {
      for (Value operand : op->getOperands())
        use(operand);
    } else if (auto store = dyn_cast<memref::StoreOp>(op)) {
      use(store.getValue());
      cells[{store.getMemRef(), numbers[store.getIndices()[0]]}] = names[store.getValue()];
    } else if (auto read = dyn_cast<memref::LoadOp>(op)) {
      const Slot key = cells[{read.getMemRef(), numbers[read.getIndices()[0]]}];
      names[read.getResult()] = key;
      fault |= !key;
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      Region &region =
          numbers[branch.getCondition()] != 0 ? branch.getThenRegion() : branch.getElseRegion();
      if (region.empty())
        return;
      block(region.front());
      if (!fault)
        for (auto [operand, result] :
             llvm::zip(region.front().getTerminator()->getOperands(), op->getResults()))
          copy(operand, result);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      Block &body = *loop.getBody();
      for (auto [init, argument] : llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs()))
        copy(init, argument);
      for (int64_t i = numbers[loop.getLowerBound()]; i < numbers[loop.getUpperBound()];
           i += numbers[loop.getStep()]) {
        numbers[loop.getInductionVar()] = i;
        block(body);
        if (fault)
          return;
        SmallVector<Slot> handed;
        for (Value operand : body.getTerminator()->getOperands())
          handed.push_back(names[operand]);
        for (auto [key, argument] : llvm::zip(handed, loop.getRegionIterArgs()))
          names[argument] = key;
      }
      for (auto [argument, result] : llvm::zip(loop.getRegionIterArgs(), op->getResults()))
        copy(argument, result);
    } else if (isa<memref::AllocaOp>(op)) {
      for (int64_t i = 0; i < 4; ++i)
        cells[{op->getResult(0), i}] = nullptr;
    } else {
      ADD_FAILURE() << "unknown operation " << name.str();
    }
  }

  struct Less {
    bool operator()(const std::pair<Value, int64_t> &a, const std::pair<Value, int64_t> &b) const {
      return std::pair(a.first.getAsOpaquePointer(), a.second) <
             std::pair(b.first.getAsOpaquePointer(), b.second);
    }
  };

  std::vector<std::pair<int, int>> &choices;
  size_t next = 0;
  struct Hash {
    size_t operator()(Value value) const { return hash_value(value); }
  };
  // References stay valid when they grow.
  std::unordered_map<Value, int64_t, Hash> numbers;
  std::unordered_map<Value, Slot, Hash> names;
  std::map<std::pair<Value, int64_t>, Slot, Less> cells;
  std::map<int64_t, Slot> byIndex;
  std::set<int64_t> loaded;
  bool fault = false;
};

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// A program whose lifetimes are right, with nested loops and branches. `isStatic`: all bounds,
/// conditions and indices are constants.
class Generator {
public:
  Generator(std::mt19937_64 &random, bool isStatic) : random(random), isStatic(isStatic) {}

  std::string run() {
    block(12 + below(10), 0);
    std::string text =
        "func.func @f() {\n  %cells = memref.alloca() : memref<4x!key_mgmt.rot_key<>>\n";
    for (int i = 0; i < 8; ++i)
      text += fmt::format("  %c{0} = arith.constant {0} : index\n", i);
    return text + "  %true = arith.constant true\n  %false = arith.constant false\n" + body +
           "  return\n}\n";
  }

private:
  struct Key {
    std::string name;
    std::string index; // an SSA name
    int depth;
  };

  int below(int bound) { return static_cast<int>(random() % static_cast<uint64_t>(bound)); }
  std::string fresh(const char *prefix = "%v") { return prefix + std::to_string(number++); }
  void line(int depth, const std::string &text) {
    body += std::string(2 + 2 * depth, ' ') + text + "\n";
  }

  bool isFree(const std::string &index) const {
    for (const Key &key : keys)
      if (key.index == index)
        return false;
    return true;
  }
  std::string load(int depth, const std::string &index) {
    const std::string name = fresh();
    line(depth, fmt::format("{} = key_mgmt.load_key {} : index -> <>", name, index));
    keys.push_back({name, index, depth});
    return name;
  }
  void use(int depth, const std::string &name) {
    line(depth, fmt::format("\"test.use\"({}) : (!key_mgmt.rot_key<>) -> ()", name));
  }
  void clear(int depth, size_t which) {
    line(depth, fmt::format("key_mgmt.clear_key {} : <>", keys[which].name));
    keys.erase(keys.begin() + static_cast<long>(which));
  }
  void clearDownTo(int depth, size_t count) {
    while (keys.size() > count)
      clear(depth, keys.size() - 1);
  }
  std::string condition(int depth) {
    if (isStatic || below(2))
      return below(2) ? "%true" : "%false";
    const std::string name = fresh();
    line(depth, fmt::format("{} = \"test.flip\"() : () -> i1", name));
    return name;
  }
  std::string count(int depth) {
    if (isStatic || below(2))
      return fmt::format("%c{}", below(3));
    const std::string name = fresh();
    line(depth, fmt::format("{} = \"test.count\"() : () -> index", name));
    return name;
  }

  void block(int size, int depth) {
    const size_t before = keys.size();
    for (int i = 0; i < size; ++i)
      step(depth);
    clearDownTo(depth, before);
  }

  void step(int depth) {
    switch (below(depth < 2 ? 11 : 7)) {
    case 0:
    case 1: {
      const std::string index = fmt::format("%c{}", 3 + below(5));
      if (isFree(index))
        load(depth, index);
      return;
    }
    case 2:
      if (!keys.empty())
        use(depth, keys[random() % keys.size()].name);
      return;
    case 3: // of this block only
      if (!keys.empty() && keys.back().depth == depth)
        clear(depth, keys.size() - 1);
      return;
    case 4: {
      if (keys.empty())
        return;
      const Key &key = keys[random() % keys.size()];
      const std::string name = fresh();
      if (below(2))
        line(depth, fmt::format("{} = key_mgmt.assume_loaded {} : index -> <>", name, key.index));
      else
        line(depth, fmt::format("{} = key_mgmt.use_key {} : <> -> <>", name, key.name));
      use(depth, name);
      return;
    }
    case 5: {
      if (keys.empty())
        return;
      const std::string cell = fmt::format("%c{}", below(4)), name = fresh();
      line(depth, fmt::format("memref.store {}, %cells[{}] : memref<4x!key_mgmt.rot_key<>>",
                              keys.back().name, cell));
      line(depth,
           fmt::format("{} = memref.load %cells[{}] : memref<4x!key_mgmt.rot_key<>>", name, cell));
      use(depth, name);
      return;
    }
    case 6: { // an index that nobody knows, apart from the others
      if (isStatic || !keys.empty())
        return;
      const std::string index = fresh();
      line(depth, fmt::format("{} = \"test.index\"() : () -> index", index));
      use(depth, load(depth, index));
      clear(depth, keys.size() - 1);
      return;
    }
    case 7: { // a loop of lifetimes within an iteration
      const std::string bound = count(depth);
      line(depth, fmt::format("scf.for {} = %c0 to {} step %c1 {{", fresh("%i"), bound));
      block(2 + below(4), depth + 1);
      line(depth, "}");
      return;
    }
    case 8: { // a key handed from iteration to iteration
      const std::string index = fmt::format("%c{}", 3 + below(5));
      if (!isFree(index))
        return;
      const std::string first = load(depth, index), bound = count(depth), last = fresh(),
                        carried = fresh();
      keys.pop_back();
      line(
          depth,
          fmt::format(
              "{} = scf.for {} = %c0 to {} step %c1 iter_args({} = {}) -> (!key_mgmt.rot_key<>) {{",
              last, fresh("%i"), bound, carried, first));
      keys.push_back({carried, index, depth});
      use(depth + 1, carried);
      block(below(3), depth + 1);
      line(depth + 1, fmt::format("key_mgmt.clear_key {} : <>", carried));
      keys.pop_back();
      const std::string next = load(depth + 1, index);
      line(depth + 1, fmt::format("scf.yield {} : !key_mgmt.rot_key<>", next));
      keys.pop_back();
      line(depth, "}");
      keys.push_back({last, index, depth});
      return;
    }
    case 9: { // a branch of lifetimes
      const std::string way = condition(depth);
      line(depth, fmt::format("scf.if {} {{", way));
      block(2 + below(4), depth + 1);
      line(depth, "} else {");
      block(below(3), depth + 1);
      line(depth, "}");
      return;
    }
    default: { // a key from either way
      const std::string index = fmt::format("%c{}", 3 + below(5));
      if (!isFree(index))
        return;
      const std::string way = condition(depth), name = fresh();
      line(depth, fmt::format("{} = scf.if {} -> !key_mgmt.rot_key<> {{", name, way));
      for (int side = 0; side < 2; ++side) {
        const std::string key = load(depth + 1, index);
        if (below(2))
          use(depth + 1, key);
        line(depth + 1, fmt::format("scf.yield {} : !key_mgmt.rot_key<>", key));
        keys.pop_back();
        line(depth, side == 0 ? "} else {" : "}");
      }
      keys.push_back({name, index, depth});
      return;
    }
    }
  }

  std::mt19937_64 &random;
  const bool isStatic;
  std::string body;
  std::vector<Key> keys;
  int number = 0;
};

//===----------------------------------------------------------------------===//
// Mutants
//===----------------------------------------------------------------------===//

/// Drops, duplicates, moves or retargets one key operation. The result may be no valid IR.
void mutate(func::FuncOp function, std::mt19937_64 &random) {
  SmallVector<Operation *> keyOps, all;
  SmallVector<Value> keys;
  SmallVector<Block *> blocks;
  function.walk([&](Block *block) {
    blocks.push_back(block);
    for (BlockArgument argument : block->getArguments())
      if (key_mgmt::isKey(argument.getType()))
        keys.push_back(argument);
    for (Operation &op : *block) {
      const StringRef name = op.getName().getStringRef();
      if (name.starts_with("key_mgmt.") || name == "test.use" || name == "memref.store" ||
          name == "memref.load")
        keyOps.push_back(&op);
      for (Value result : op.getResults())
        if (key_mgmt::isKey(result.getType()))
          keys.push_back(result);
    }
  });
  if (keyOps.empty())
    return;
  Operation *op = keyOps[random() % keyOps.size()];
  const auto place = [&]() {
    Block *block = random() % 2 ? op->getBlock() : blocks[random() % blocks.size()];
    const size_t size = block->getOperations().size();
    return std::pair(block, std::next(block->begin(), static_cast<long>(random() % size)));
  };
  const auto retarget = [&](Operation *which) {
    for (OpOperand &operand : which->getOpOperands())
      if (key_mgmt::isKey(operand.get().getType()))
        operand.set(keys[random() % keys.size()]);
  };
  switch (random() % 4) {
  case 0: // drop; its users name another key
    for (Value result : op->getResults())
      if (const Value other = keys[random() % keys.size()]; other != result)
        result.replaceAllUsesWith(other);
    if (op->use_empty())
      op->erase();
    return;
  case 1: { // duplicate, perhaps with another key
    const auto [block, before] = place();
    Operation *copy = op->clone();
    block->getOperations().insert(before, copy);
    if (random() % 2)
      retarget(copy);
    return;
  }
  case 2: { // move
    const auto [block, before] = place();
    if (&*before != op)
      op->moveBefore(block, before);
    return;
  }
  default:
    if (auto load = dyn_cast<key_mgmt::LoadKeyOp>(op); load && random() % 2) {
      SmallVector<Value> indices;
      for (auto constant : function.getBody().front().getOps<arith::ConstantIndexOp>())
        indices.push_back(constant);
      load.getIndexMutable().assign(indices[random() % indices.size()]);
      return;
    }
    retarget(op);
  }
}

bool isAccepted(func::FuncOp function) {
  KeyLifetimeOptions options;
  return succeeded(checkKeyLifetimes(function, options));
}

constexpr int kMostPaths = 2000; // simulated of one program; with more it is skipped

struct Counts {
  int invalid = 0, rejected = 0, accepted = 0, skipped = 0, falselyRejected = 0;
};

/// `count` mutants of programs from `seed` on. Not limited by time: what is tested must not depend
/// on the machine.
Counts testMutants(uint64_t seed, int count, bool isStatic) {
  Counts counts;
  ScopedDiagnosticHandler quiet(&context(), [](Diagnostic &) { return success(); });
  int done = 0;
  for (; done < count; ++seed) {
    std::mt19937_64 random(seed);
    const std::string text = Generator(random, isStatic).run();
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context()));
    if (!module) {
      ADD_FAILURE() << "seed " << seed << " does not parse:\n" << text;
      return counts;
    }
    auto function = *module->getOps<func::FuncOp>().begin();
    EXPECT_TRUE(isAccepted(function)) << "seed " << seed << "\n" << text;
    EXPECT_NE(Simulation::isSound(function, kMostPaths), std::optional(false))
        << "seed " << seed << "\n"
        << text;
    if (testing::Test::HasFailure())
      return counts;
    for (int i = 0; i < 250; ++i, ++done) {
      OwningOpRef<ModuleOp> mutant = module->clone();
      auto mutated = *mutant->getOps<func::FuncOp>().begin();
      for (uint64_t changes = 1 + random() % 3; changes > 0; --changes)
        mutate(mutated, random);
      if (failed(mlir::verify(*mutant))) {
        ++counts.invalid;
        continue;
      }
      const bool accepted = isAccepted(mutated);
      ++(accepted ? counts.accepted : counts.rejected);
      if (!accepted && !isStatic)
        continue;
      const std::optional<bool> sound = Simulation::isSound(mutated, kMostPaths);
      if (!sound)
        ++counts.skipped;
      if (accepted ? sound == std::optional(false) : sound == std::optional(true)) {
        std::string printed;
        llvm::raw_string_ostream stream(printed);
        mutant->print(stream);
        ADD_FAILURE() << "seed " << seed << ", mutant " << i << ": the proof "
                      << (accepted ? "accepts a fault" : "rejects what is sound") << "\n"
                      << printed;
        return counts;
      }
    }
  }
  fmt::print("{} mutants: {} are no valid IR, {} rejected, {} accepted and sound on every path ({} "
             "with too many)\n",
             done, counts.invalid, counts.rejected, counts.accepted, counts.skipped);
  return counts;
}

int scaled(int count) {
  const char *factor = std::getenv("KEYMEMRT_MUTANTS");
  return factor ? count * std::max(1, std::atoi(factor)) : count;
}

TEST(KeyLifetimes, ProofAcceptsNoMutantThatFaultsOnAnyPath) {
  const Counts counts = testMutants(1, scaled(30'000), /*isStatic=*/false);
  EXPECT_GT(counts.rejected, 500);
  EXPECT_GT(counts.accepted, 500);
  EXPECT_LT(counts.skipped, counts.accepted / 4);
}

TEST(KeyLifetimes, ProofIsExactWhereAllIsConstant) {
  const Counts counts = testMutants(1'000'000, scaled(60'000), /*isStatic=*/true);
  EXPECT_GT(counts.rejected, 500);
  EXPECT_GT(counts.accepted, 500);
}

/// The simulation can find faults: each of these is one, the first is none.
TEST(KeyLifetimes, SimulationFindsFaults) {
  const auto soundness = [](const std::string &body) {
    const std::string text =
        "func.func @f() {\n%c1 = arith.constant 1 : index\n%c0 = arith.constant 0 : index\n" +
        body + "return\n}\n";
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, ParserConfig(&context()));
    EXPECT_TRUE(module) << text;
    return Simulation::isSound(*module->getOps<func::FuncOp>().begin(), 100);
  };
  const std::string load = "%k = key_mgmt.load_key %c1 : index -> <>\n",
                    clear = "key_mgmt.clear_key %k : <>\n",
                    use = "\"test.use\"(%k) : (!key_mgmt.rot_key<>) -> ()\n",
                    flip = "%p = \"test.flip\"() : () -> i1\n";
  EXPECT_EQ(soundness(load + use + clear), std::optional(true));
  EXPECT_EQ(soundness(load + use), std::optional(false));
  EXPECT_EQ(soundness(load + clear + use), std::optional(false));
  EXPECT_EQ(soundness(load + clear + clear), std::optional(false));
  EXPECT_EQ(soundness(load + "%l = key_mgmt.load_key %c1 : index -> <>\n" + clear),
            std::optional(false));
  EXPECT_EQ(soundness(flip + load + "scf.if %p {\n" + clear + "}\n"), std::optional(false));
  EXPECT_EQ(soundness(load +
                      "%n = \"test.count\"() : () -> index\nscf.for %i = %c0 to %n step %c1 {\n" +
                      clear + "}\n"),
            std::optional(false));
}

} // namespace
} // namespace keymemrt::compiler
