// Data sets whose grey images are coloured.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "engine/data/colour.h"
#include "engine/data/dataset.h"
#include "tests/data/made_up_data.h"

namespace pcnn {
namespace {

TEST(Dataset, ColoursFollowTheImageNotTheSplit) {
  DataConfig config = made_up();
  const Dataset grey = load_dataset(config);
  config.colour = true;
  config.colour_seed = 5;
  const Dataset plain = load_dataset(config);
  EXPECT_EQ(size_of(plain.train), "40x3x3x4");
  EXPECT_EQ(size_of(plain.validation), "10x3x3x4");
  EXPECT_EQ(plain.test.pixels, coloured(grey.test, 5).pixels);
  EXPECT_EQ(dataset_shape(config), (Shape{1, 3, 3, 4}));

  config.validation_choice = ValidationChoice::kSeeded;
  const Dataset seeded = load_dataset(config);
  EXPECT_EQ(seeded.test.pixels, plain.test.pixels);
  int met = 0;
  for (int i = 0; i < seeded.validation.count; ++i) {
    const std::uint32_t id = seeded.validation.ids[static_cast<std::size_t>(i)];
    if (id >= 40) continue;  // in the train split of the other
    EXPECT_TRUE(std::ranges::equal(seeded.validation.image(i), plain.train.image(static_cast<int>(id))));
    ++met;
  }
  EXPECT_GT(met, 0);

  config.train_on = TrainOn::kTest;
  EXPECT_EQ(load_dataset(config).validation.pixels, plain.test.pixels);
}

TEST(Dataset, ColoursGreyImagesOnly) {
  DataConfig config = npy_of(random_images({25, 3, 4, 5}, 256, 1), random_images({8, 3, 4, 5}, 256, 2));
  config.colour = true;
  const std::string expected =
      "data.colour: found true for images of 3 channels, accepted: false, or images of one channel";
  EXPECT_EQ(message_of<ConfigError>([&] { (void)load_dataset(config); }), expected);
  EXPECT_EQ(message_of<ConfigError>([&] { (void)dataset_shape(config); }), expected);
}

}  // namespace
}  // namespace pcnn
