#pragma once

// The tiles of AMX in plain loops, with the interface of AmxTiles (core/amx.h): what tdpbf16ps computes,
// product by product in the order and with the rounding of Intel's manual (volume 2, TDPBF16PS). Denormal
// numbers are zeros on both sides.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace pcnn::testing {

class EmulatedTiles {
 public:
  EmulatedTiles() = default;
  explicit EmulatedTiles(int rows) : rows_(rows) {}

  template <int kTile>
  void zero() {
    std::memset(tiles_[kTile], 0, sizeof(tiles_[kTile]));
  }
  template <int kTile>
  void load(const void* rows, std::size_t stride) {
    for (std::size_t row = 0; row < rows_of(kTile); ++row)
      std::memcpy(tiles_[kTile][row], static_cast<const std::byte*>(rows) + row * stride, 64);
  }
  template <int kTile>
  void store(void* rows, std::size_t stride) {
    for (std::size_t row = 0; row < rows_of(kTile); ++row)
      std::memcpy(static_cast<std::byte*>(rows) + row * stride, tiles_[kTile][row], 64);
  }
  template <int kSums, int kA, int kB>
  void multiply() {
    static_assert(kSums < 6 && kA < 6);
    for (std::size_t row = 0; row < rows_of(kSums); ++row)
      for (int column = 0; column < 16; ++column)
        tiles_[kSums][row][column] = std::bit_cast<std::uint32_t>(sum_of_pairs(
            std::bit_cast<float>(tiles_[kSums][row][column]), [&](int k) { return tiles_[kA][row][k]; },
            [&](int k) { return tiles_[kB][k][column]; }));
  }

  // sum + (all products of first halves, added up one by one, + all of second halves).
  template <typename WordsOfA, typename WordsOfB>
  static float sum_of_pairs(float sum, WordsOfA&& a, WordsOfB&& b) {
    float first = 0.0f, second = 0.0f;
    for (int k = 0; k < 16; ++k) {
      first = flushed(std::fma(value(a(k) << 16), value(b(k) << 16), first));
      second = flushed(std::fma(value(a(k) & 0xffff0000u), value(b(k) & 0xffff0000u), second));
    }
    return flushed(flushed(sum) + flushed(first + second));
  }

 private:
  static float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }
  static float value(std::uint32_t bits) { return flushed(std::bit_cast<float>(bits)); }

  [[nodiscard]] std::size_t rows_of(int tile) const {
    return static_cast<std::size_t>(tile < 6 ? rows_ : 16);
  }

  int rows_ = 16;
  std::uint32_t tiles_[8][16][16] = {};
};

}  // namespace pcnn::testing
