#include "engine/io/csv.h"

#include <gtest/gtest.h>

namespace pcnn {
namespace {

TEST(Csv, QuotesOnlyWhereAReaderNeedsIt) {
  EXPECT_EQ(csv_field(""), "");
  EXPECT_EQ(csv_field("cat/1 b;c.png"), "cat/1 b;c.png");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("the \"cat\""), "\"the \"\"cat\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field("\r"), "\"\r\"");
}

}  // namespace
}  // namespace pcnn
