#include "engine/data/natural_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/support/random.h"

namespace pcnn {
namespace {

TEST(NaturalOrder, ComparesNumbersAsNumbersAndTheRestByBytes) {
  const std::vector<std::string> expected{
      "",    "-1", "0.png", "00.png", "01.png", "1.png", "2.png", "10.png", "11.png", "100",     "B2",
      "B10", "a",  "a1b1",  "a1b2",   "a1b10",  "a02b1", "a2b1",  "a10",    "b",      "\xc3\xa9"};
  std::vector<std::string> names = expected;
  std::mt19937 random(1);
  for (int trial = 0; trial < 20; ++trial) {
    std::ranges::shuffle(names, random);
    std::ranges::sort(names, comes_before);
    EXPECT_EQ(names, expected);
  }
}

TEST(NaturalOrder, IsThatOfBytesForNumbersOfOneWidth) {
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) {
    const std::string digits = std::to_string(i * 37 % 1000);
    names.push_back("image_" + std::string(4 - digits.size(), '0') + digits + ".png");
  }
  std::vector<std::string> bytes = names;
  std::ranges::sort(names, comes_before);
  std::ranges::sort(bytes);
  EXPECT_EQ(names, bytes);
}

TEST(NaturalOrder, TakesNumbersOfAnyLength) {
  EXPECT_TRUE(comes_before("99999999999999999999999998", "99999999999999999999999999"));
  EXPECT_TRUE(comes_before("99999999999999999999999999", "100000000000000000000000000"));
}

TEST(NaturalOrder, IsAStrictOrderOfAllNames) {
  testing::Random random(3);
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) {
    std::string name;
    for (int length = random.between(0, 4); length > 0; --length) name += "01a./"[random.between(0, 4)];
    names.push_back(name);
  }
  for (const std::string& a : names)
    for (const std::string& b : names) {
      EXPECT_EQ(comes_before(a, b) || comes_before(b, a), a != b) << a << " and " << b;
      EXPECT_FALSE(comes_before(a, b) && comes_before(b, a));
      for (const std::string& c : names)
        EXPECT_TRUE(!comes_before(a, b) || !comes_before(b, c) || comes_before(a, c)) << a << b << c;
    }
}

}  // namespace
}  // namespace pcnn
