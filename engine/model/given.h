#pragma once

// What is known of images beside their pixels, on its way to a network that has a condition; and none of it
// on its way to one that has not.

#include <cstddef>
#include <span>
#include <vector>

namespace pcnn {

struct Network;

// Of some images, in their order; borrowed. Which of the two it is, the network's condition says.
struct Given {
  std::span<const int> classes{};   // [image]
  std::span<const float> values{};  // [image][...]: its vector, or its maps CHW

  // Of `count` of them from `first` on, where this is of `images` in all.
  [[nodiscard]] Given part(std::size_t images, std::size_t first, std::size_t count) const;
};

// Of Given::values of one image: (numbers), or (maps, rows, columns); empty where it is told no numbers.
[[nodiscard]] std::vector<int> given_shape(const Network& network);
// How many those are.
[[nodiscard]] std::size_t given_values(const Network& network);

// Throws ComputeError where this is not what the network is to be told of so many images: another number of
// classes or values, or a class that it does not know.
void check_given(const Given& given, const Network& network, std::size_t images);

// A copy of what is given of a few images.
struct GivenBatch {
  GivenBatch() = default;
  // Class 0, or zeros.
  GivenBatch(const Network& network, std::size_t images);

  // Of the images from `first` on; where there are no more of them, class 0 and zeros. Allocates nothing.
  void take(const Given& all, std::size_t first);
  // Of the images at these positions, as many as this is of.
  void take(const Given& all, std::span<const int> positions);

  [[nodiscard]] Given view() const { return {classes, values}; }

  std::vector<int> classes{};
  std::vector<float> values{};
  std::size_t values_each = 0;  // numbers of an image
};

}  // namespace pcnn
