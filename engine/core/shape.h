#pragma once

#include <cstddef>
#include <string>

namespace pcnn {

// Shape of a batch of feature maps: images, channels, rows, columns. Dense order is NCHW.
struct Shape {
  int n = 1;
  int c = 1;
  int h = 1;
  int w = 1;

  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(n) * static_cast<std::size_t>(c) * static_cast<std::size_t>(h) *
           static_cast<std::size_t>(w);
  }
  [[nodiscard]] std::size_t offset(int in, int ic, int iy, int ix) const {
    return ((static_cast<std::size_t>(in) * static_cast<std::size_t>(c) + static_cast<std::size_t>(ic)) *
                static_cast<std::size_t>(h) +
            static_cast<std::size_t>(iy)) *
               static_cast<std::size_t>(w) +
           static_cast<std::size_t>(ix);
  }
  [[nodiscard]] std::string text() const {
    return std::to_string(n) + "x" + std::to_string(c) + "x" + std::to_string(h) + "x" + std::to_string(w);
  }
  friend bool operator==(const Shape&, const Shape&) = default;
};

}  // namespace pcnn
