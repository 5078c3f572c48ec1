#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pcnn {

// Images of one shape, 8 bits per value.
struct ImageSet {
  std::string name;  // "MNIST test"
  int count = 0;
  int channels = 1;
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> pixels;  // [image][channel][row][column]
  // What each image's random numbers are keyed by: its position in the file it came from, with kTestId set
  // for a test file. A split or a choice never changes it.
  std::vector<std::uint32_t> ids;

  static constexpr std::uint32_t kTestId = 0x80000000u;

  // Values of one image.
  [[nodiscard]] std::size_t image_size() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  [[nodiscard]] std::span<const std::uint8_t> image(int i) const {
    return std::span(pixels).subspan(static_cast<std::size_t>(i) * image_size(), image_size());
  }
};

// The images at these positions, in this order.
[[nodiscard]] ImageSet select(const ImageSet& images, std::span<const int> positions);

}  // namespace pcnn
