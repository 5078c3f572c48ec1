#include "engine/run/partial_images.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "engine/core/error.h"
#include "engine/data/binarise.h"
#include "engine/data/image_set.h"
#include "engine/data/npy_images.h"
#include "engine/data/png_folder.h"
#include "engine/data/quantise.h"
#include "engine/io/file_ending.h"
#include "engine/io/image_grid.h"
#include "engine/io/npy.h"
#include "engine/run/pictures.h"

namespace pcnn {
namespace {

constexpr int kLargestSide = 1 << 16;

// [row][column] and [n][row][column] as [n][channel][row][column] of one channel.
Shape shape_of(const std::string& path, const NpyHeader& header) {
  std::vector<std::int64_t> shape = header.shape;
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
  if (shape.size() != 4)
    throw ConfigError(path + ": an array of " + std::to_string(header.shape.size()) +
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
  const NpyHeader header = read_npy_header(path);
  const NpyLayout layout = npy_layout_for(channels, path, header.shape, arrays);
  require_memory_for_npy(path, header);
  const NpyArray array = read_npy(path);
  const int most = head.levels() - 1;
  const ImageSet images = images_of_npy(
      path, array, layout,
      {.most = most, .accepted = "levels 0 to " + std::to_string(most) + ", as the model draws them"});
  partial.shape = layout.shape;
  for (const std::uint16_t level : images.pixels) partial.pixels.push_back(head.value(level));
}

// Returns the files that the images come from, where they have one each.
std::vector<std::string> read_png_pixels(const std::string& path, int channels, const OutputHead& head,
                                         double threshold, PartialImages& partial) {
  const ImageSet images = read_pictures(path, channels);
  partial.shape = {images.count, channels, images.height, images.width};
  partial.pixels.resize(images.pixels.size());
  const auto encode = [&](const PixelCoding& coding) {
    for (int i = 0; i < images.count; ++i)
      coding.encode_for_evaluation(
          images, i,
          std::span(partial.pixels)
              .subspan(static_cast<std::size_t>(i) * images.image_size(), images.image_size()));
  };
  if (head.levels() > 2 || head.value(0) < 0.0f)
    encode(Quantiser(head.levels()));
  else
    encode(Binariser({.threshold = threshold}));
  partial.passed_over = images.passed_over;
  return images.files;
}

// What is known, [n][row][column], n being that of the mask.
struct Mask {
  Shape shape;
  std::vector<std::uint8_t> known;
};

Mask read_npy_mask(const std::string& path) {
  const NpyHeader header = read_npy_header(path);
  Mask mask{.shape = shape_of(path, header), .known = {}};
  require_memory_for_npy(path, header);
  const NpyArray array = read_npy(path);
  mask.known.reserve(mask.shape.size());
  for (const float value : array.values<float>()) {
    if (!std::isfinite(value))
      throw ConfigError(path + ": element " + std::to_string(mask.known.size()) +
                        " is not a finite number, accepted: 0 where a pixel is to be drawn, else known");
    mask.known.push_back(value != 0.0f);
  }
  return mask;
}

// `files` of a folder of images have each the mask of the same name in a folder of masks.
Mask read_png_mask(const std::string& path, const std::vector<std::string>& files) {
  constexpr int kWhite = 128;
  ImageSet masks = read_pictures(path, 1);
  if (!files.empty() && !masks.files.empty()) {
    std::vector<int> order;
    for (const std::string& file : files) {
      const auto found = std::ranges::find(masks.files, file);
      if (found == masks.files.end())
        throw ConfigError(path + ": holds no mask " + file +
                          ", accepted: a mask for each image, under the same name");
      order.push_back(static_cast<int>(found - masks.files.begin()));
    }
    masks = select(masks, order);
  }
  Mask mask{.shape = {masks.count, 1, masks.height, masks.width}, .known = {}};
  for (const std::uint16_t value : masks.pixels) mask.known.push_back(value >= kWhite);
  return mask;
}

bool is_npy(const std::string& path) {
  return has_ending(path, ".npy");
}

}  // namespace

PartialImages read_partial_images(const std::string& images, const std::string& mask, int channels,
                                  const OutputHead& head, double threshold, const ArrayConfig& arrays) {
  PartialImages partial;
  std::vector<std::string> files;
  if (is_npy(images))
    read_npy_pixels(images, channels, head, arrays, partial);
  else
    files = read_png_pixels(images, channels, head, threshold, partial);
  if (partial.shape.c != channels)
    throw ConfigError(images + ": " + std::to_string(partial.shape.c) +
                      " channels, the model's images have " + std::to_string(channels));

  const Mask known = is_npy(mask) ? read_npy_mask(mask) : read_png_mask(mask, files);
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

Canvas repeated(const PartialImages& partial, int completions) {
  Canvas canvas;
  const std::size_t size = partial.pixels.size() / static_cast<std::size_t>(partial.shape.n),
                    area = partial.known.size() / static_cast<std::size_t>(partial.shape.n);
  for (std::size_t image = 0; image < static_cast<std::size_t>(partial.shape.n); ++image)
    for (int i = 0; i < completions; ++i) {
      const auto pixels = std::span(partial.pixels).subspan(image * size, size);
      const auto known = std::span(partial.known).subspan(image * area, area);
      canvas.pixels.insert(canvas.pixels.end(), pixels.begin(), pixels.end());
      canvas.known.insert(canvas.known.end(), known.begin(), known.end());
    }
  return canvas;
}

std::vector<Image8> partial_pictures(const PartialImages& partial, const OutputHead& head) {
  Shape one = partial.shape;
  one.n = 1;
  std::vector<Image8> pictures = to_pictures(partial.pixels, one, head);
  std::size_t pixel = 0;
  for (Image8& picture : pictures)
    for (std::size_t i = 0; i < picture.pixels.size();
         i += static_cast<std::size_t>(picture.channels), ++pixel)
      if (!partial.known[pixel])
        std::fill_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(i), picture.channels,
                    kGridBackground);
  return pictures;
}

std::vector<Image8> beside(const std::vector<Image8>& inputs, const std::vector<Image8>& completions,
                           int each) {
  std::vector<Image8> all;
  for (std::size_t image = 0; image < inputs.size(); ++image) {
    all.push_back(inputs[image]);
    const auto first = completions.begin() + static_cast<std::ptrdiff_t>(image) * each;
    all.insert(all.end(), first, first + each);
  }
  return all;
}

}  // namespace pcnn
