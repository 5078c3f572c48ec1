#include "engine/run/precision_choice.h"

#include <gtest/gtest.h>

namespace pcnn {
namespace {

TEST(PrecisionChoice, TakesF32WhereverItIsAskedFor) {
  EXPECT_EQ(choose_precision(Precision::kF32).precision, Precision::kF32);
  EXPECT_EQ(choose_precision(Precision::kF32).note, "");
}

TEST(PrecisionChoice, AutoIsBf16ExactlyWhereTheProcessorHasIt) {
  const ChosenPrecision chosen = choose_precision(std::nullopt);
  EXPECT_EQ(chosen.precision == Precision::kBf16, has_hardware_for(Precision::kBf16));
  EXPECT_EQ(chosen.note, "");
}

TEST(PrecisionChoice, SaysSoWhereBf16CannotBeHadOrIsSlow) {
  const ChosenPrecision chosen = choose_precision(Precision::kBf16);
  EXPECT_EQ(chosen.precision == Precision::kBf16, can_compute(Precision::kBf16));
  EXPECT_EQ(chosen.note.empty(), has_hardware_for(Precision::kBf16));
  EXPECT_EQ(chosen.note.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace pcnn
