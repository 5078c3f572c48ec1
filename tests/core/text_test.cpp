#include "engine/core/text.h"

#include <gtest/gtest.h>

namespace pcnn {
namespace {

TEST(Text, OfOthersCannotCommandATerminal) {
  EXPECT_EQ(escape_controls("a\nb\tc\x1b[31m\x7f"), "a\\nb\\tc\\x1B[31m\\x7F");
  EXPECT_EQ(escape_controls("\u009b2J"), "\\u009B2J");
  EXPECT_EQ(escape_controls("é ü \u00a0"), "é ü \u00a0");
  EXPECT_EQ(escape_controls(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(escape_controls("\xff\xc3"), "\\xFF\\xC3");
}

TEST(Text, OfOthersCannotTurnTheDirectionOfALine) {
  EXPECT_EQ(escape_controls("a\u202Eb\u2066\u202a\u2069"), "a\\u202Eb\\u2066\\u202A\\u2069");
  EXPECT_EQ(escape_controls("a\u2029\u202f\u2065\u206a"), "a\u2029\u202f\u2065\u206a");
  EXPECT_TRUE(sets_direction("a\u2068"));
  EXPECT_FALSE(sets_direction("a\u202f \u05d0 é"));
}

TEST(Text, OfSeveralLinesKeepsThem) {
  EXPECT_EQ(escape_controls_by_line("a\x1b\n\nb\t\n"), "a\\x1B\n\nb\\t\n");
  EXPECT_EQ(escape_controls_by_line(""), "");
}

TEST(Text, OfOthersIsCutBetweenCharacters) {
  EXPECT_EQ(shorten("short"), "short");
  EXPECT_EQ(shorten(std::string(61, 'x')), std::string(60, 'x') + "...");
  EXPECT_EQ(shorten(std::string(59, 'x') + "éé"), std::string(59, 'x') + "...");
  EXPECT_EQ(shorten(std::string(300'000, '\n')).size(), 123u);
}

}  // namespace
}  // namespace pcnn
