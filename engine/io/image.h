#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pcnn {

// A picture, 8 bits per value; 1 channel is grey, 3 are red, green, blue.
struct Image8 {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<std::uint8_t> pixels;  // [row][column][channel]

  [[nodiscard]] std::size_t offset(int row, int column) const {
    return (static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
            static_cast<std::size_t>(column)) *
           static_cast<std::size_t>(channels);
  }
  friend bool operator==(const Image8&, const Image8&) = default;
};

}  // namespace pcnn
