#include "engine/model/value_counts.h"

#include <gtest/gtest.h>

#include "engine/data/levels.h"

namespace pcnn {
namespace {

TEST(ValueCounts, HaveABinForEachLevel) {
  for (const int levels : {2, 3, 4, 16, 255, 256, 1000, 1024, 65'535, 65'536})
    for (const int bins : {1, 4}) {
      ValueCounts counts(2.0f / static_cast<float>(levels - 1), bins);
      for (int level = 0; level < levels; ++level) counts.add(level_to_input(level, levels));
      for (int level = 0; level < levels; ++level)
        ASSERT_DOUBLE_EQ(counts.share_of_level(level_to_input(level, levels), levels), 1.0 / levels)
            << level << " of " << levels;
    }
}

TEST(ValueCounts, TakeBits) {
  ValueCounts counts(1.0f);
  for (int i = 0; i < 7; ++i) counts.add(i < 2 ? 1.0f : 0.0f);
  EXPECT_DOUBLE_EQ(counts.share_of_level(1.0f, 2), 2.5 / 8.0);
  EXPECT_DOUBLE_EQ(counts.share_of_level(0.0f, 2), 5.5 / 8.0);
}

TEST(ValueCounts, GiveTheSmallestValueThatAShareIsAtMost) {
  ValueCounts counts(2.0f / 255.0f);
  EXPECT_EQ(counts.quantile(0.5), 0.0f) << "nothing was counted";
  for (const int level : {0, 0, 10, 255}) counts.add(level_to_input(level, 256));
  const auto near = [](int level) { return level_to_input(level, 256); };
  for (const auto& [share, level] :
       {std::pair{0.0, 0}, {0.5, 0}, {0.51, 10}, {0.75, 10}, {0.76, 255}, {1.0, 255}})
    EXPECT_NEAR(counts.quantile(share), near(level), 1e-5f) << share;
}

TEST(ValueCounts, HoldDifferencesOfPixels) {
  ValueCounts counts(2.0f / 255.0f, 4);
  for (const float value : {-2.0f, -1.5f, 0.0f, 2.0f}) counts.add(value);
  EXPECT_NEAR(counts.quantile(0.25), -2.0f, 0.002f);
  EXPECT_NEAR(counts.quantile(0.5), -1.5f, 0.002f);
  EXPECT_NEAR(counts.quantile(1.0), 2.0f, 0.002f);
}

}  // namespace
}  // namespace pcnn
