// SPDX-License-Identifier: Apache-2.0
// Random CKKS programs with loops and branches; see RandomProgram.h.

#include "compiler/testing/RandomProgram.h"

#include <fmt/format.h>

namespace keymemrt::compiler {

namespace {

/// Writes nested loops that carry one or two ciphertexts. `x`, an input, is invariant in all of
/// them. What takes a level in a loop takes one in each iteration.
class LoopGenerator {
public:
  LoopGenerator(std::mt19937_64 &random, const scheme::ParameterLiteral &parameters, bool tensors)
      : random(random), text(parameters), tensors(tensors),
        levels(static_cast<int>(parameters.q.size()) - 5) {}

  TestProgram run(int size) {
    const size_t period = text.slots() >> (2 * below(2));
    x = text.ciphertext(numbers(period), period);
    const std::string start = text.ciphertext(numbers(period), period);
    weights = text.weights(kRows, numbers(kRows * text.slots()));
    constants = text.constant(kRows, numbers(kRows * 8));
    std::string result = start;
    for (int i = 0; i < size; ++i)
      result = step(result, {}, 0);
    return text.finish({result});
  }

private:
  static constexpr size_t kRows = 12;
  struct Index {
    std::string name;
    int low, high; // of its values
    bool isAffine; // may be an operand of an affine map
  };

  int below(int bound) { return static_cast<int>(random() % static_cast<uint64_t>(bound)); }
  bool chance(int percent) { return below(100) < percent; }
  std::vector<double> numbers(size_t count) {
    std::uniform_real_distribution<double> uniform(-1, 1);
    std::vector<double> result(count);
    for (double &number : result)
      number = uniform(random);
    return result;
  }
  std::string fresh() { return fmt::format("%l{}", next++); }
  template <typename... Args> void line(fmt::format_string<Args...> format, Args &&...args) {
    text.line(indent + fmt::format(format, std::forward<Args>(args)...));
  }
  std::string constant(int value) {
    const std::string name = fresh();
    line("{} = arith.constant {} : index", name, value);
    return name;
  }

  /// A number that an index, or two of them, determine: its name and range.
  Index arithmetic(const std::vector<Index> &indices) {
    if (indices.empty())
      return {constant(below(9) - 4), -4, 4, false};
    const Index &i = indices[random() % indices.size()];
    const int factor = below(7) - 3, offset = below(9) - 4;
    const int a = i.low * factor + offset, b = i.high * factor + offset;
    const Index result = {fresh(), std::min(a, b), std::max(a, b), false};
    if (i.isAffine && chance(50)) {
      line("{} = affine.apply affine_map<(d0) -> (d0 * {} + {})>({})", result.name, factor, offset,
           i.name);
      return result;
    }
    const std::string f = constant(factor), o = constant(offset), product = fresh();
    line("{} = arith.muli {}, {} : index", product, i.name, f);
    line("{} = arith.addi {}, {} : index", result.name, product, o);
    return result;
  }

  /// Adds to `acc` a rotation of x times a row of the weights or constants.
  std::string accumulate(const std::string &acc, const std::vector<Index> &indices) {
    const Index row = arithmetic(indices);
    const std::string rows = constant(static_cast<int>(kRows)), positive = constant(1200),
                      shifted = fresh(), at = fresh();
    line("{} = arith.addi {}, {} : index", shifted, row.name, positive);
    line("{} = arith.remsi {}, {} : index", at, shifted, rows);
    const bool isConstant = chance(40);
    const size_t columns = isConstant ? 8 : text.slots();
    const std::string slice = fresh(), turned = fresh(), pt = fresh(), rotated = fresh(),
                      product = fresh(), sum = fresh();
    line("{} = tensor.extract_slice {}[{}, 0] [1, {}] [1, 1] : tensor<{}x{}xf64> to tensor<{}xf64>",
         slice, isConstant ? constants : weights, at, columns, kRows, columns, columns);
    line("{} = tensor_ext.rotate {}, {} : tensor<{}xf64>, index", turned, slice,
         arithmetic(indices).name, columns);
    line("{} = lwe.rlwe_encode {} {{encoding = #enc, ring = #plain}} : tensor<{}xf64> -> !pt", pt,
         turned, columns);
    line("{} = ckks.rotate {}, {} : index : !ct", rotated, x, arithmetic(indices).name);
    line("{} = ckks.mul_plain {}, {} : (!ct, !pt) -> !ct", product, rotated, pt);
    line("{} = ckks.add {}, {} : (!ct, !ct) -> !ct", sum, acc, product);
    return sum;
  }

  /// A product of ciphertexts or a transform by an odd number of diagonals with gaps between them,
  /// where the levels suffice in all iterations. A sum may take one more level than its operands.
  std::string multiply(const std::string &acc, const std::vector<Index> &indices) {
    const int cost = 2 * iterations;
    if (levels < cost)
      return accumulate(acc, indices);
    levels -= cost;
    if (chance(30))
      return text.mul(acc, chance(50) ? acc : x);
    const size_t columns = text.slots() >> below(4);
    const size_t rows = 1 + 2 * static_cast<size_t>(below(5));
    const int bound = static_cast<int>(columns);
    std::vector<int32_t> diagonals;
    for (size_t i = 0; i < rows; ++i)
      diagonals.push_back(below(2 * bound - 1) - (bound - 1));
    const std::vector<double> values = numbers(rows * columns);
    const std::string made = text.transform(
        chance(50) ? acc : x, chance(30) ? text.constant(rows, values) : text.weights(rows, values),
        columns, diagonals);
    return chance(50) ? made : text.binary("ckks.add", made, acc);
  }

  std::string rotate(const std::string &acc, const std::vector<Index> &indices) {
    const std::string name = fresh();
    if (chance(40)) // the same key in each iteration
      line("{} = ckks.rotate {} {{static_shift = {} : i64}} : !ct", name, acc, below(4) - 1);
    else
      line("{} = ckks.rotate {}, {} : index : !ct", name, acc, arithmetic(indices).name);
    return name;
  }

  std::string branch(const std::string &acc, std::vector<Index> indices, int depth) {
    const std::string result = fresh();
    const bool isAffine = !indices.empty() && indices.back().isAffine && chance(50);
    if (isAffine) {
      const int bound = below(3);
      line("{} = affine.if affine_set<(d0) : (d0 - {} >= 0)>({}) -> !ct {{", result, bound,
           indices.back().name);
    } else {
      const Index value = arithmetic(indices);
      const std::string zero = constant(0), condition = fresh();
      line("{} = arith.cmpi {}, {}, {} : index", condition, chance(50) ? "slt" : "ne", value.name,
           zero);
      line("{} = scf.if {} -> (!ct) {{", result, condition);
    }
    const char *const yield = isAffine ? "affine.yield" : "scf.yield";
    const std::string outer = indent;
    indent += "  ";
    line("{} {} : !ct", yield, step(acc, indices, depth + 1));
    indent = outer;
    line("}} else {{");
    indent += "  ";
    line("{} {} : !ct", yield, chance(40) ? acc : step(acc, indices, depth + 1));
    indent = outer;
    line("}}");
    return result;
  }

  std::string rotateBy(const std::string &acc, int shift) {
    const std::string name = fresh();
    line("{} = ckks.rotate {} {{static_shift = {} : i64}} : !ct", name, acc, shift);
    return name;
  }

  /// Sometimes it rotates by its index, between two rotations by what that is in an iteration.
  std::string loop(const std::string &acc, const std::vector<Index> &indices, int depth) {
    const int trips = below(4), step = 1 + below(2);
    if (chance(60))
      return loop(acc, indices, depth, below(4) - 1, trips, step, /*rotates=*/false);
    const int low = below(3), shift = low + step * below(trips + 1);
    return rotateBy(loop(rotateBy(acc, shift), indices, depth, low, trips, step, true), shift);
  }

  std::string loop(const std::string &acc, std::vector<Index> indices, int depth, int low,
                   int trips, int step, bool rotates) {
    Index index = {fresh(), low, low + std::max(0, trips - 1) * step, chance(50)};
    const int high = low + trips * step - below(step);
    const std::string result = fresh(), argument = fresh();
    const bool isTensor = tensors && chance(40);
    std::string init = acc;
    const char *const type = isTensor ? "tensor<2x!ct>" : "!ct";
    if (isTensor) {
      init = fresh();
      line("{} = tensor.from_elements {}, {} : tensor<2x!ct>", init, acc, x);
    }
    if (index.isAffine) {
      // Sometimes as far as the index of an affine loop around.
      if (!indices.empty() && indices.back().isAffine && chance(40)) {
        line("{} = affine.for {} = {} to affine_map<(d0) -> (d0 + 2)>({}) iter_args({} = {}) -> "
             "({}) {{",
             result, index.name, low, indices.back().name, argument, init, type);
        index.high = std::max(low, indices.back().high + 1);
      } else {
        line("{} = affine.for {} = {} to {} step {} iter_args({} = {}) -> ({}) {{", result,
             index.name, low, high, step, argument, init, type);
      }
    } else {
      const std::string l = constant(low), h = constant(high), s = constant(step);
      line("{} = scf.for {} = {} to {} step {} iter_args({} = {}) -> ({}) {{", result, index.name,
           l, h, s, argument, init, type);
    }
    const char *const yield = index.isAffine ? "affine.yield" : "scf.yield";
    indices.push_back(index);
    const std::string outer = indent;
    const int outerIterations = iterations;
    indent += "  ";
    iterations *= std::max(1, (index.high - index.low) / step + 1);
    std::string value = argument;
    if (isTensor) {
      const std::string rotated = fresh(), zero = constant(0), one = constant(1), element = fresh(),
                        other = fresh(), inserted = fresh();
      line("{} = ckks.rotate {}, {} : index : tensor<2x!ct>", rotated, argument,
           arithmetic(indices).name);
      line("{} = tensor.extract {}[{}] : tensor<2x!ct>", element, rotated, zero);
      line("{} = tensor.extract {}[{}] : tensor<2x!ct>", other, rotated, one);
      line("{} = tensor.insert {} into {}[{}] : tensor<2x!ct>", inserted,
           this->step(other, indices, depth + 1), rotated, zero);
      value = fresh();
      line("{} = tensor.insert {} into {}[{}] : tensor<2x!ct>", value, element, inserted, one);
    } else {
      if (rotates) {
        value = fresh();
        line("{} = ckks.rotate {}, {} : index : !ct", value, argument, index.name);
      }
      for (int i = 1 + below(2); i > 0; --i)
        value = this->step(value, indices, depth + 1);
    }
    line("{} {} : {}", yield, value, type);
    indent = outer;
    iterations = outerIterations;
    line("}}");
    if (!isTensor)
      return result;
    const std::string zero = constant(0), element = fresh();
    line("{} = tensor.extract {}[{}] : tensor<2x!ct>", element, result, zero);
    return element;
  }

  std::string step(const std::string &acc, const std::vector<Index> &indices, int depth) {
    switch (depth >= 4 ? 4 + below(5) : below(9)) {
    case 0:
    case 1:
    case 2:
      return loop(acc, indices, depth);
    case 3:
      return branch(acc, indices, depth);
    case 4:
    case 5:
      return accumulate(acc, indices);
    case 6:
      return multiply(acc, indices);
    default:
      return rotate(acc, indices);
    }
  }

  std::mt19937_64 &random;
  ProgramText text;
  const bool tensors;
  int levels;         // left
  int iterations = 1; // of all loops around, at most
  std::string x, weights, constants, indent;
  int next = 0;
};

} // namespace

TestProgram randomLoopProgram(std::mt19937_64 &random, const scheme::ParameterLiteral &parameters,
                              int size, bool tensors) {
  return LoopGenerator(random, parameters, tensors).run(size);
}

} // namespace keymemrt::compiler
