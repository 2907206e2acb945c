// SPDX-License-Identifier: Apache-2.0
//
// Program <-> bytes. A reader trusts nothing: frame and checksum (accidents), FlatBuffers structure (forged offsets),
// the copying allowance below (forged sharing), Verify (meaning).
#include <cstring>

#include "base/container.h"
#include "program/program.h"
#include "program/program_generated.h"

namespace keymemrt::program {

namespace {

constexpr uint32_t kFormatVersion = 2;
constexpr ContainerKind kKind = {"KMRTPROG", kFormatVersion, "a compiled program (.kmrt)"};

// FlatBuffers' offsets are 31 bits wide; a gigabyte is far above any program and far below that.
constexpr uint64_t kLargestPayload = uint64_t{1} << 30;

template <typename A, typename B>
constexpr bool SameNumber(A a, B b) {
  return static_cast<int>(a) == static_cast<int>(b);
}
static_assert(SameNumber(fbs::Opcode::MAX, Opcode::kFinishTransform) && SameNumber(fbs::Opcode::MAX, kOpcodes - 1));
static_assert(SameNumber(fbs::Opcode::Rotate, Opcode::kRotate) && SameNumber(fbs::Opcode::Clear, Opcode::kClear) &&
              SameNumber(fbs::Opcode::ModRaise, Opcode::kModRaise));
static_assert(SameNumber(fbs::ValueKind::MAX, ValueKind::kTransform));
static_assert(SameNumber(fbs::EncodeSource::MAX, EncodeSource::kConstant));
static_assert(SameNumber(fbs::KeyKind::MAX, scheme::KeyKind::kSecretSwitch));
static_assert(SameNumber(fbs::DiagonalSource::MAX, DiagonalSource::kDft));
static_assert(SameNumber(fbs::TransformForm::MAX, circuit::LinearTransformForm::kMinimumKey));
static_assert(SameNumber(fbs::DftDirection::MAX, circuit::DftDirection::kSlotToCoeff));

// What Serialize will need at most, to refuse what FlatBuffers cannot hold.
uint64_t EstimatedBytes(const Program& program) {
  constexpr uint64_t kTable = 64;  // a table with its vtable, offsets and padding
  uint64_t bytes = 1024 + program.name.size() + 8 * (program.parameters.q.size() + program.parameters.p.size());
  for (const Input& input : program.inputs) bytes += kTable + input.name.size();
  for (const Output& output : program.outputs) bytes += kTable + output.name.size();
  for (const Weight& weight : program.weights) bytes += kTable + weight.name.size();
  for (const auto& constant : program.constants) bytes += kTable + 8 * constant.size();
  for (const Domain& domain : program.domains) bytes += kTable + domain.name.size();
  for (const auto& location : program.locations) bytes += kTable + location.size();
  for (const Transform& transform : program.transforms) {
    bytes +=
        2 * kTable + 4 * transform.rows.size() + 8 * transform.rotations.size() + 4 * transform.stage.radices.size();
  }
  bytes += program.scalars.size() * sizeof(fbs::Scalar) + program.keys.size() * sizeof(fbs::Key) +
           program.values.size() * sizeof(fbs::Value) + program.ops.size() * sizeof(fbs::Op);
  return bytes;
}

// In a FlatBuffer many tables may refer to one vector, so copying out can take far more memory than the file has bytes.
// Serialize never shares; so whoever copies more than the payload's size is reading a forgery.
class Copier {
 public:
  explicit Copier(uint64_t allowance) : allowance_(allowance) {}

  std::string String(const flatbuffers::String* text) {
    return Spend(text->size()) ? std::string(text->data(), text->size()) : std::string();
  }
  template <typename T>
  std::vector<T> Vector(const flatbuffers::Vector<T>* vector) {
    if (!Spend(uint64_t{vector->size()} * sizeof(T))) return {};
    return std::vector<T>(vector->begin(), vector->end());
  }
  bool exceeded() const { return exceeded_; }

 private:
  bool Spend(uint64_t bytes) {
    if (bytes > allowance_) exceeded_ = true;
    if (exceeded_) return false;
    allowance_ -= bytes;
    return true;
  }
  uint64_t allowance_;
  bool exceeded_ = false;
};

// Whether every element of the vector is where its type may be: FlatBuffers' verifier looks at the length's place only.
template <typename T>
bool IsAligned(const flatbuffers::Vector<T>* vector) {
  using Element = std::remove_pointer_t<typename flatbuffers::IndirectHelper<T>::return_type>;
  return vector->size() == 0 || reinterpret_cast<uintptr_t>(vector->Data()) % alignof(Element) == 0;
}

bool IsAligned(const fbs::Program& program) {
  for (const auto* constant : *program.constants()) {
    if (!IsAligned(constant->values())) return false;
  }
  for (const auto* transform : *program.transforms()) {
    if (!IsAligned(transform->rows()) || !IsAligned(transform->rotations())) return false;
    if (transform->stage() != nullptr && !IsAligned(transform->stage()->radices())) return false;
  }
  return IsAligned(program.parameters()->q()) && IsAligned(program.parameters()->p()) && IsAligned(program.scalars()) &&
         IsAligned(program.keys()) && IsAligned(program.values()) && IsAligned(program.ops());
}

scheme::KeyShape ShapeOf(const fbs::KeyShape& shape) {
  return {shape.level(), shape.specials()};
}

fbs::KeyShape ShapeOf(const scheme::KeyShape& shape) {
  return {shape.level, shape.specials};
}

Transform TransformOf(const fbs::Transform& in, Copier& copy) {
  Transform out;
  out.source = static_cast<DiagonalSource>(in.source());
  out.weight = in.weight();
  out.rows = copy.Vector(in.rows());
  out.rotations = copy.Vector(in.rotations());
  if (const fbs::DftStage* stage = in.stage(); stage != nullptr) {
    out.stage = {.direction = static_cast<circuit::DftDirection>(stage->direction()),
                 .log_slots = stage->log_slots(),
                 .radices = copy.Vector(stage->radices()),
                 .stage = stage->stage(),
                 .factor = stage->factor(),
                 .halves = stage->halves()};
  }
  out.form = static_cast<circuit::LinearTransformForm>(in.form());
  out.baby_step = in.baby_step();
  out.scale = in.scale();
  return out;
}

flatbuffers::Offset<fbs::Transform> TransformOf(const Transform& in, flatbuffers::FlatBufferBuilder& builder) {
  flatbuffers::Offset<fbs::DftStage> stage;
  if (in.stage != circuit::DftStage{}) {
    stage =
        fbs::CreateDftStage(builder, static_cast<fbs::DftDirection>(in.stage.direction), in.stage.log_slots,
                            builder.CreateVector(in.stage.radices), in.stage.stage, in.stage.factor, in.stage.halves);
  }
  const auto rows = builder.CreateVector(in.rows);
  const auto rotations = builder.CreateVector(in.rotations);
  return fbs::CreateTransform(builder, static_cast<fbs::DiagonalSource>(in.source), in.weight, rows, rotations, stage,
                              static_cast<fbs::TransformForm>(in.form), in.baby_step, in.scale);
}

Result<Program> Parse(std::span<const std::byte> payload) {
  if (payload.size() > kLargestPayload) return Corrupt("a program of {} bytes is too large", payload.size());
  const auto* data = reinterpret_cast<const uint8_t*>(payload.data());
  // One table per element of a vector of tables at most; a file cannot make the verifier walk more than its own size.
  flatbuffers::Verifier verifier(data, payload.size(), /*max_depth=*/8,
                                 static_cast<flatbuffers::uoffset_t>(payload.size() / 4 + 1));
  if (!fbs::VerifyProgramBuffer(verifier)) return Corrupt("malformed: the payload is not a well-formed program table");
  const fbs::Program& in = *fbs::GetProgram(data);
  if (!IsAligned(in)) return Corrupt("malformed: numbers of the payload are not aligned");

  Copier copy(payload.size());
  Program out;
  out.name = copy.String(in.name());
  out.parameters.log_n = in.parameters()->log_n();
  out.parameters.log_default_scale = in.parameters()->log_default_scale();
  out.parameters.q = copy.Vector(in.parameters()->q());
  out.parameters.p = copy.Vector(in.parameters()->p());
  out.parameters.secret_weight = in.parameters()->secret_weight();
  out.parameters.ephemeral_weight = in.parameters()->ephemeral_weight();
  out.insecure = in.insecure();
  for (const auto* input : *in.inputs()) {
    out.inputs.push_back({copy.String(input->name()), input->value(), input->length(), input->period()});
  }
  for (const auto* output : *in.outputs()) {
    out.outputs.push_back({copy.String(output->name()), output->value(), output->length()});
  }
  for (const auto* weight : *in.weights()) {
    out.weights.push_back({copy.String(weight->name()), weight->rows(), weight->columns()});
  }
  for (const auto* constant : *in.constants()) out.constants.push_back(copy.Vector(constant->values()));
  for (const auto* scalar : *in.scalars()) out.scalars.emplace_back(scalar->real(), scalar->imaginary());
  for (const auto* transform : *in.transforms()) out.transforms.push_back(TransformOf(*transform, copy));
  for (const auto* location : *in.locations()) out.locations.push_back(copy.String(location));
  if (in.domains() != nullptr) {
    for (const auto* domain : *in.domains()) {
      out.domains.push_back({copy.String(domain->name()), domain->value(), domain->low(), domain->high()});
    }
  }
  if (copy.exceeded()) return Corrupt("malformed: parts of the program overlap");

  out.keys.reserve(in.keys()->size());
  for (const auto* key : *in.keys()) {
    out.keys.push_back({{static_cast<scheme::KeyKind>(key->kind()), key->galois_element(), ShapeOf(key->shape())},
                        key->shift(),
                        key->level()});
  }
  out.values.reserve(in.values()->size());
  for (const auto* value : *in.values()) {
    out.values.push_back({static_cast<ValueKind>(value->kind()), value->level(), value->scale(), value->parts(),
                          ShapeOf(value->shape())});
  }
  out.ops.reserve(in.ops()->size());
  for (const auto* op : *in.ops()) {
    out.ops.push_back({.opcode = static_cast<Opcode>(op->opcode()),
                       .result = op->result(),
                       .operands = {op->operand0(), op->operand1()},
                       .key = op->key(),
                       .source = static_cast<EncodeSource>(op->source()),
                       .index = op->index(),
                       .row = op->row(),
                       .rotation = op->rotation(),
                       .location = op->location()});
  }
  KMRT_RETURN_IF_ERROR(Verify(out));
  return out;
}

}  // namespace

std::vector<std::byte> Serialize(const Program& program) {
  flatbuffers::FlatBufferBuilder builder(1 << 16);
  std::vector<flatbuffers::Offset<fbs::Input>> inputs;
  for (const Input& input : program.inputs) {
    const auto name = builder.CreateString(input.name);
    inputs.push_back(fbs::CreateInput(builder, name, input.value, input.length, input.period));
  }
  std::vector<flatbuffers::Offset<fbs::Output>> outputs;
  for (const Output& output : program.outputs) {
    const auto name = builder.CreateString(output.name);
    outputs.push_back(fbs::CreateOutput(builder, name, output.value, output.length));
  }
  std::vector<flatbuffers::Offset<fbs::Weights>> weights;
  for (const Weight& weight : program.weights) {
    const auto name = builder.CreateString(weight.name);
    weights.push_back(fbs::CreateWeights(builder, name, weight.rows, weight.columns));
  }
  std::vector<flatbuffers::Offset<fbs::Constant>> constants;
  for (const auto& constant : program.constants) {
    constants.push_back(fbs::CreateConstant(builder, builder.CreateVector(constant)));
  }
  std::vector<fbs::Scalar> scalars;
  for (const std::complex<double> scalar : program.scalars) scalars.emplace_back(scalar.real(), scalar.imag());
  std::vector<flatbuffers::Offset<fbs::Transform>> transforms;
  for (const Transform& transform : program.transforms) transforms.push_back(TransformOf(transform, builder));
  std::vector<fbs::Key> keys;
  for (const Key& key : program.keys) {
    keys.emplace_back(key.id.galois_element, key.shift, key.level, ShapeOf(key.id.shape),
                      static_cast<fbs::KeyKind>(key.id.kind));
  }
  std::vector<fbs::Value> values;
  values.reserve(program.values.size());
  for (const Value& value : program.values) {
    values.emplace_back(value.scale, value.level, value.parts, ShapeOf(value.shape),
                        static_cast<fbs::ValueKind>(value.kind));
  }
  std::vector<fbs::Op> ops;
  ops.reserve(program.ops.size());
  for (const Op& op : program.ops) {
    ops.emplace_back(op.result, op.operands[0], op.operands[1], op.key, op.index, op.row, op.rotation, op.location,
                     static_cast<fbs::Opcode>(op.opcode), static_cast<fbs::EncodeSource>(op.source));
  }
  std::vector<flatbuffers::Offset<fbs::Domain>> domains;
  for (const Domain& domain : program.domains) {
    const auto name = builder.CreateString(domain.name);
    domains.push_back(fbs::CreateDomain(builder, name, domain.value, domain.low, domain.high));
  }

  const auto name = builder.CreateString(program.name);
  const auto q = builder.CreateVector(program.parameters.q);
  const auto p = builder.CreateVector(program.parameters.p);
  const auto parameters =
      fbs::CreateParameters(builder, program.parameters.log_n, program.parameters.log_default_scale, q, p,
                            program.parameters.secret_weight, program.parameters.ephemeral_weight);
  const auto inputs_vector = builder.CreateVector(inputs);
  const auto outputs_vector = builder.CreateVector(outputs);
  const auto weights_vector = builder.CreateVector(weights);
  const auto constants_vector = builder.CreateVector(constants);
  const auto scalars_vector = builder.CreateVectorOfStructs(scalars);
  const auto transforms_vector = builder.CreateVector(transforms);
  const auto keys_vector = builder.CreateVectorOfStructs(keys);
  const auto values_vector = builder.CreateVectorOfStructs(values);
  const auto ops_vector = builder.CreateVectorOfStructs(ops);
  const auto locations_vector = builder.CreateVectorOfStrings(program.locations);
  const auto domains_vector = domains.empty() ? 0 : builder.CreateVector(domains);
  fbs::FinishProgramBuffer(
      builder, fbs::CreateProgram(builder, name, parameters, program.insecure, inputs_vector, outputs_vector,
                                  weights_vector, constants_vector, scalars_vector, transforms_vector, keys_vector,
                                  values_vector, ops_vector, locations_vector, domains_vector));
  return WrapContainer(kKind, std::as_bytes(std::span<const uint8_t>(builder.GetBufferPointer(), builder.GetSize())));
}

Result<Program> Deserialize(std::span<const std::byte> bytes) {
  KMRT_ASSIGN_OR_RETURN(const std::span<const std::byte> payload, UnwrapContainer(kKind, bytes));
  if (reinterpret_cast<uintptr_t>(payload.data()) % alignof(uint64_t) != 0) {
    const std::vector<std::byte> aligned(payload.begin(), payload.end());
    return Parse(aligned);
  }
  return Parse(payload);
}

Status Write(const Program& program, const std::string& path) {
  KMRT_RETURN_IF_ERROR(Verify(program));
  if (EstimatedBytes(program) > kLargestPayload) {
    return Failed("{}: the program is too large for the format: about {} bytes", path, EstimatedBytes(program));
  }
  return WriteFile(path, Serialize(program));
}

Result<Program> Read(const std::string& path) {
  KMRT_ASSIGN_OR_RETURN(const std::vector<std::byte> bytes, ReadFile(path, kLargestPayload + 4096));
  auto program = Deserialize(bytes);
  if (!program.ok()) return program.status().WithContext(path);
  return program;
}

}  // namespace keymemrt::program
