#include "engine/model/given.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/core/error.h"
#include "engine/model/network.h"

namespace pcnn {
namespace {

Network told(const Condition& condition) {
  Network network;
  network.image_height = 2;
  network.image_width = 3;
  network.condition = condition;
  return network;
}

std::string refusal(const Given& given, const Condition& condition, std::size_t images) {
  try {
    check_given(given, told(condition), images);
  } catch (const ComputeError& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Given, IsAClassAVectorOrMapsOfTheImagesSize) {
  const std::vector<int> classes{0, 3};
  const std::vector<float> numbers(24);
  EXPECT_EQ(refusal({.classes = classes}, {.classes = 4}, 2), "nothing was refused");
  EXPECT_EQ(refusal({.values = numbers}, {.vector = 8}, 3), "nothing was refused");
  EXPECT_EQ(refusal({.values = numbers}, {.maps = 2}, 2), "nothing was refused");
  EXPECT_EQ(refusal({}, {}, 2), "nothing was refused");

  EXPECT_EQ(refusal({.classes = classes}, {.classes = 3}, 2), "class of an image: 3 given, right are 0 to 2");
  EXPECT_EQ(refusal({.classes = classes}, {.classes = 4}, 3),
            "classes: 2 values given, right are 3 (one for each image)");
  EXPECT_EQ(refusal({.values = numbers}, {.vector = 8}, 2),
            "values of the condition: 24 values given, right are 16 (8 for each image)");
  EXPECT_EQ(refusal({.values = numbers}, {.maps = 1}, 1),
            "values of the condition: 24 values given, right are 6 (6 for each image)");
  EXPECT_EQ(refusal({.classes = classes}, {.vector = 8}, 2),
            "classes: 2 values given, right are 0 (the network is told something else)");
  EXPECT_EQ(refusal({.classes = classes}, {}, 2),
            "classes: 2 values given, right are 0 (the network has no condition)");
}

TEST(Given, IsCutIntoShardsOfWhichTheLastIsFilledUpWithZeros) {
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  GivenBatch shard(told({.vector = 2}), 2);
  shard.take({.values = numbers}, 0);
  EXPECT_EQ(shard.values, (std::vector<float>{1, 2, 3, 4}));
  shard.take({.values = numbers}, 2);
  EXPECT_EQ(shard.values, (std::vector<float>{5, 6, 0, 0}));
  shard.take({.values = numbers}, 4);
  EXPECT_EQ(shard.values, (std::vector<float>(4)));

  const std::vector<int> classes{3, 1, 2};
  GivenBatch of_classes(told({.classes = 4}), 2);
  of_classes.take({.classes = classes}, 2);
  EXPECT_EQ(of_classes.classes, (std::vector<int>{2, 0}));
  EXPECT_TRUE(of_classes.values.empty());
}

TEST(Given, OfSomeImagesIsTheirs) {
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const std::vector<int> positions{2, 0}, classes{3, 1, 2};
  GivenBatch chosen(told({.vector = 2}), 2);
  chosen.take({.values = numbers}, positions);
  EXPECT_EQ(chosen.values, (std::vector<float>{5, 6, 1, 2}));
  GivenBatch chosen_classes(told({.classes = 4}), 2);
  chosen_classes.take({.classes = classes}, positions);
  EXPECT_EQ(chosen_classes.classes, (std::vector<int>{2, 3}));

  const Given part = Given{.values = numbers}.part(3, 1, 2);
  EXPECT_EQ(std::vector<float>(part.values.begin(), part.values.end()), (std::vector<float>{3, 4, 5, 6}));
  const Given of_classes = Given{.classes = classes}.part(3, 2, 1);
  EXPECT_EQ(of_classes.classes.size(), 1u);
  EXPECT_EQ(of_classes.classes[0], 2);
  EXPECT_TRUE(Given{}.part(3, 2, 1).values.empty());
}

}  // namespace
}  // namespace pcnn
