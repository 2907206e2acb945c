// SPDX-License-Identifier: Apache-2.0
// Attributes as the structures of circuit/; see Circuit.h.

#include "compiler/analysis/Circuit/Circuit.h"

#include "mlir/IR/Builders.h"

#include <algorithm>
#include <climits>

using namespace mlir;

namespace keymemrt::compiler {

static std::vector<int> toInts(DenseI64ArrayAttr attr) {
  return std::vector<int>(attr.asArrayRef().begin(), attr.asArrayRef().end());
}

static DenseI64ArrayAttr toAttr(MLIRContext *context, const std::vector<int> &numbers) {
  return Builder(context).getDenseI64ArrayAttr(
      SmallVector<int64_t>(numbers.begin(), numbers.end()));
}

circuit::ChebyshevSeries getSeries(orion::ChebyshevOp op) {
  return {op.getDomainStart().convertToDouble(), op.getDomainEnd().convertToDouble(),
          op.getCoefficientValues()};
}

circuit::DftStage getStage(ckks::DftStageAttr attr) {
  circuit::DftStage stage;
  stage.direction = attr.getDirection() == ckks::DftDirection::coeff_to_slot
                        ? circuit::DftDirection::kCoeffToSlot
                        : circuit::DftDirection::kSlotToCoeff;
  stage.log_slots = static_cast<int>(attr.getLogSlots());
  stage.radices = toInts(attr.getRadices());
  stage.stage = static_cast<int>(attr.getStage());
  stage.factor = attr.getFactor().getValueAsDouble();
  stage.halves = attr.getHalves();
  return stage;
}

ckks::DftStageAttr getStageAttr(MLIRContext *context, const circuit::DftStage &stage) {
  Builder builder(context);
  return ckks::DftStageAttr::get(context,
                                 stage.direction == circuit::DftDirection::kCoeffToSlot
                                     ? ckks::DftDirection::coeff_to_slot
                                     : ckks::DftDirection::slot_to_coeff,
                                 stage.log_slots, toAttr(context, stage.radices), stage.stage,
                                 builder.getF64FloatAttr(stage.factor), stage.halves);
}

circuit::BootstrapOptions getBootstrapOptions(ckks::BootstrapAttr attr) {
  const auto toInt = [](int64_t number) {
    return static_cast<int>(std::clamp<int64_t>(number, INT_MIN, INT_MAX));
  };
  circuit::BootstrapOptions options;
  options.log_slots = toInt(attr.getLogSlots());
  options.target_level = toInt(attr.getTargetLevel());
  options.coeff_to_slot = toInts(attr.getCoeffToSlot());
  options.slot_to_coeff = toInts(attr.getSlotToCoeff());
  options.ephemeral_weight = toInt(attr.getEphemeralWeight());
  options.log_message_ratio = toInt(attr.getLogMessageRatio());
  options.range = toInt(attr.getRange());
  options.degree = toInt(attr.getDegree());
  options.double_angles = toInt(attr.getDoubleAngles());
  options.arcsine_degree = toInt(attr.getArcsineDegree());
  return options;
}

ckks::BootstrapAttr getBootstrapAttr(MLIRContext *context,
                                     const circuit::BootstrapOptions &options) {
  return ckks::BootstrapAttr::get(
      context, options.log_slots, options.target_level, toAttr(context, options.coeff_to_slot),
      toAttr(context, options.slot_to_coeff), options.ephemeral_weight, options.log_message_ratio,
      options.range, options.degree, options.double_angles, options.arcsine_degree);
}

scheme::KeyShape getShape(ckks::KeyShapeAttr attr) {
  if (!attr)
    return {};
  return {static_cast<int>(attr.getLevel()), static_cast<int>(attr.getSpecials())};
}

ckks::KeyShapeAttr getShapeAttr(MLIRContext *context, const scheme::KeyShape &shape) {
  return shape.plain() ? ckks::KeyShapeAttr()
                       : ckks::KeyShapeAttr::get(context, shape.level, shape.specials);
}

std::optional<circuit::LinearTransformForm> getForm(StringRef name) {
  for (circuit::LinearTransformForm form : circuit::kLinearTransformForms)
    if (std::string_view(name) == circuit::ToString(form))
      return form;
  return std::nullopt;
}

FailureOr<circuit::LinearTransformPlan> getPlan(key_mgmt::BeginTransformOp op, int64_t slots) {
  const auto form = getForm(op.getForm());
  if (!form)
    return op.emitOpError("expected the form bsgs, double_hoisted, horner or minimum_key, found '")
           << op.getForm() << "'";
  std::vector<int64_t> rotations(op.getRotations());
  if (ckks::DftStageAttr attr = op.getStageAttr()) {
    const circuit::DftStage stage = getStage(attr);
    if (const Status status = stage.Check(); !status.ok())
      return op.emitOpError() << status.message();
    rotations = stage.Rotations();
  }
  auto plan = circuit::LinearTransformPlan::Make(rotations, slots, *form,
                                                 static_cast<int64_t>(op.getBabyStep()));
  if (!plan.ok())
    return op.emitOpError() << plan.status().message();
  return *std::move(plan);
}

bool isStep(const circuit::LinearTransformPlan &plan, Operation *op, uint64_t step, int64_t shift) {
  using Kind = circuit::LinearTransformStep::Kind;
  if (step >= plan.steps.size())
    return false;
  const auto kind = isa<key_mgmt::BeginTransformOp>(op) ? Kind::kBegin
                    : isa<key_mgmt::BabyStepOp>(op)     ? Kind::kBaby
                    : isa<key_mgmt::GiantStepOp>(op)    ? Kind::kGiant
                                                        : Kind::kFinish;
  return plan.steps[step].kind == kind && plan.steps[step].shift == shift;
}

} // namespace keymemrt::compiler
