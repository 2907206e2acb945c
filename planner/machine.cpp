// SPDX-License-Identifier: Apache-2.0
#include "planner/machine.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace keymemrt::planner {

namespace {

// Work and rates as vectors over the same kinds; the last are embeddings.
constexpr size_t kRates = 5 * kWidths + 1;

std::array<double, kRates> Vector(const Work& work) {
  return {work.transforms[kNarrow],
          work.transforms[kWide],
          work.key_products[kNarrow],
          work.key_products[kWide],
          work.conversions[kNarrow],
          work.conversions[kWide],
          work.passes[kNarrow],
          work.passes[kWide],
          work.row_products[kNarrow],
          work.row_products[kWide],
          work.embeddings};
}
std::array<double, kRates> Vector(const RingRates& rates) {
  return {rates.transform[kNarrow],
          rates.transform[kWide],
          rates.key_product[kNarrow],
          rates.key_product[kWide],
          rates.conversion[kNarrow],
          rates.conversion[kWide],
          rates.pass[kNarrow],
          rates.pass[kWide],
          rates.row_product[kNarrow],
          rates.row_product[kWide],
          rates.embedding};
}

}  // namespace

Work& Work::operator+=(const Work& other) {
  for (size_t w = 0; w < kWidths; ++w) {
    transforms[w] += other.transforms[w];
    key_products[w] += other.key_products[w];
    conversions[w] += other.conversions[w];
    passes[w] += other.passes[w];
    row_products[w] += other.row_products[w];
  }
  embeddings += other.embeddings;
  return *this;
}

const Machine& DefaultMachine() {
  // `keymemrt calibrate` on two processors of an AMD EPYC (Zen 5); the store as a plain network disk.
  static const Machine machine{.processor = "AMD EPYC, ifma",
                               .processors = 2,
                               .rings = {{.log_n = 13,
                                          .transform = {5.9e-06, 1.32e-05},
                                          .key_product = {8.2e-06, 1.22e-05},
                                          .conversion = {2.3e-06, 2.2e-06},
                                          .pass = {1.7e-06, 1.9e-06},
                                          .row_product = {1.06e-05, 1.3e-05},
                                          .embedding = 2.9e-05,
                                          .serial_share = 0.4},
                                         {.log_n = 14,
                                          .transform = {1.2e-05, 2.63e-05},
                                          .key_product = {1.51e-05, 2.08e-05},
                                          .conversion = {5.5e-06, 6.4e-06},
                                          .pass = {4.7e-06, 5.2e-06},
                                          .row_product = {1.85e-05, 2.49e-05},
                                          .embedding = 8.3e-05,
                                          .serial_share = 0.3},
                                         {.log_n = 15,
                                          .transform = {2.61e-05, 6.2e-05},
                                          .key_product = {3.59e-05, 4.85e-05},
                                          .conversion = {1.14e-05, 1.07e-05},
                                          .pass = {1.01e-05, 1.17e-05},
                                          .row_product = {3.73e-05, 4.5e-05},
                                          .embedding = 0.00024,
                                          .serial_share = 0.2},
                                         {.log_n = 16,
                                          .transform = {5.67e-05, 0.000137},
                                          .key_product = {6.62e-05, 8.97e-05},
                                          .conversion = {2.93e-05, 2.65e-05},
                                          .pass = {2.54e-05, 2.59e-05},
                                          .row_product = {6.8e-05, 8.31e-05},
                                          .embedding = 0.0006,
                                          .serial_share = 0.1}},
                               .store = {.bytes_per_second = 8e8,
                                         .seconds_per_read = 1e-5,
                                         .latency_seconds = 1e-4,
                                         .processor_seconds_per_byte = 5.7e-11,
                                         .handover_seconds = 1.5e-5}};
  return machine;
}

RingRates RatesOf(const Machine& machine, int log_n) {
  const auto nearest = std::min_element(
      machine.rings.begin(), machine.rings.end(),
      [&](const RingRates& a, const RingRates& b) { return std::abs(a.log_n - log_n) < std::abs(b.log_n - log_n); });
  RingRates rates = *nearest;
  const double linear = std::ldexp(1, log_n - rates.log_n);
  const double transform = linear * log_n / rates.log_n;
  for (size_t w = 0; w < kWidths; ++w) {
    rates.transform[w] *= transform;
    rates.key_product[w] *= linear;
    rates.conversion[w] *= linear;
    rates.pass[w] *= linear;
    rates.row_product[w] *= linear;
  }
  rates.embedding *= transform;
  rates.log_n = log_n;
  return rates;
}

double Seconds(const Work& work, const RingRates& rates, int threads) {
  const std::array<double, kRates> amounts = Vector(work), each = Vector(rates);
  double seconds = 0;
  for (size_t i = 0; i + 1 < kRates; ++i) seconds += amounts[i] * each[i];
  return work.embeddings * rates.embedding +
         seconds * (rates.serial_share + (1 - rates.serial_share) / std::max(threads, 1));
}

Result<RingRates> FitRates(int log_n, const std::vector<Observation>& observations) {
  // Rows divided by the time they took: the right-hand side is all ones and errors are relative.
  std::vector<std::array<double, kRates>> rows;
  for (const Observation& observation : observations) {
    std::array<double, kRates> row = Vector(observation.work);
    if (!(observation.seconds > 0) || std::all_of(row.begin(), row.end(), [](double x) { return x == 0; })) {
      return InvalidArgument("an observation of no work, or of no time, says nothing about rates");
    }
    for (double& x : row) x /= observation.seconds;
    rows.push_back(row);
  }
  std::array<double, kRates> rates{};
  std::vector<double> rest(rows.size(), 1.0);  // what the rates do not explain yet
  for (int sweep = 0; sweep < 20000; ++sweep) {
    double change = 0;
    for (size_t k = 0; k < kRates; ++k) {
      double numerator = 0, denominator = 0;
      for (size_t i = 0; i < rows.size(); ++i) {
        numerator += rows[i][k] * rest[i];
        denominator += rows[i][k] * rows[i][k];
      }
      if (denominator == 0) continue;
      const double next = std::max(0.0, rates[k] + numerator / denominator);
      const double step = next - rates[k];
      for (size_t i = 0; i < rows.size(); ++i) rest[i] -= step * rows[i][k];
      change = std::max(change, std::abs(step) * std::sqrt(denominator));
      rates[k] = next;
    }
    if (change < 1e-9) break;
  }
  RingRates result;
  result.log_n = log_n;
  result.transform = {rates[0], rates[1]};
  result.key_product = {rates[2], rates[3]};
  result.conversion = {rates[4], rates[5]};
  result.pass = {rates[6], rates[7]};
  result.row_product = {rates[8], rates[9]};
  result.embedding = rates[10];
  return result;
}

}  // namespace keymemrt::planner
