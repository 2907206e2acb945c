// SPDX-License-Identifier: Apache-2.0
#include "frontend/packing/module_text.h"

#include <algorithm>
#include <cmath>

#include "circuit/polynomial_plan.h"

namespace keymemrt::frontend {

namespace {
// Orion's and HEIR's default; how to split a transform into baby and giant steps is the compiler's own choice.
constexpr const char* kBsgsRatio = "2.000000e+00 : f64";
}  // namespace

ModuleText::ModuleText(const scheme::Parameters& parameters, size_t slots) : parameters_(parameters), slots_(slots) {
  Define("#key", "#lwe.key<>");
  Define(PlainRing(),
         fmt::format("#polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**{}>>", parameters.n()));
}

void ModuleText::Define(const std::string& alias, const std::string& value) {
  if (defined_.insert(alias).second) aliases_ += fmt::format("{} = {}\n", alias, value);
}

std::string ModuleText::PlainRing() const {
  return fmt::format("#ring_f64_1_x{}", parameters_.n());
}

std::string ModuleText::Encoding(int log_scale) {
  const std::string alias = fmt::format("#encoding_S{}", log_scale);
  Define(alias, fmt::format("#lwe.inverse_canonical_encoding<scaling_factor = {}>", log_scale));
  return alias;
}

std::string ModuleText::Ring(int level) {
  std::vector<std::string> limbs;
  for (int limb = 0; limb <= level; ++limb) {
    limbs.push_back(fmt::format("!Z{}", parameters_.modulus(limb)));
    Define(limbs.back(), fmt::format("!mod_arith.int<{} : i64>", parameters_.modulus(limb)));
  }
  Define(fmt::format("!rns_L{}", level), fmt::format("!rns.rns<{}>", fmt::join(limbs, ", ")));
  const std::string alias = fmt::format("#ring_L{}", level);
  Define(alias, fmt::format("#polynomial.ring<coefficientType = !rns_L{}, polynomialModulus = <1 + x**{}>>", level,
                            parameters_.n()));
  return alias;
}

std::string ModuleText::Type(const Ciphertext& x) {
  const std::string suffix = x.size == 2 ? "" : fmt::format("_D{}", x.size);
  const std::string alias = fmt::format("!ct_L{}_S{}{}", x.level, x.log_scale, suffix);
  const std::string space = fmt::format("#ciphertext_space_L{}{}", x.level, suffix);
  const std::string chain = fmt::format("#modulus_chain_L{}", x.level);
  std::vector<std::string> elements;
  for (const uint64_t q : parameters_.literal().q) elements.push_back(fmt::format("{} : i64", q));
  Define(chain, fmt::format("#lwe.modulus_chain<elements = <{}>, current = {}>", fmt::join(elements, ", "), x.level));
  Define(space, fmt::format("#lwe.ciphertext_space<ring = {}, encryption_type = mix{}>", Ring(x.level),
                            x.size == 2 ? "" : fmt::format(", size = {}", x.size)));
  Define(alias, fmt::format("!lwe.lwe_ciphertext<plaintext_space = <ring = {}, encoding = {}>, ciphertext_space = {}, "
                            "key = #key, modulus_chain = {}>",
                            PlainRing(), Encoding(x.log_scale), space, chain));
  return alias;
}

std::string ModuleText::PlaintextType(int log_scale) {
  const std::string alias = fmt::format("!pt_S{}", log_scale);
  Define(alias, fmt::format("!lwe.lwe_plaintext<plaintext_space = <ring = {}, encoding = {}>>", PlainRing(),
                            Encoding(log_scale)));
  return alias;
}

Ciphertext ModuleText::NewCiphertext(int level, int log_scale, int size) {
  return {fmt::format("%ct_{}", next_value_++), level, log_scale, size};
}

Ciphertext ModuleText::Input(size_t length, size_t period) {
  const Ciphertext x{fmt::format("%input_{}", next_input_++), parameters_.max_level(),
                     parameters_.literal().log_default_scale, 2};
  arguments_.push_back(
      fmt::format("{}: {} {{kmrt.length = {} : i64, kmrt.period = {} : i64}}", x.name, Type(x), length, period));
  return x;
}

WeightArgument ModuleText::Weights(const std::string& layer, const std::string& role, size_t row, size_t column,
                                   size_t diagonals, int level) {
  WeightArgument argument{fmt::format("%arg{}", next_weights_++), "", row, column};
  argument.type =
      diagonals == 0 ? fmt::format("tensor<{}xf64>", slots_) : fmt::format("tensor<{}x{}xf64>", diagonals, slots_);
  arguments_.push_back(fmt::format(
      "{}: {} {{orion.block_col = {} : i64, orion.block_row = {} : i64, orion.layer_name = \"{}\", orion.layer_role = "
      "\"{}\", orion.level = {} : i64}}",
      argument.name, argument.type, column, row, layer, role, level));
  return argument;
}

Ciphertext ModuleText::LinearTransform(const Ciphertext& x, const WeightArgument& diagonals,
                                       std::span<const int64_t> indices) {
  // The diagonals are encoded at the scale of the prime that the rescale divides out: the scale stays.
  const Ciphertext y = NewCiphertext(Below(x.level, 1), x.log_scale, 2);
  body_ += fmt::format(
      "    {} = orion.linear_transform {}, {} {{block_col = {} : i32, block_row = {} : i32, bsgs_ratio = {}, "
      "diagonal_count = {} : i32, diagonal_indices = array<i32: {}>, orion_level = {} : i32, slots = {} : i32}} : "
      "({}, {}) -> {}\n",
      y.name, x.name, diagonals.name, diagonals.column, diagonals.row, kBsgsRatio, indices.size(),
      fmt::join(indices, ", "), x.level, slots_, Type(x), diagonals.type, Type(y));
  return y;
}

Ciphertext ModuleText::RotateAndAdd(const Ciphertext& x, int64_t left_shift) {
  const Ciphertext rotated = NewCiphertext(x.level, x.log_scale, 2);
  const Ciphertext sum = NewCiphertext(x.level, x.log_scale, 2);
  const std::string type = Type(x);
  body_ +=
      fmt::format("    {} = ckks.rotate {} {{static_shift = {} : i32}} : {}\n", rotated.name, x.name, left_shift, type);
  body_ += fmt::format("    {} = ckks.add {}, {} : ({}, {}) -> {}\n", sum.name, rotated.name, x.name, type, type, type);
  return sum;
}

Ciphertext ModuleText::AddVector(const Ciphertext& x, const WeightArgument& vector) {
  const std::string encoded = fmt::format("%pt_{}", next_value_++);
  const Ciphertext sum = NewCiphertext(x.level, x.log_scale, 2);
  const std::string type = Type(x);
  const std::string plain = PlaintextType(x.log_scale);
  body_ += fmt::format("    {} = lwe.rlwe_encode {} {{encoding = {}, level = {} : i64, ring = {}}} : {} -> {}\n",
                       encoded, vector.name, Encoding(x.log_scale), x.level, PlainRing(), vector.type, plain);
  body_ +=
      fmt::format("    {} = ckks.add_plain {}, {} : ({}, {}) -> {}\n", sum.name, x.name, encoded, type, plain, type);
  return sum;
}

Ciphertext ModuleText::ReduceTo(const Ciphertext& x, int level) {
  if (x.level == level) return x;
  const Ciphertext y = NewCiphertext(level, x.log_scale, x.size);
  body_ += fmt::format("    {} = ckks.level_reduce {} {{levelToDrop = {} : i64}} : {} -> {}\n", y.name, x.name,
                       x.level - level, Type(x), Type(y));
  return y;
}

Ciphertext ModuleText::Add(const Ciphertext& x, const Ciphertext& y) {
  const int level = std::min(x.level, y.level);
  const Ciphertext a = ReduceTo(x, level);
  const Ciphertext b = ReduceTo(y, level);
  const Ciphertext sum = NewCiphertext(level, a.log_scale, 2);
  body_ +=
      fmt::format("    {} = ckks.add {}, {} : ({}, {}) -> {}\n", sum.name, a.name, b.name, Type(a), Type(b), Type(sum));
  return sum;
}

Ciphertext ModuleText::Chebyshev(const Ciphertext& x, const circuit::ChebyshevSeries& series,
                                 const std::string& layer) {
  const Ciphertext y = NewCiphertext(Below(x.level, circuit::PolynomialDepth(series.degree())), x.log_scale, 2);
  std::vector<std::string> coefficients;
  for (const double c : series.coefficients) coefficients.push_back(fmt::format("{:.17e}", c));
  body_ += fmt::format(
      "    {} = orion.chebyshev {} {{coefficients = [{}], domain_start = {:.17e} : f64, domain_end = {:.17e} : f64, "
      "orion.layer_name = \"{}\"}} : ({}) -> {}\n",
      y.name, x.name, fmt::join(coefficients, ", "), series.low, series.high, layer, Type(x), Type(y));
  return y;
}

Ciphertext ModuleText::Multiply(const Ciphertext& x, const Ciphertext& y) {
  const int level = std::min(x.level, y.level);
  const Ciphertext a = ReduceTo(x, level);
  const Ciphertext b = ReduceTo(y, level);
  const Ciphertext product = NewCiphertext(level, a.log_scale + b.log_scale, 3);
  const Ciphertext linear = NewCiphertext(level, product.log_scale, 2);
  const int dropped = static_cast<int>(std::lround(std::log2(static_cast<double>(parameters_.modulus(level)))));
  const Ciphertext result = NewCiphertext(Below(level, 1), linear.log_scale - dropped, 2);
  body_ += fmt::format("    {} = ckks.mul {}, {} : ({}, {}) -> {}\n", product.name, a.name, b.name, Type(a), Type(b),
                       Type(product));
  body_ += fmt::format(
      "    {} = ckks.relinearize {} {{from_basis = array<i32: 0, 1, 2>, to_basis = array<i32: 0, 1>}} : ({}) -> {}\n",
      linear.name, product.name, Type(product), Type(linear));
  body_ += fmt::format("    {} = ckks.rescale {} {{to_ring = {}}} : {} -> {}\n", result.name, linear.name,
                       Ring(result.level), Type(linear), Type(result));
  return result;
}

std::string ModuleText::Finish(const std::string& function_name, std::span<const ResultText> results) {
  const scheme::ParameterLiteral& literal = parameters_.literal();
  std::vector<std::string> names, types, outputs;
  for (const ResultText& result : results) {
    names.push_back(result.value.name);
    types.push_back(Type(result.value));
    outputs.push_back(fmt::format("{} {{kmrt.length = {} : i64}}", types.back(), result.length));
  }
  const std::string secret =
      literal.secret_weight == 0 ? "" : fmt::format(", kmrt.secret_weight = {} : i64", literal.secret_weight);
  return fmt::format(
      "{}module attributes {{ckks.schemeParam = #ckks.scheme_param<logN = {}, Q = [{}], P = [{}], logDefaultScale = "
      "{}>, "
      "scheme.ckks{}}} {{\n"
      "  func.func @{}({}) -> ({}) {{\n"
      "{}"
      "    return {} : {}\n"
      "  }}\n"
      "}}\n",
      aliases_, literal.log_n, fmt::join(literal.q, ", "), fmt::join(literal.p, ", "), literal.log_default_scale,
      secret, function_name, fmt::join(arguments_, ", "), fmt::join(outputs, ", "), body_, fmt::join(names, ", "),
      fmt::join(types, ", "));
}

}  // namespace keymemrt::frontend
