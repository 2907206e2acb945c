// SPDX-License-Identifier: Apache-2.0
// The rotation keys of a whole program.

#include "compiler/transforms/ChooseKeySet/ChooseKeySet.h"

#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Parameters/Parameters.h"
#include "compiler/builder/CkksBuilder.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "planner/key_set.h"
#include "planner/machine.h"
#include "planner/transforms.h"
#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <map>

using namespace mlir;

namespace keymemrt::compiler {

#define GEN_PASS_DEF_CHOOSEKEYSET
#include "compiler/transforms/ChooseKeySet/ChooseKeySet.h.inc"

namespace {

/// Partial choices up to which the solver looks for all there are; beyond, local search is quicker.
constexpr size_t kMostLabels = 200;
/// Choices that differ by less in all of their figures are alike: those that are considered, and
/// those that are told.
constexpr double kTolerance = 0.03, kToldTolerance = 0.1;
/// Slots through which the chunks of keys pass that do not stay.
constexpr uint64_t kRingSlots = 9;
constexpr int kThreads = 1;

std::optional<planner::Optimize> parseOptimize(StringRef name) {
  if (name == "time")
    return planner::Optimize::kTime;
  if (name == "memory")
    return planner::Optimize::kMemory;
  if (name == "upload")
    return planner::Optimize::kUpload;
  return std::nullopt;
}

/// The uses of keys in a straight line, and what is alive around them.
class KeyUses {
public:
  KeyUses(func::FuncOp function, int64_t slots) : slots(slots) {
    countAlive(function);
    for (Operation &op : function.getBody().front()) {
      if (!steps.empty())
        steps.back().other_slots = std::max(steps.back().other_slots, alive[&op]);
      if (std::optional<planner::KeySite> site = getSite(&op)) {
        auto known = llvm::find(sites, *site);
        if (known == sites.end())
          known = sites.insert(sites.end(), *std::move(site));
        const auto number = static_cast<uint32_t>(known - sites.begin());
        steps.push_back({.demand = number, .other_slots = alive[&op]});
        ops.push_back({&op, number});
      }
    }
  }

  std::vector<planner::KeySite> sites; // no two alike
  std::vector<planner::KeySetStep> steps;
  SmallVector<std::pair<Operation *, uint32_t>> ops; // by step, and their site

private:
  std::optional<planner::KeySite> getSite(Operation *op) const {
    using Kind = planner::KeySite::Kind;
    const auto fact = op->getNumOperands() == 0 ? std::nullopt : getFact(op->getOperand(0));
    if (!fact)
      return std::nullopt;
    const auto level = static_cast<int>(fact->level);
    return TypeSwitch<Operation *, std::optional<planner::KeySite>>(op)
        .Case([&](orion::LinearTransformOp op) {
          SmallVector<int64_t> indices(op.getDiagonalIndices());
          return planner::KeySite{Kind::kTransform, {indices.begin(), indices.end()}, level};
        })
        .Case([&](ckks::DftOp op) -> std::optional<planner::KeySite> {
          const circuit::DftStage stage = getStage(op.getStage());
          if (!stage.Check().ok()) // lower-linear-transform says so
            return std::nullopt;
          return planner::KeySite{Kind::kTransform, stage.Rotations(), level};
        })
        .Case([&](ckks::RotateOp op) -> std::optional<planner::KeySite> {
          const IntegerAttr attr = op.getStaticShiftAttr();
          const auto shift = attr ? attr.getValue().trySExtValue() : std::nullopt;
          if (!shift || *shift % slots == 0)
            return std::nullopt;
          return planner::KeySite{Kind::kRotation, {(*shift % slots + slots) % slots}, level};
        })
        .Case([&](ckks::RelinearizeOp) {
          return planner::KeySite{Kind::kRelinearization, {}, level};
        })
        .Default(std::nullopt);
  }

  /// Slots of the ciphertexts that are alive at each operation, its result excluded.
  void countAlive(func::FuncOp function) {
    llvm::DenseMap<Value, Operation *> lastUses;
    Block &block = function.getBody().front();
    for (Operation &op : block)
      for (Value operand : op.getOperands())
        lastUses[operand] = &op;
    const auto slotsOf = [](Value value) -> uint64_t {
      auto type = dyn_cast<lwe::CiphertextType>(value.getType());
      const std::optional<Fact> fact = getFact(value);
      return type && fact && fact->level >= 0
                 ? static_cast<uint64_t>(type.getSize()) * static_cast<uint64_t>(fact->level + 1)
                 : 0;
    };
    uint64_t now = 0;
    for (Value argument : block.getArguments())
      now += lastUses.contains(argument) ? slotsOf(argument) : 0;
    for (Operation &op : block) {
      alive[&op] = now;
      llvm::SmallPtrSet<Value, 2> seen;
      for (Value operand : op.getOperands())
        if (lastUses[operand] == &op && seen.insert(operand).second)
          now -= slotsOf(operand);
      for (Value result : op.getResults())
        now += lastUses.contains(result) ? slotsOf(result) : 0;
    }
  }

  const int64_t slots;
  llvm::DenseMap<Operation *, uint64_t> alive;
};

struct ChooseKeySet : impl::ChooseKeySetBase<ChooseKeySet> {
  using ChooseKeySetBase::ChooseKeySetBase;

  void runOnOperation() override {
    if (failed(choose()))
      signalPassFailure();
  }

private:
  LogicalResult choose() {
    func::FuncOp function = getOperation();
    const auto wish = parseOptimize(optimize);
    if (!wish)
      return function.emitError("expected to optimize time, memory or upload, found '")
             << optimize << "'";
    if (!function.getBody().hasOneBlock())
      return function.emitError("expected a straight line of operations");
    const FailureOr<Chain> chain = Chain::getAround(function);
    const FailureOr<scheme::Parameters> parameters = getParametersAround(function);
    if (failed(chain) || failed(parameters))
      return failure();
    auto module = function->getParentOfType<ModuleOp>();
    KeyUses uses(function, chain->slots());
    const auto made =
        planner::ModelKeyChoice(*parameters, {getParameterLiteral(module).secret_weight},
                                uses.sites, uses.steps, planner::DefaultMachine(), kThreads);
    if (!made.ok())
      return function.emitError() << made.status().message();
    planner::KeyChoiceModel model = *made;
    model.problem.ring_slots = kRingSlots;
    addFixedKeys(function, *parameters, model.problem);
    auto solved = planner::SolveKeySet(model.problem, kMostLabels);
    if (!solved.ok())
      return function.emitError() << solved.status().message();
    planner::KeySetFront front = thinned(*std::move(solved));
    const auto pick = [&](planner::Optimize wish, uint64_t memory) {
      return planner::PickChoice(model.problem, front, wish, memory, planner::DefaultMachine(),
                                 kThreads);
    };
    auto picked = pick(*wish, memory);
    if (!picked.ok() && picked.status().code() == ErrorCode::kInfeasible)
      picked = pick(planner::Optimize::kMemory, 0);
    if (!picked.ok())
      return function.emitError() << picked.status().message();
    module->setAttr(kKeySetsName, describe(model.problem, front, *picked));
    for (auto [op, site] : uses.ops)
      apply(op, model.ways[site][front.choices[*picked].candidates[site]], *chain);
    return success();
  }

  /// Keys that there is no choice about.
  static void addFixedKeys(func::FuncOp function, const scheme::Parameters &parameters,
                           planner::KeySetProblem &problem) {
    std::map<scheme::KeyId, uint32_t> chunks;
    function.walk([&](Operation *op) {
      const auto fact = op->getNumOperands() == 0 ? std::nullopt : getFact(op->getOperand(0));
      auto secret = dyn_cast<ckks::SwitchSecretOp>(op);
      if (!fact || (!secret && !isa<ckks::ConjugateOp>(op)))
        return;
      const auto set =
          parameters.At(getShape(op->getAttrOfType<ckks::KeyShapeAttr>(kKeyShapeName)));
      if (!set.ok() || fact->level > set->max_level())
        return;
      const scheme::KeyId id =
          secret ? set->SecretSwitchKey(secret.getTo() == 0 ? circuit::kEphemeralToMain
                                                            : circuit::kMainToEphemeral)
                 : set->ConjugationKey();
      uint32_t &most = chunks[id];
      most = std::max(most, static_cast<uint32_t>(set->ChunkCount(static_cast<int>(fact->level))));
    });
    problem.required.assign(problem.keys, 0);
    for (const auto &[id, count] : chunks)
      problem.required.push_back(count);
    problem.keys = static_cast<uint32_t>(problem.required.size());
  }

  static planner::KeySetFront thinned(planner::KeySetFront front) {
    planner::KeySetFront kept{{}, front.complete};
    for (size_t i : planner::Representatives(front, kTolerance))
      kept.choices.push_back(std::move(front.choices[i]));
    return kept;
  }

  ArrayAttr describe(const planner::KeySetProblem &problem, const planner::KeySetFront &front,
                     size_t picked) {
    Builder builder(&getContext());
    SmallVector<Attribute> rows;
    const std::vector<size_t> told = planner::Representatives(front, kToldTolerance);
    for (auto [i, choice] : llvm::enumerate(front.choices)) {
      if (i != picked && !llvm::is_contained(told, i))
        continue;
      const auto forecast =
          planner::ForecastChoice(problem, choice, 0, planner::DefaultMachine(), kThreads);
      if (!forecast.ok())
        continue;
      const std::vector<uint32_t> stored = planner::ChunksStored(problem, choice.candidates);
      const auto keys = llvm::count_if(stored, [](uint32_t chunks) { return chunks > 0; });
      const auto number = [&](uint64_t value) {
        return builder.getI64IntegerAttr(static_cast<int64_t>(value));
      };
      NamedAttrList row;
      row.append("keys", number(static_cast<uint64_t>(keys)));
      row.append("key_bytes", number(forecast->key_bytes_stored));
      row.append("least_bytes", number(forecast->least_bytes));
      row.append("seconds", builder.getF64FloatAttr(choice.seconds));
      row.append("wall_seconds", builder.getF64FloatAttr(forecast->time.wall_seconds));
      if (i == picked)
        row.append("chosen", builder.getUnitAttr());
      rows.push_back(row.getDictionary(&getContext()));
    }
    return builder.getArrayAttr(rows);
  }

  static void apply(Operation *op, const planner::KeyWay &way, const Chain &chain) {
    const ckks::KeyShapeAttr shape = getShapeAttr(op->getContext(), way.shape);
    if (isa<ckks::RotateOp>(op) && way.shifts.size() == 2) {
      CkksBuilder build(op, chain);
      const Value first = build.rotate(op->getOperand(0), way.shifts[0], shape);
      op->replaceAllUsesWith(ValueRange{build.rotate(first, way.shifts[1], shape)});
      op->erase();
      return;
    }
    if (shape)
      op->setDiscardableAttr(kKeyShapeName, shape);
    else
      op->removeDiscardableAttr(kKeyShapeName);
    if (isa<orion::LinearTransformOp, ckks::DftOp>(op)) {
      Builder builder(op->getContext());
      op->setDiscardableAttr(kFormName, builder.getStringAttr(circuit::ToString(way.form)));
      op->setDiscardableAttr(kBabyStepName, builder.getI64IntegerAttr(way.baby_step));
    }
  }
};

} // namespace

} // namespace keymemrt::compiler
