#include "statistics/summary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace mofi {
namespace {

// numpy.quantile, numpy.mean and numpy.std(ddof=1) of the same seven values (NumPy 2).
TEST(Summary, agrees_with_numpy) {
  const std::vector<double> ascending = {0.1, 0.2, 0.35, 0.4, 0.65, 0.8, 0.9};
  EXPECT_DOUBLE_EQ(quantile(ascending, 0.025), 0.115);
  EXPECT_DOUBLE_EQ(quantile(ascending, 0.25), 0.275);
  EXPECT_DOUBLE_EQ(quantile(ascending, 0.5), 0.4);
  EXPECT_DOUBLE_EQ(quantile(ascending, 0.975), 0.885);
  EXPECT_DOUBLE_EQ(mean(ascending), 0.4857142857142857);
  EXPECT_DOUBLE_EQ(sample_sd(ascending), 0.30374644814697793);
}

TEST(Summary, quantiles_end_at_the_extremes) {
  const std::vector<double> ascending = {1, 2, 4};
  EXPECT_EQ(quantile(ascending, 0), 1);
  EXPECT_EQ(quantile(ascending, 1), 4);
  EXPECT_EQ(quantile(std::vector<double>{7}, 0.3), 7);
}

TEST(Summary, what_is_not_defined_is_nan) {
  EXPECT_TRUE(std::isnan(mean({})));
  EXPECT_TRUE(std::isnan(sample_sd(std::vector<double>{1.0})));
  EXPECT_TRUE(std::isnan(quantile({}, 0.5)));
}

}  // namespace
}  // namespace mofi
