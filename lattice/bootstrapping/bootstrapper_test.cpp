// SPDX-License-Identifier: Apache-2.0
#include "lattice/bootstrapping/bootstrapper.h"

#include "lattice/bootstrapping/bootstrapping_test.h"

namespace keymemrt::lattice {
namespace {

TEST(BootstrapTest, Full) {
  std::vector<int> bits = {60, 40, 40, 40};
  bits.insert(bits.end(), 2, 39);
  bits.insert(bits.end(), 8, 60);
  bits.insert(bits.end(), 2, 56);
  BootstrapEngine engine(TestParameters(10, bits, {61, 61, 61}, 40));
  const Bootstrapper bootstrapper =
      engine.Make({.log_slots = 9, .target_level = 3, .coeff_to_slot = {5, 4}, .slot_to_coeff = {4, 5}});
  const std::vector<double> x = RandomValues(512, 1);
  const auto y = bootstrapper.Bootstrap(engine.Encrypt(x, 0), engine.keys);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(y->level, 3);
  EXPECT_LT(WorstError(engine.Decrypt(*y), x), 0x1p-20);
}

}  // namespace
}  // namespace keymemrt::lattice
