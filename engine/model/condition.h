#pragma once

namespace pcnn {

// What a network is told of each image beside its pixels: at most one of these.
struct Condition {
  int classes = 0;  // the image is of one of so many
  int vector = 0;   // so many numbers
  int maps = 0;     // so many maps of the image's height and width
  // Of the convolutions that read the maps; odd.
  int kernel_height = 1;
  int kernel_width = 1;

  [[nodiscard]] bool any() const { return classes > 0 || vector > 0 || maps > 0; }
  friend bool operator==(const Condition&, const Condition&) = default;
};

}  // namespace pcnn
