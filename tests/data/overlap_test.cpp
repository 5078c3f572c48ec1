#include "engine/data/overlap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/data/random_images.h"

namespace pcnn {
namespace {

ImageSet part(const ImageSet& images, int first, int count) {
  std::vector<int> positions;
  for (int i = 0; i < count; ++i) positions.push_back(first + i);
  return select(images, positions);
}

// Image `to` of dst becomes image `from` of src.
void copy_image(const ImageSet& src, int from, ImageSet& dst, int to) {
  std::ranges::copy(src.image(from), dst.pixels.begin() + to * static_cast<std::ptrdiff_t>(dst.image_size()));
}

struct Sets {
  ImageSet all = random_images({40, 2, 3, 4}, 256, 1);
  ImageSet train = part(all, 0, 30), validation = part(all, 30, 10);
  ImageSet test = random_images({12, 2, 3, 4}, 256, 2);
};

TEST(Overlap, IsNoneOfDifferentImages) {
  const Sets sets;
  EXPECT_EQ(find_overlap(sets.test, sets.train, sets.validation).count, 0);
}

TEST(Overlap, CountsTestImagesOfTrainAndValidation) {
  Sets sets;
  copy_image(sets.all, 35, sets.test, 2);
  copy_image(sets.all, 7, sets.test, 5);
  copy_image(sets.all, 7, sets.test, 11);
  const Overlap overlap = find_overlap(sets.test, sets.train, sets.validation);
  EXPECT_EQ(overlap.count, 3);
  EXPECT_EQ(overlap.test, 2u);
  EXPECT_EQ(overlap.train, 35u);
}

TEST(Overlap, NamesTheFirstEqualOfTheTrainFile) {
  Sets sets;
  copy_image(sets.all, 4, sets.train, 21);
  copy_image(sets.all, 4, sets.validation, 1);
  copy_image(sets.all, 4, sets.test, 3);
  EXPECT_EQ(find_overlap(sets.test, sets.train, sets.validation).train, 4u);
  EXPECT_EQ(find_overlap(sets.test, sets.validation, sets.train).train, 4u);
}

TEST(Overlap, OneValueMakesAnotherImage) {
  for (std::size_t i = 0; i < 24; ++i) {
    Sets sets;
    copy_image(sets.all, 9, sets.test, 0);
    EXPECT_EQ(find_overlap(sets.test, sets.train, sets.validation).count, 1);
    sets.test.pixels[i] ^= i % 2 == 0 ? 1 : 0x100;  // in either byte
    EXPECT_EQ(find_overlap(sets.test, sets.train, sets.validation).count, 0) << i;
  }
}

TEST(Overlap, EqualTestImagesAreNoOverlap) {
  Sets sets;
  copy_image(sets.test, 0, sets.test, 1);
  EXPECT_EQ(find_overlap(sets.test, sets.train, sets.validation).count, 0);
}

}  // namespace
}  // namespace pcnn
