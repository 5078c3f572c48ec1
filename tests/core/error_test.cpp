#include "engine/core/error.h"

#include <gtest/gtest.h>

namespace pcnn {
namespace {

TEST(Error, StaysOneLineWhateverAFileBringsIn) {
  EXPECT_STREQ(Error("a\nb\x1b[31m\x7f\tc").what(), "a\\nb\\x1B[31m\\x7F\\tc");
  EXPECT_STREQ(FormatError("x\ny", 3, "z").what(), "x\\ny: byte 3: z");
}

}  // namespace
}  // namespace pcnn
