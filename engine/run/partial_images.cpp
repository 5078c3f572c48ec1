#include "engine/run/partial_images.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/data/binarise.h"
#include "engine/data/image_set.h"
#include "engine/data/npy_images.h"
#include "engine/data/quantise.h"
#include "engine/io/npy.h"
#include "engine/io/png.h"

namespace pcnn {
namespace {

constexpr int kLargestSide = 1 << 16;

// A PNG as an image of one channel, where all its pixels are grey, however it stores them, or of three.
ImageSet read_picture(const std::string& path, int channels) {
  const Image8 picture = read_png_as_stored(path);
  const auto stored = static_cast<std::size_t>(picture.channels),
             area = picture.pixels.size() / static_cast<std::size_t>(picture.channels);
  ImageSet image{
      .name = path, .count = 1, .channels = channels, .height = picture.height, .width = picture.width};
  for (int channel = 0; channel < channels; ++channel)
    for (std::size_t i = 0; i < area; ++i)
      image.pixels.push_back(picture.pixels[i * stored + static_cast<std::size_t>(channel) % stored]);
  if (channels == 1)
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
      if (picture.pixels[i] != image.pixels[i / stored])
        throw ConfigError(path + ": pixel " + std::to_string(i / stored) +
                          " is coloured, accepted: a grey picture");
  image.ids.push_back(0);
  return image;
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

void read_npy_pixels(const std::string& path, int channels, const OutputHead& head, const ArrayConfig& arrays,
                     PartialImages& partial) {
  const NpyArray array = read_npy(path);
  const NpyLayout layout = npy_layout_for(channels, path, array.shape(), arrays);
  const int most = head.levels() - 1;
  const ImageSet images = images_of_npy(
      path, array, layout,
      {.most = most, .accepted = "levels 0 to " + std::to_string(most) + ", as the model draws them"});
  partial.shape = layout.shape;
  for (const std::uint16_t level : images.pixels) partial.pixels.push_back(head.value(level));
}

void read_png_pixels(const std::string& path, int channels, const OutputHead& head, double threshold,
                     PartialImages& partial) {
  if (channels != 1 && channels != 3)
    throw ConfigError(path + ": the model's images have " + std::to_string(channels) +
                      " channels, accepted: a .npy");
  const ImageSet image = read_picture(path, channels);
  partial.shape = {1, channels, image.height, image.width};
  partial.pixels.resize(image.pixels.size());
  if (head.levels() > 2 || head.value(0) < 0.0f)
    Quantiser(head.levels()).encode_for_evaluation(image, 0, partial.pixels);
  else
    Binariser({.threshold = threshold}).encode_for_evaluation(image, 0, partial.pixels);
}

bool is_npy(const std::string& path) {
  return path.ends_with(".npy");
}

}  // namespace

PartialImages read_partial_images(const std::string& images, const std::string& mask, int channels,
                                  const OutputHead& head, double threshold, const ArrayConfig& arrays) {
  PartialImages partial;
  if (is_npy(images))
    read_npy_pixels(images, channels, head, arrays, partial);
  else
    read_png_pixels(images, channels, head, threshold, partial);
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
    const ImageSet grey = read_picture(mask, 1);
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
