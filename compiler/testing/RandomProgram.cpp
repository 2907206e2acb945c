// SPDX-License-Identifier: Apache-2.0
// Straight-line CKKS programs for tests; see RandomProgram.h.

#include "compiler/testing/RandomProgram.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace keymemrt::compiler {

scheme::ParameterLiteral insecureTestParameters(int levels) {
  constexpr int logN = 10;
  // q_0 and P with room, then the primes that rescales divide by.
  const auto large = scheme::FindNttPrimes(50, logN, 2);
  const auto small = scheme::FindNttPrimes(30, logN, static_cast<size_t>(levels));
  if (!large.ok() || !small.ok())
    throw std::runtime_error("not enough primes");
  scheme::ParameterLiteral parameters;
  parameters.log_n = logN;
  parameters.q = {large->at(1)};
  parameters.q.insert(parameters.q.end(), small->begin(), small->end());
  parameters.p = {large->at(0)};
  parameters.log_default_scale = 30;
  return parameters;
}

ProgramText::ProgramText(const scheme::ParameterLiteral &parameters)
    : slotCount(size_t{1} << (parameters.log_n - 1)) {
  std::vector<std::string> basis, elements;
  for (uint64_t prime : parameters.q) {
    basis.push_back(fmt::format("!mod_arith.int<{} : i64>", prime));
    elements.push_back(fmt::format("{} : i64", prime));
  }
  const size_t degree = 2 * slotCount;
  header = fmt::format(
      "#enc = #lwe.inverse_canonical_encoding<scaling_factor = {0}>\n"
      "#plain = #polynomial.ring<coefficientType = f64, polynomialModulus = <1 + x**{1}>>\n"
      "#ring = #polynomial.ring<coefficientType = !rns.rns<{2}>, polynomialModulus = <1 + "
      "x**{1}>>\n"
      "#chain = #lwe.modulus_chain<elements = <{3}>, current = {4}>\n"
      "#space = #lwe.plaintext_space<ring = #plain, encoding = #enc>\n"
      "!pt = !lwe.lwe_plaintext<plaintext_space = #space>\n"
      "!ct = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, "
      "encryption_type = mix>, "
      "key = <>, modulus_chain = #chain>\n"
      "!ct3 = !lwe.lwe_ciphertext<plaintext_space = #space, ciphertext_space = <ring = #ring, "
      "encryption_type = mix, "
      "size = 3>, key = <>, modulus_chain = #chain>\n",
      parameters.log_default_scale, degree, fmt::join(basis, ", "), fmt::join(elements, ", "),
      parameters.q.size() - 1);
  moduleAttributes = fmt::format(
      "ckks.schemeParam = #ckks.scheme_param<logN = {}, Q = [{}], P = [{}], logDefaultScale = {}>",
      parameters.log_n, fmt::join(parameters.q, ", "), fmt::join(parameters.p, ", "),
      parameters.log_default_scale);
}

std::string ProgramText::ciphertext(const std::vector<double> &numbers, size_t period) {
  const std::string name = fmt::format("%arg{}", parameterList.size());
  parameterList.push_back(fmt::format("{}: !ct {{kmrt.length = {} : i64, kmrt.period = {} : i64}}",
                                      name, numbers.size(), period));
  program.lengths.push_back(numbers.size());
  program.arguments.push_back(numbers);
  program.arguments.back().resize(period);
  return name;
}

std::string ProgramText::weights(size_t rows, const std::vector<double> &numbers) {
  const std::string name = fmt::format("%arg{}", parameterList.size());
  const size_t columns = rows == 0 ? numbers.size() : numbers.size() / rows;
  parameterList.push_back(rows == 0 ? fmt::format("{}: tensor<{}xf64>", name, columns)
                                    : fmt::format("{}: tensor<{}x{}xf64>", name, rows, columns));
  program.arguments.push_back(numbers);
  return name;
}

std::string ProgramText::constant(size_t rows, const std::vector<double> &numbers) {
  const size_t columns = rows == 0 ? numbers.size() : numbers.size() / rows;
  std::vector<std::string> lines;
  for (size_t r = 0; r < std::max<size_t>(rows, 1); ++r)
    lines.push_back(fmt::format("[{:e}]", fmt::join(numbers.begin() + r * columns,
                                                    numbers.begin() + (r + 1) * columns, ", ")));
  const std::string name = fresh();
  line(rows == 0 ? fmt::format("{} = arith.constant dense<{}> : tensor<{}xf64>", name,
                               lines.front(), columns)
                 : fmt::format("{} = arith.constant dense<[{}]> : tensor<{}x{}xf64>", name,
                               fmt::join(lines, ", "), rows, columns));
  return name;
}

std::string ProgramText::encode(const std::string &vector, size_t columns) {
  const std::string name = fresh();
  line(fmt::format(
      "{} = lwe.rlwe_encode {} {{encoding = #enc, ring = #plain}} : tensor<{}xf64> -> !pt", name,
      vector, columns));
  return name;
}

std::string ProgramText::transform(const std::string &x, const std::string &diagonals,
                                   size_t columns, const std::vector<int32_t> &indices) {
  const std::string name = fresh();
  line(fmt::format("{} = orion.linear_transform {}, {} {{diagonal_indices = array<i32: {}>, slots "
                   "= {} : i32}} : (!ct, "
                   "tensor<{}x{}xf64>) -> !ct",
                   name, x, diagonals, fmt::join(indices, ", "), columns, indices.size(), columns));
  return name;
}

std::string ProgramText::binary(const std::string &op, const std::string &a, const std::string &b) {
  const std::string name = fresh();
  line(fmt::format("{} = {} {}, {} : (!ct, !ct) -> !ct", name, op, a, b));
  return name;
}

std::string ProgramText::plain(const std::string &op, const std::string &ciphertext,
                               const std::string &plaintext, bool plainFirst) {
  const std::string name = fresh();
  line(plainFirst
           ? fmt::format("{} = {} {}, {} : (!pt, !ct) -> !ct", name, op, plaintext, ciphertext)
           : fmt::format("{} = {} {}, {} : (!ct, !pt) -> !ct", name, op, ciphertext, plaintext));
  return name;
}

std::string ProgramText::unary(const std::string &op, const std::string &x) {
  const std::string name = fresh();
  line(fmt::format("{} = {} {} : !ct", name, op, x));
  return name;
}

std::string ProgramText::rotate(const std::string &x, int64_t shift, bool dynamic) {
  if (!dynamic) {
    const std::string name = fresh();
    line(fmt::format("{} = ckks.rotate {} {{static_shift = {} : i64}} : !ct", name, x, shift));
    return name;
  }
  // A product that is no constant before folding.
  const std::string half = fresh(), two = fresh(), rest = fresh(), product = fresh(), sum = fresh(),
                    name = fresh();
  line(fmt::format("{} = arith.constant {} : index", half, shift / 2));
  line(fmt::format("{} = arith.constant 2 : index", two));
  line(fmt::format("{} = arith.constant {} : index", rest, shift - shift / 2 * 2));
  line(fmt::format("{} = arith.muli {}, {} : index", product, half, two));
  line(fmt::format("{} = arith.addi {}, {} : index", sum, product, rest));
  line(fmt::format("{} = ckks.rotate {}, {} : index : !ct", name, x, sum));
  return name;
}

std::string ProgramText::mul(const std::string &a, const std::string &b) {
  const std::string product = fresh(), name = fresh();
  line(fmt::format("{} = ckks.mul {}, {} : (!ct, !ct) -> !ct3", product, a, b));
  line(fmt::format("{} = ckks.relinearize {} {{from_basis = array<i32: 0, 1, 2>, to_basis = "
                   "array<i32: 0, 1>}} : (!ct3) "
                   "-> !ct",
                   name, product));
  return name;
}

std::string ProgramText::rescale(const std::string &x) {
  const std::string name = fresh();
  line(fmt::format("{} = ckks.rescale {} {{to_ring = #ring}} : !ct -> !ct", name, x));
  return name;
}

std::string ProgramText::series(const std::string &x, const std::vector<double> &coefficients,
                                double low, double high) {
  const std::string name = fresh();
  line(low == -1 && high == 1
           ? fmt::format("{} = kernel.eval_chebyshev {} {{coefficients = [{:e}]}} : !ct -> !ct",
                         name, x, fmt::join(coefficients, ", "))
           : fmt::format("{} = orion.chebyshev {} {{coefficients = [{:e}], domain_start = {:e} : "
                         "f64, domain_end = {:e} : f64}} : (!ct) -> !ct",
                         name, x, fmt::join(coefficients, ", "), low, high));
  return name;
}

std::string ProgramText::bootstrap(const std::string &x) {
  const std::string name = fresh();
  line(fmt::format("{} = ckks.bootstrap {} : !ct -> !ct", name, x));
  return name;
}

std::string ProgramText::levelReduce(const std::string &x, int levels) {
  const std::string name = fresh();
  line(fmt::format("{} = ckks.level_reduce {} {{levelToDrop = {} : i64}} : !ct -> !ct", name, x,
                   levels));
  return name;
}

void ProgramText::line(const std::string &text) { body += "    " + text + "\n"; }

TestProgram ProgramText::finish(const std::vector<std::string> &results) {
  const std::vector<std::string> types(results.size(), "!ct");
  program.text =
      fmt::format("{}module attributes {{{}, scheme.ckks}} {{\n  func.func @f({}) -> ({}) {{\n{}   "
                  " return {} : "
                  "{}\n  }}\n}}\n",
                  header, moduleAttributes, fmt::join(parameterList, ", "), fmt::join(types, ", "),
                  body, fmt::join(results, ", "), fmt::join(types, ", "));
  return program;
}

namespace {

class Generator {
public:
  Generator(std::mt19937_64 &random, const scheme::ParameterLiteral &parameters)
      : random(random), text(parameters), levels(static_cast<int>(parameters.q.size()) - 1) {}

  TestProgram run(int size) {
    const int inputs = below(3) + 1;
    for (int i = 0; i < inputs; ++i) {
      const size_t period = text.slots() >> (2 * below(3));
      pool.push_back({text.ciphertext(numbers(1 + random() % period, 1), period), 0});
    }
    for (int i = 0; i < size; ++i)
      step();
    std::vector<std::string> results;
    for (int i = below(2); i >= 0; --i)
      results.push_back(pool[pool.size() - 1 - static_cast<size_t>(i)].name);
    return text.finish(results);
  }

private:
  /// `depth`: an upper bound on the levels used up.
  struct Value {
    std::string name;
    int depth;
  };

  int below(int bound) { return static_cast<int>(random() % static_cast<uint64_t>(bound)); }
  bool chance(int percent) { return below(100) < percent; }
  std::vector<double> numbers(size_t count, double size) {
    std::uniform_real_distribution<double> uniform(-size, size);
    std::vector<double> result(count);
    for (double &number : result)
      number = uniform(random);
    return result;
  }
  /// Mostly a recent value, one that can still be multiplied.
  Value pick() {
    for (;;) {
      const size_t back =
          static_cast<size_t>(chance(70) ? below(3) : below(static_cast<int>(pool.size())));
      const Value &value = pool[pool.size() - 1 - std::min(back, pool.size() - 1)];
      if (value.depth + 2 <= levels)
        return value;
    }
  }
  int64_t shift() {
    const int64_t slots = static_cast<int64_t>(text.slots());
    switch (below(4)) {
    case 0:
      return below(8) - 4;
    case 1:
      return slots * (below(3) - 1);
    default:
      return below(static_cast<int>(4 * slots)) - 2 * slots;
    }
  }
  std::string array(size_t columns, size_t rows, double size) {
    const std::vector<double> values = numbers(std::max<size_t>(rows, 1) * columns, size);
    return chance(30) ? text.constant(rows, values) : text.weights(rows, values);
  }
  void push(const std::string &name, int depth) { pool.push_back({name, depth}); }

  void transform(const Value &x) {
    const size_t columns = text.slots() >> below(4);
    const int bound = static_cast<int>(columns);
    std::vector<int32_t> indices;
    const int first = below(bound), dense = chance(50) ? 1 : 0;
    for (int i = 1 + below(20); i > 0; --i)
      indices.push_back(dense ? (first + i) % bound : below(2 * bound - 1) - (bound - 1));
    push(text.transform(x.name,
                        array(columns, indices.size(), 2.0 / static_cast<double>(indices.size())),
                        columns, indices),
         x.depth + 1);
  }

  void series(const Value &x) {
    if (x.depth > 2) // higher powers of what has been multiplied often leave the doubles
      return;
    const int degree = 1 + below(7);
    std::vector<double> coefficients = numbers(static_cast<size_t>(degree) + 1, 0.01);
    if (chance(30)) // odd
      for (int k = 0; k < degree; k += 2)
        coefficients[static_cast<size_t>(k + 1 - degree % 2)] = 0;
    const double low = chance(50) ? -1 : -4 - below(4);
    push(text.series(x.name, coefficients, low, low == -1 ? 1 : 4 + below(4)), x.depth + 4);
  }

  void step() {
    const Value x = pick();
    if (chance(7))
      return series(x);
    switch (below(9)) {
    case 0:
      return transform(x);
    case 1:
    case 2:
      return push(text.rotate(x.name, shift(), chance(30)), x.depth);
    case 3: {
      const Value y = chance(40) ? x : pick();
      std::string product = text.mul(x.name, y.name);
      if (chance(50))
        product = text.rescale(product);
      return push(product, std::max(x.depth, y.depth) + 1);
    }
    case 4:
    case 5: {
      const Value y = pick();
      const char *const ops[] = {"ckks.add", "ckks.sub", "lwe.radd", "lwe.rsub"};
      // Equal scales cost a level at worst.
      return push(text.binary(ops[below(4)], x.name, y.name), std::max(x.depth, y.depth) + 1);
    }
    case 6:
    case 7: {
      const size_t columns = text.slots() >> below(10);
      const std::string pt = text.encode(array(columns, 0, 1.5), columns);
      const char *const ops[] = {"ckks.add_plain", "ckks.sub_plain", "ckks.mul_plain",
                                 "lwe.rmul_plain", "lwe.rsub_plain"};
      const int op = below(5);
      push(text.plain(ops[op], x.name, pt, chance(50)), x.depth + 1);
      if (chance(30)) // the same plaintext for another value
        push(text.plain(ops[below(5)], pick().name, pt, chance(50)), levels);
      return;
    }
    default:
      // What means nothing: rescales without reason, dropped levels.
      return push(chance(30)   ? text.rescale(x.name)
                  : chance(50) ? text.levelReduce(x.name, 1 + below(2))
                               : text.unary(chance(50) ? "ckks.negate" : "lwe.rnegate", x.name),
                  x.depth);
    }
  }

  std::mt19937_64 &random;
  ProgramText text;
  int levels;
  std::vector<Value> pool;
};

} // namespace

TestProgram randomProgram(std::mt19937_64 &random, const scheme::ParameterLiteral &parameters,
                          int size) {
  return Generator(random, parameters).run(size);
}

} // namespace keymemrt::compiler
