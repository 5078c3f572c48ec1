#include "engine/run/partial_images.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/binarise.h"
#include "engine/data/image_set.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"

namespace pcnn {
namespace {

constexpr int kLargestSide = 1 << 16;

// A PNG whose pixels are all grey, however it stores them.
ImageSet read_grey(const std::string& path) {
  const Image8 picture = read_png(path);
  ImageSet grey{.name = path, .count = 1, .channels = 1, .height = picture.height, .width = picture.width};
  const auto channels = static_cast<std::size_t>(picture.channels);
  for (std::size_t i = 0; i < picture.pixels.size(); i += channels) {
    for (std::size_t channel = 1; channel < channels; ++channel)
      if (picture.pixels[i + channel] != picture.pixels[i])
        throw ConfigError(path + ": pixel " + std::to_string(i / channels) +
                          " is coloured, accepted: a grey picture");
    grey.pixels.push_back(picture.pixels[i]);
  }
  grey.ids.push_back(0);
  return grey;
}

// [row][column] and [n][row][column] as [n][channel][row][column] of one channel.
Shape shape_of(const std::string& path, const NpyArray& array) {
  std::vector<std::int64_t> shape = array.shape();
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
  if (shape.size() != 4)
    throw ConfigError(path + ": an array of " + std::to_string(array.shape().size()) +
                      " dimensions, accepted: [row][column], [n][row][column] or [n][channel][row][column]");
  for (const std::int64_t extent : shape)
    if (extent < 1 || extent > kLargestSide)
      throw ConfigError(path + ": an extent of " + std::to_string(extent) + ", accepted: 1 to " +
                        std::to_string(kLargestSide));
  return {static_cast<int>(shape[0]), static_cast<int>(shape[1]), static_cast<int>(shape[2]),
          static_cast<int>(shape[3])};
}

void read_npy_pixels(const std::string& path, PartialImages& partial) {
  const NpyArray array = read_npy(path);
  partial.shape = shape_of(path, array);
  const std::vector<std::uint8_t> values = array.values<std::uint8_t>();
  const auto strange = std::ranges::find_if(values, [](std::uint8_t value) { return value > 1; });
  if (strange != values.end())
    throw ConfigError(path + ": element " + std::to_string(strange - values.begin()) + " is " +
                      std::to_string(int{*strange}) + ", accepted: 0 and 1, as the model draws them");
  partial.pixels.assign(values.begin(), values.end());
}

void read_png_pixels(const std::string& path, double threshold, PartialImages& partial) {
  const ImageSet grey = read_grey(path);
  partial.shape = {1, 1, grey.height, grey.width};
  partial.pixels.resize(grey.pixels.size());
  Binariser({.threshold = threshold}).encode_for_evaluation(grey, 0, partial.pixels);
}

bool is_npy(const std::string& path) {
  return path.ends_with(".npy");
}

}  // namespace

PartialImages read_partial_images(const std::string& images, const std::string& mask, int channels,
                                  double threshold) {
  PartialImages partial;
  if (is_npy(images))
    read_npy_pixels(images, partial);
  else
    read_png_pixels(images, threshold, partial);
  if (partial.shape.c != channels)
    throw ConfigError(images + ": " + std::to_string(partial.shape.c) +
                      " channels, the model's images have " + std::to_string(channels));

  PartialImages known;  // read as an image, since it looks like one
  if (is_npy(mask)) {
    const NpyArray array = read_npy(mask);
    known.shape = shape_of(mask, array);
    for (const float value : array.values<float>()) {
      if (!std::isfinite(value))
        throw ConfigError(mask + ": element " + std::to_string(known.known.size()) +
                          " is not a finite number, accepted: 0 where a pixel is to be drawn, else known");
      known.known.push_back(value != 0.0f);
    }
  } else {
    const ImageSet grey = read_grey(mask);
    known.shape = {1, 1, grey.height, grey.width};
    for (const std::uint16_t value : grey.pixels) known.known.push_back(value >= 128);
  }
  const Shape& shape = partial.shape;
  if (known.shape.h != shape.h || known.shape.w != shape.w || known.shape.c != 1 ||
      (known.shape.n != 1 && known.shape.n != shape.n))
    throw ConfigError(mask + ": a mask of " + known.shape.text() +
                      " (n, channels, rows, columns) for images of " + shape.text() +
                      ", accepted: one for all or one for each, of the same rows and columns");
  for (int image = 0; image < shape.n; ++image) {
    const auto area = static_cast<std::ptrdiff_t>(shape.h) * shape.w;
    const auto first = known.known.begin() + (known.shape.n == 1 ? 0 : image * area);
    partial.known.insert(partial.known.end(), first, first + area);
  }
  return partial;
}

}  // namespace pcnn
