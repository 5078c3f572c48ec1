#include "engine/run/class_rows.h"

#include <gtest/gtest.h>

#include "engine/io/image_grid.h"

namespace pcnn {
namespace {

Image8 picture(std::uint8_t value) {
  return {.width = 1, .height = 1, .channels = 1, .pixels = {value}};
}

TEST(ClassRows, ShareImagesOutEvenlyTheFirstOnesOneMore) {
  const std::vector<int> chosen{7, 0, 3};
  EXPECT_EQ(classes_of(share_out(7, chosen)), (std::vector<int>{7, 7, 7, 0, 0, 3, 3}));
  EXPECT_EQ(classes_of(share_out(3, chosen)), chosen);
  EXPECT_EQ(classes_of(share_out(2, chosen)), (std::vector<int>{7, 0})) << "none is left for class 3";
  EXPECT_EQ(columns_of(share_out(7, chosen)), 3);
  EXPECT_EQ(classes_of(share_out(5, all_classes(2))), (std::vector<int>{0, 0, 0, 1, 1}));
  EXPECT_TRUE(share_out(0, chosen).empty());
}

TEST(ClassRows, AreFilledUpWithBackground) {
  const std::vector<ClassRow> rows = share_out(4, std::vector<int>{5, 6, 7});
  std::vector<std::uint8_t> values;
  for (const Image8& filled : fill_rows(rows, {picture(1), picture(2), picture(3), picture(4)}))
    values.push_back(filled.pixels[0]);
  EXPECT_EQ(values, (std::vector<std::uint8_t>{1, 2, 3, kGridBackground, 4, kGridBackground}));
}

TEST(ClassRows, SayWhatTheyHold) {
  EXPECT_EQ(describe(share_out(20, std::vector<int>{7, 3})), "10 images each of class 7, 3");
  EXPECT_EQ(describe(share_out(5, std::vector<int>{0, 1, 2})),
            "2 images each of class 0, 1; 1 image of class 2");
  EXPECT_EQ(describe(share_out(1, std::vector<int>{4})), "1 image of class 4");
  EXPECT_EQ(describe(share_out(1000, all_classes(1000))), "1 image of each of 1,000 classes");
  EXPECT_EQ(describe(share_out(1003, all_classes(1000))),
            "1 image of each of 1,000 classes, and one more of the first 3");
  EXPECT_EQ(describe(share_out(5, all_classes(2)), "row", "rows"), "3 images of row 0; 2 images of row 1");
}

}  // namespace
}  // namespace pcnn
