#include "engine/core/digits.h"
#include "engine/core/shell_word.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "tests/support/shell.h"

namespace pcnn {
namespace {

TEST(Words, CountInSingularAndPlural) {
  EXPECT_EQ(counted(1, "image"), "1 image");
  EXPECT_EQ(counted(std::int64_t{2}, "image"), "2 images");
  EXPECT_EQ(counted(std::size_t{0}, "image"), "0 images");
  EXPECT_EQ(counted(12345, "image"), "12,345 images");
}

TEST(Words, QuoteForAShellOnlyWhatNeedsIt) {
  EXPECT_EQ(shell_word("runs/mnist_2-b.yaml"), "runs/mnist_2-b.yaml");
  EXPECT_EQ(shell_word("my runs/a"), "'my runs/a'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

// A shell reads each back as it was.
TEST(Words, AShellReadsBackWhatWasQuoted) {
  for (const std::string text : {"a b", "it's", "$HOME", "a;b", "`x`", "*", "~", "a\\b", "\"q\"", "#x",
                                 "a&b|c>d", "(x)", "é ü", "[1]", "{a,b}", "!x"}) {
    EXPECT_EQ(testing::shell("printf %s " + shell_word(text)).output, text);
  }
}

}  // namespace
}  // namespace pcnn
