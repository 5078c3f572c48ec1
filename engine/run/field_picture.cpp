#include "engine/run/field_picture.h"

#include <array>

namespace pcnn {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr int kSmallestRuledScale = 3;
constexpr Colour kRule{128, 128, 128};

Colour colour_of(FieldCell cell) {
  switch (cell) {
    case FieldCell::kPixel:
      return {110, 0, 30};
    case FieldCell::kSeen:
      return {60, 105, 185};
    case FieldCell::kBlind:
      return {245, 165, 60};
    case FieldCell::kLater:
      return {225, 225, 225};
    case FieldCell::kBeyond:
      break;
  }
  return {255, 255, 255};
}

int lines_before(int scale) {
  return scale >= kSmallestRuledScale ? 1 : 0;
}

}  // namespace

std::int64_t field_picture_side(int cells, int scale) {
  return std::int64_t{cells} * scale + lines_before(scale);
}

Image8 field_picture(const FieldGrid& grid, int scale) {
  Image8 picture{.width = static_cast<int>(field_picture_side(grid.columns(), scale)),
                 .height = static_cast<int>(field_picture_side(grid.rows(), scale)),
                 .channels = 3,
                 .pixels = {}};
  const int lines = lines_before(scale);
  const auto is_rule = [&](int at) { return lines > 0 && at % scale == 0; };
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const Colour colour =
          is_rule(x) || is_rule(y) ? kRule : colour_of(grid.cell((y - lines) / scale, (x - lines) / scale));
      picture.pixels.insert(picture.pixels.end(), colour.begin(), colour.end());
    }
  return picture;
}

}  // namespace pcnn
