// SPDX-License-Identifier: Apache-2.0
// From the IR of phase `program` to program::Program; see Translate.h.

#include "compiler/translate/Translate.h"

#include "circuit/bootstrap_plan.h"
#include "compiler/analysis/Circuit/Circuit.h"
#include "compiler/analysis/Levels/Levels.h"
#include "compiler/analysis/Parameters/Parameters.h"
#include "compiler/analysis/PlainSource/PlainSource.h"
#include "compiler/dialect/CKKS/CKKS.h"
#include "compiler/dialect/KeyMgmt/KeyMgmt.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

#include <algorithm>
#include <map>

using namespace mlir;

namespace keymemrt::compiler {

namespace {

using program::Opcode;

class Translation {
public:
  Translation(ModuleOp module, func::FuncOp function, const scheme::Parameters &parameters)
      : module(module), function(function), parameters(parameters),
        slots(static_cast<int64_t>(parameters.slots())) {}

  FailureOr<program::Program> run(bool insecure);

private:
  LogicalResult findLogicalSlots();
  LogicalResult translateArguments();
  LogicalResult translateResults(func::ReturnOp op);
  LogicalResult translateOp(Operation *op);
  LogicalResult translateEncode(lwe::RLWEEncodeOp op);
  void translateScalar(Opcode opcode, Operation *op, APFloat real, APFloat imaginary);
  LogicalResult translateBegin(key_mgmt::BeginTransformOp op);
  void translateStep(Opcode opcode, Operation *op, Value key, uint64_t step);
  void translateLoad(Operation *op);
  void translateKeyed(Opcode opcode, Operation *op, Value key);

  /// The attribute `name` of an argument or result, from 1 to `most`; `otherwise` where there is
  /// none.
  FailureOr<uint32_t> getCount(DictionaryAttr attrs, StringRef name, int64_t otherwise,
                               int64_t most);
  /// What `kmrt.name` says, else `otherwise`.
  static std::string getName(DictionaryAttr attrs, std::string otherwise);
  std::string nameWeight(unsigned argument);
  FailureOr<uint32_t> getWeight(const PlainSource &source);
  uint32_t getConstant(const PlainSource &source);
  uint32_t getLocation(Location location);

  uint32_t define(Value value);
  /// Appends an operation on `operands` with one result or none.
  program::Op &emit(Opcode opcode, Operation *op, ValueRange operands);

  ModuleOp module;
  func::FuncOp function;
  const scheme::Parameters &parameters;
  const int64_t slots; // of the ring
  int64_t logicalSlots = 0;
  program::Program result;
  llvm::DenseMap<Value, uint32_t> values;
  llvm::DenseMap<Value, uint32_t> keys;     // of loads
  llvm::DenseMap<Type, uint32_t> keyOfType; // equal keys have equal types without their level
  llvm::DenseMap<Value, uint32_t> weights;  // of arguments
  std::map<std::string, unsigned> weightNames;
  std::map<std::vector<double>, uint32_t> constants;
  std::map<std::string, uint32_t> locations;
  std::map<std::pair<double, double>, uint32_t> scalars;
  // By all that they are made of: diagonals, and the attributes together.
  llvm::DenseMap<std::pair<Value, Attribute>, uint32_t> transforms;
  llvm::DenseMap<Value, uint32_t> underWay; // of transforms' values
};

FailureOr<uint32_t> Translation::getCount(DictionaryAttr attrs, StringRef name, int64_t otherwise,
                                          int64_t most) {
  if (!attrs || !attrs.get(name))
    return static_cast<uint32_t>(otherwise);
  auto attr = dyn_cast<IntegerAttr>(attrs.get(name));
  const std::optional<int64_t> count = attr ? attr.getValue().trySExtValue() : std::nullopt;
  if (!count || *count < 1 || *count > most)
    return function.emitError("expected '")
           << name << "' from 1 to " << most << ", found " << attrs.get(name);
  return static_cast<uint32_t>(*count);
}

LogicalResult Translation::findLogicalSlots() {
  const FailureOr<uint32_t> requested =
      getCount(module->getDiscardableAttrDictionary(), "scheme.requested_slot_count", slots, slots);
  if (failed(requested))
    return failure();
  logicalSlots = *requested;
  if (slots % logicalSlots != 0)
    return module.emitError("expected 'scheme.requested_slot_count' to divide the ")
           << slots << " slots of the ring, found " << logicalSlots;
  return success();
}

LogicalResult Translation::translateArguments() {
  for (BlockArgument argument : function.getArguments()) {
    if (!isa<lwe::CiphertextType>(argument.getType()))
      continue;
    const DictionaryAttr attrs = function.getArgAttrDict(argument.getArgNumber());
    const FailureOr<uint32_t> period = getCount(attrs, "kmrt.period", logicalSlots, slots);
    if (failed(period))
      return failure();
    if (slots % *period != 0)
      return emitError(argument.getLoc())
             << "expected 'kmrt.period' to divide the " << slots << " slots, found " << *period;
    const FailureOr<uint32_t> length = getCount(attrs, "kmrt.length", *period, *period);
    if (failed(length))
      return failure();
    result.inputs.push_back({getName(attrs, "arg" + std::to_string(argument.getArgNumber())),
                             define(argument), *length, *period});
  }
  return success();
}

LogicalResult Translation::translateResults(func::ReturnOp op) {
  for (OpOperand &operand : op->getOpOperands()) {
    const unsigned number = operand.getOperandNumber();
    const DictionaryAttr attrs = function.getResultAttrDict(number);
    const FailureOr<uint32_t> length = getCount(attrs, "kmrt.length", logicalSlots, slots);
    if (failed(length))
      return failure();
    result.outputs.push_back(
        {getName(attrs, "result" + std::to_string(number)), values.at(operand.get()), *length});
  }
  return success();
}

std::string Translation::getName(DictionaryAttr attrs, std::string otherwise) {
  auto name = attrs ? attrs.getAs<StringAttr>("kmrt.name") : StringAttr();
  return name ? name.str() : otherwise;
}

std::string Translation::nameWeight(unsigned argument) {
  auto layer = function.getArgAttrOfType<StringAttr>(argument, "orion.layer_name");
  auto role = function.getArgAttrOfType<StringAttr>(argument, "orion.layer_role");
  if (!layer || !role)
    return getName(function.getArgAttrDict(argument), "arg" + std::to_string(argument));
  std::string name = (layer.getValue() + "." + role.getValue()).str();
  auto row = function.getArgAttrOfType<IntegerAttr>(argument, "orion.block_row");
  auto column = function.getArgAttrOfType<IntegerAttr>(argument, "orion.block_col");
  if (row && column && !(row.getValue().isZero() && column.getValue().isZero()))
    for (IntegerAttr block : {row, column})
      name += "." + std::to_string(block.getValue().getSExtValue());
  return name;
}

FailureOr<uint32_t> Translation::getWeight(const PlainSource &source) {
  const auto argument = cast<BlockArgument>(source.root);
  const auto [it, isNew] = weights.try_emplace(argument, result.weights.size());
  if (!isNew)
    return it->second;
  const std::string name = nameWeight(argument.getArgNumber());
  const auto [other, isFirst] = weightNames.try_emplace(name, argument.getArgNumber());
  if (!isFirst)
    return emitError(argument.getLoc())
           << "arguments " << other->second << " and " << argument.getArgNumber()
           << " both have the name '" << name
           << "' in the weights file; tell them apart by orion.layer_name, orion.layer_role or "
              "orion.block_row and "
              "orion.block_col";
  result.weights.push_back(
      {name, static_cast<uint32_t>(source.rows), static_cast<uint32_t>(source.columns)});
  return it->second;
}

uint32_t Translation::getConstant(const PlainSource &source) {
  std::vector<double> row = getNumbers(source.root, source.row * source.columns, source.columns);
  const auto [it, isNew] = constants.try_emplace(row, result.constants.size());
  if (isNew)
    result.constants.push_back(std::move(row));
  return it->second;
}

uint32_t Translation::getLocation(Location location) {
  std::string text = "unknown location";
  location->walk([&](Location inner) {
    auto file = dyn_cast<FileLineColLoc>(inner);
    if (!file)
      return WalkResult::advance();
    text = (llvm::sys::path::filename(file.getFilename().getValue()) + ":" +
            std::to_string(file.getLine()) + ":" + std::to_string(file.getColumn()))
               .str();
    return WalkResult::interrupt();
  });
  const auto [it, isNew] = locations.try_emplace(text, result.locations.size());
  if (isNew)
    result.locations.push_back(text);
  return it->second;
}

uint32_t Translation::define(Value value) {
  const Fact fact = *getFact(value);
  program::Value made;
  made.level = static_cast<int32_t>(fact.level);
  made.scale = fact.scale;
  if (auto ciphertext = dyn_cast<lwe::CiphertextType>(value.getType()))
    made.parts = static_cast<int32_t>(ciphertext.getSize());
  else if (isa<lwe::PlaintextType>(value.getType()))
    made.kind = program::ValueKind::kPlaintext;
  else if (auto digits = dyn_cast<key_mgmt::DigitsType>(value.getType())) {
    made.kind = program::ValueKind::kDigits;
    made.shape = getShape(digits.getShape());
  } else {
    made.kind = program::ValueKind::kTransform;
    made.shape = getShape(cast<key_mgmt::TransformType>(value.getType()).getShape());
  }
  result.values.push_back(made);
  return values[value] = static_cast<uint32_t>(result.values.size() - 1);
}

program::Op &Translation::emit(Opcode opcode, Operation *op, ValueRange operands) {
  program::Op made;
  made.opcode = opcode;
  made.location = getLocation(op->getLoc());
  for (auto [i, operand] : llvm::enumerate(operands))
    made.operands[i] = values.at(operand);
  if (op->getNumResults() == 1 && getFact(op->getResult(0)))
    made.result = define(op->getResult(0));
  if (auto domain = op->getAttrOfType<DictionaryAttr>(kDomainName)) {
    const auto bound = [&](StringRef name) {
      return domain.getAs<FloatAttr>(name).getValueAsDouble();
    };
    auto name = domain.getAs<StringAttr>("name");
    result.domains.push_back({name ? name.str() : result.locations[made.location], made.operands[0],
                              bound("low"), bound("high")});
  }
  result.ops.push_back(made);
  return result.ops.back();
}

LogicalResult Translation::translateEncode(lwe::RLWEEncodeOp op) {
  const FailureOr<PlainSource> source = tracePlain(op.getInput(), op);
  if (failed(source))
    return failure();
  program::Op &made = emit(Opcode::kEncode, op, {});
  made.rotation = static_cast<int32_t>(source->rotation);
  if (isa<BlockArgument>(source->root)) {
    const FailureOr<uint32_t> weight = getWeight(*source);
    if (failed(weight))
      return failure();
    made.source = program::EncodeSource::kWeight;
    made.index = *weight;
    made.row = static_cast<uint32_t>(source->row);
    return success();
  }
  made.source = program::EncodeSource::kConstant;
  made.index = getConstant(*source);
  return success();
}

void Translation::translateLoad(Operation *op) {
  const Value key = op->getResult(0);
  const auto [it, isNew] = keyOfType.try_emplace(
      key_mgmt::withKeyLevel(key.getType(), std::nullopt), result.keys.size());
  if (isNew) {
    program::Key made;
    made.id.shape = getShape(key_mgmt::getKeyShape(key.getType()));
    if (auto rotKey = dyn_cast<key_mgmt::RotKeyType>(key.getType())) {
      made.shift = static_cast<int32_t>(*rotKey.getRotationIndex());
      made.id.kind = scheme::KeyKind::kRotation;
      made.id.galois_element = parameters.GaloisElement(made.shift);
    } else if (isa<key_mgmt::ConjKeyType>(key.getType())) {
      made.id.kind = scheme::KeyKind::kConjugation;
      made.id.galois_element = parameters.ConjugationElement();
    } else if (auto switchKey = dyn_cast<key_mgmt::SwitchKeyType>(key.getType())) {
      made.id.kind = scheme::KeyKind::kSecretSwitch;
      made.id.galois_element =
          switchKey.getFrom() == 0 ? circuit::kMainToEphemeral : circuit::kEphemeralToMain;
    } else {
      made.id.kind = scheme::KeyKind::kRelinearization;
    }
    result.keys.push_back(made);
  }
  keys[key] = it->second;
  emit(Opcode::kLoadKey, op, {}).key = it->second;
}

void Translation::translateKeyed(Opcode opcode, Operation *op, Value key) {
  program::Op &made = emit(opcode, op, op->getOperands().drop_back());
  made.key = keys.at(key);
  int32_t &level = result.keys[made.key].level;
  level = std::max(level, result.values[made.operands[0]].level);
}

void Translation::translateScalar(Opcode opcode, Operation *op, APFloat real, APFloat imaginary) {
  const std::pair<double, double> number(real.convertToDouble(), imaginary.convertToDouble());
  const auto [it, isNew] = scalars.try_emplace(number, result.scalars.size());
  if (isNew)
    result.scalars.emplace_back(number.first, number.second);
  emit(opcode, op, op->getOperands()).index = it->second;
}

LogicalResult Translation::translateBegin(key_mgmt::BeginTransformOp op) {
  Value diagonals = op.getDiagonals();
  const auto [it, isNew] =
      transforms.try_emplace({diagonals, op->getPropertiesAsAttribute()}, result.transforms.size());
  if (isNew) {
    program::Transform made;
    made.form = *getForm(op.getForm());
    made.baby_step = static_cast<int64_t>(op.getBabyStep());
    made.scale = op.getPlainScale().convertToDouble();
    made.rotations = op.getRotations();
    if (ckks::DftStageAttr stage = op.getStageAttr()) {
      made.source = program::DiagonalSource::kDft;
      made.stage = getStage(stage);
    } else {
      PlainSource source;
      source.root = diagonals;
      source.rows = cast<RankedTensorType>(diagonals.getType()).getDimSize(0);
      source.columns = cast<RankedTensorType>(diagonals.getType()).getDimSize(1);
      const bool isWeight = isa<BlockArgument>(diagonals);
      made.source =
          isWeight ? program::DiagonalSource::kWeight : program::DiagonalSource::kConstant;
      if (isWeight) {
        const FailureOr<uint32_t> weight = getWeight(source);
        if (failed(weight))
          return failure();
        made.weight = *weight;
      }
      for (; source.row < source.rows; ++source.row)
        made.rows.push_back(isWeight ? static_cast<uint32_t>(source.row) : getConstant(source));
    }
    result.transforms.push_back(std::move(made));
  }
  underWay[op.getTransform()] = it->second;
  emit(Opcode::kBeginTransform, op, op.getInput()).index = it->second;
  return success();
}

void Translation::translateStep(Opcode opcode, Operation *op, Value key, uint64_t step) {
  const uint32_t transform = underWay.at(op->getOperand(0));
  if (key)
    translateKeyed(opcode, op, key);
  else
    emit(opcode, op, op->getOperands());
  if (op->getNumResults() == 1)
    underWay[op->getResult(0)] = transform;
  result.ops.back().index = transform;
  result.ops.back().row = static_cast<uint32_t>(step);
}

LogicalResult Translation::translateOp(Operation *op) {
  auto plainly = [&](Opcode opcode) { return emit(opcode, op, op->getOperands()), success(); };
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](lwe::RLWEEncodeOp op) { return translateEncode(op); })
      .Case([&](ckks::AddOp) { return plainly(Opcode::kAdd); })
      .Case([&](ckks::SubOp) { return plainly(Opcode::kSub); })
      .Case([&](ckks::NegateOp) { return plainly(Opcode::kNegate); })
      .Case([&](ckks::AddPlainOp) { return plainly(Opcode::kAddPlain); })
      .Case([&](ckks::SubPlainOp) { return plainly(Opcode::kSubPlain); })
      .Case([&](ckks::MulPlainOp) { return plainly(Opcode::kMulPlain); })
      .Case([&](ckks::MulOp) { return plainly(Opcode::kMul); })
      .Case([&](ckks::RescaleOp) { return plainly(Opcode::kRescale); })
      .Case([&](ckks::LevelReduceOp) { return plainly(Opcode::kLevelReduce); })
      .Case([&](ckks::ModRaiseOp) { return plainly(Opcode::kModRaise); })
      .Case([&](ckks::MulScalarOp op) {
        return translateScalar(Opcode::kMulScalar, op, op.getReal(), op.getImaginary()), success();
      })
      .Case([&](ckks::MulScalarAddOp op) {
        return translateScalar(Opcode::kMulScalarAdd, op, op.getReal(), op.getImaginary()),
               success();
      })
      .Case([&](ckks::AddScalarOp op) {
        return translateScalar(Opcode::kAddScalar, op, op.getReal(), op.getImaginary()), success();
      })
      .Case([&](key_mgmt::BeginTransformOp op) { return translateBegin(op); })
      .Case([&](key_mgmt::BabyStepOp op) {
        return translateStep(Opcode::kBabyStep, op, op.getRotKey(), op.getStep()), success();
      })
      .Case([&](key_mgmt::GiantStepOp op) {
        return translateStep(Opcode::kGiantStep, op, op.getRotKey(), op.getStep()), success();
      })
      .Case([&](key_mgmt::FinishTransformOp op) -> LogicalResult {
        const uint32_t transform = underWay.at(op.getTransform());
        const auto plan = result.PlanOf(transform, parameters.slots());
        if (!plan.ok())
          return op.emitOpError() << plan.status().message();
        return translateStep(Opcode::kFinishTransform, op, {}, plan->steps.size() - 1), success();
      })
      .Case([&](key_mgmt::ConjugateOp op) {
        return translateKeyed(Opcode::kConjugate, op, op.getConjKey()), success();
      })
      .Case([&](key_mgmt::SwitchSecretOp op) {
        return translateKeyed(Opcode::kSwitchSecret, op, op.getSwitchKey()), success();
      })
      .Case([&](key_mgmt::DecomposeOp) { return plainly(Opcode::kDecompose); })
      .Case([&](key_mgmt::ClearOp) { return plainly(Opcode::kClear); })
      .Case([&](key_mgmt::RelinearizeOp op) {
        return translateKeyed(Opcode::kRelinearize, op, op.getRelinKey()), success();
      })
      .Case([&](key_mgmt::RotateOp op) {
        return translateKeyed(Opcode::kRotate, op, op.getRotKey()), success();
      })
      .Case([&](key_mgmt::RotateHoistedOp op) {
        return translateKeyed(Opcode::kRotateHoisted, op, op.getRotKey()), success();
      })
      .Case([&](key_mgmt::LoadKeyOp op) { return translateLoad(op), success(); })
      .Case([&](key_mgmt::ClearKeyOp op) {
        emit(Opcode::kClearKey, op, {}).key = keys.at(op.getKey());
        return success();
      })
      .Case([&](func::ReturnOp op) { return translateResults(op); })
      // Numbers: read where they are encoded.
      .Default(success());
}

FailureOr<program::Program> Translation::run(bool insecure) {
  result.name = function.getName().str();
  result.parameters = parameters.literal();
  result.insecure = insecure;
  if (failed(findLogicalSlots()) || failed(translateArguments()))
    return failure();
  for (Operation &op : function.getBody().front())
    if (failed(translateOp(&op)))
      return failure();
  return std::move(result);
}

} // namespace

FailureOr<program::Program> translateToProgram(ModuleOp module, bool insecure) {
  auto functions = module.getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(functions))
    return module.emitError("expected a module that verify-program-form accepts");
  const FailureOr<scheme::Parameters> parameters =
      getParameters(module, insecure ? scheme::Security::kInsecure : scheme::Security::k128Bit);
  if (failed(parameters))
    return failure();
  return Translation(module, *functions.begin(), *parameters)
      .run(insecure && !parameters->Is128BitSecure());
}

} // namespace keymemrt::compiler
