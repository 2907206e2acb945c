// SPDX-License-Identifier: Apache-2.0
#include "examples/mnist-mlp/parameters.h"

namespace keymemrt::examples {

Result<scheme::Parameters> MnistMlpParameters() {
  scheme::ParameterLiteral literal;
  literal.log_n = 13;
  literal.log_default_scale = 25;
  KMRT_ASSIGN_OR_RETURN(literal.q, scheme::FindNttPrimes(34, literal.log_n, 1));
  KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> levels, scheme::FindNttPrimes(25, literal.log_n, 5));
  literal.q.insert(literal.q.end(), levels.begin(), levels.end());
  KMRT_ASSIGN_OR_RETURN(literal.p, scheme::FindNttPrimes(30, literal.log_n, 1));
  KMRT_ASSIGN_OR_RETURN(const std::vector<uint64_t> second, scheme::FindNttPrimes(29, literal.log_n, 1));
  literal.p.push_back(second[0]);
  return scheme::Parameters::Create(literal, scheme::Security::k128Bit);
}

}  // namespace keymemrt::examples
