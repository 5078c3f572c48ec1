#include "engine/data/npy_images.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/memory.h"

namespace pcnn {
namespace {

using Extents = std::vector<std::int64_t>;

std::optional<NpyLayout> images_as(std::int64_t count, std::int64_t channels, std::int64_t height,
                                   std::int64_t width, bool channels_last) {
  const auto whole = [](std::int64_t extent) { return static_cast<std::uint64_t>(extent); };
  if (!is_image_shape(whole(count), whole(channels), whole(height), whole(width))) return {};
  return NpyLayout{{static_cast<int>(count), static_cast<int>(channels), static_cast<int>(height),
                    static_cast<int>(width)},
                   channels_last};
}

std::string image_text(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return fmt::format("{} of {}x{}", counted(channels, "channel"), height, width);
}

std::string image_text(const NpyLayout& layout) {
  return image_text(layout.shape.c, layout.shape.h, layout.shape.w);
}

// Reads one array's extents.
class Reading {
 public:
  Reading(const std::string& path, std::span<const std::int64_t> extents, const ArrayConfig& config,
          int channels)
      : path_(path), extents_(extents), config_(config), channels_(channels) {}

  [[nodiscard]] NpyLayout layout() const {
    const Extents extents = with_image_shape();
    std::optional<NpyLayout> found;
    if (extents.size() == 2 && single_too()) found = images_as(1, 1, extents[0], extents[1], false);
    if (extents.size() == 3) found = of_three(extents);
    if (extents.size() == 4) found = of_four(extents);
    if (!found) refuse(accepted());
    return *found;
  }

 private:
  [[nodiscard]] bool single_too() const { return channels_ > 0; }

  [[noreturn]] void refuse(const std::string& rest) const {
    throw FormatError(path_, kNpyShapeAt, fmt::format("found shape {}, {}", npy_tuple_shown(extents_), rest));
  }

  [[nodiscard]] std::string accepted() const {
    const bool flat = extents_.size() == 2 && config_.shape.empty() && !single_too();
    return fmt::format(
        "accepted: {}(n, rows, columns), (n, channels, rows, columns) or, with data.layout: "
        "nhwc, (n, rows, columns, channels){}; {}",
        single_too() ? "(rows, columns), " : "",
        flat ? ", or with data.shape: [rows, columns] a row of values for each image" : "",
        kAcceptedImageShape);
  }

  // The extents, with those of data.shape in place of a row's length.
  [[nodiscard]] Extents with_image_shape() const {
    Extents extents(extents_.begin(), extents_.end());
    if (config_.shape.empty()) return extents;
    const auto values =
        std::accumulate(config_.shape.begin(), config_.shape.end(), std::int64_t{1}, std::multiplies<>());
    if (extents.size() == 2 && extents[1] == values) {
      extents.pop_back();
      extents.insert(extents.end(), config_.shape.begin(), config_.shape.end());
    } else if (!single_too() && !std::equal(extents.begin() + !extents.empty(), extents.end(),
                                            config_.shape.begin(), config_.shape.end())) {
      refuse(fmt::format("accepted: (n, {}) or (n, {}), as data.shape: [{}] says", values,
                         fmt::join(config_.shape, ", "), fmt::join(config_.shape, ", ")));
    }
    return extents;
  }

  [[nodiscard]] std::optional<NpyLayout> of_three(const Extents& extents) const {
    if (channels_ > 1) {
      const Extents one{1, extents[0], extents[1], extents[2]};
      if (extents[0] == channels_ || extents[2] == channels_) return of_four(one);
    }
    if (channels_ == 1 && extents[2] == 1) return of_one_column(extents);
    return images_as(extents[0], 1, extents[1], extents[2], false);
  }

  // Grey images one column wide, or one grey image with its channel last.
  [[nodiscard]] std::optional<NpyLayout> of_one_column(const Extents& extents) const {
    const auto many = images_as(extents[0], 1, extents[1], 1, false),
               one = images_as(1, 1, extents[0], extents[1], false);
    if (many && one && many->shape != one->shape && config_.layout == ArrayLayout::kAuto)
      refuse(fmt::format(
          "which can be {} image{} of {}x1 (data.layout: nchw) or one of {}x{} (data.layout: nhwc): "
          "data.layout must say which, or the shape ({}, {})",
          extents[0], extents[0] == 1 ? "" : "s", extents[1], extents[0], extents[1], extents[0],
          extents[1]));
    return many && config_.layout != ArrayLayout::kNhwc ? many : one;
  }

  [[nodiscard]] std::optional<NpyLayout> of_four(const Extents& extents) const {
    auto first = images_as(extents[0], extents[1], extents[2], extents[3], false),
         last = images_as(extents[0], extents[3], extents[1], extents[2], true);
    const auto fits = [&](const auto& layout) { return layout && layout->shape.c == channels_; };
    if (fits(first) != fits(last)) return fits(first) ? first : last;
    if (channels_ > 0 && !fits(first)) return first ? first : last;  // refused for its channels
    const ArrayLayout layout = config_.layout;
    if (first && last) {
      // One value an image: both ways are the same.
      if (layout == ArrayLayout::kAuto && first->shape != Shape{first->shape.n, 1, 1, 1})
        refuse(
            fmt::format("which can be {} (data.layout: nchw) or {} (data.layout: nhwc): data.layout must "
                        "say which",
                        image_text(*first), image_text(*last)));
      return layout == ArrayLayout::kNhwc ? last : first;
    }
    if (channels_ > 0) return first ? first : last;
    if (first && layout == ArrayLayout::kNhwc)
      refuse(
          fmt::format("which data.layout: nhwc takes for {}, accepted: 1 to 4 channels, or data.layout: nchw "
                      "for {}",
                      image_text(extents[3], extents[1], extents[2]), image_text(*first)));
    if (last && layout != ArrayLayout::kNhwc)
      refuse(fmt::format("which can only be channels last, accepted: data.layout: nhwc for {}",
                         image_text(*last)));
    return first ? first : last;
  }

  const std::string& path_;
  std::span<const std::int64_t> extents_;
  const ArrayConfig& config_;
  int channels_;  // of the network, 0 where none is known
};

// One image after another, from rows of pixels to planes.
void move_channels_first(const Shape& shape, std::vector<std::uint16_t>& values) {
  const auto channels = static_cast<std::size_t>(shape.c);
  const std::size_t area = static_cast<std::size_t>(shape.h) * static_cast<std::size_t>(shape.w);
  std::vector<std::uint16_t> image(channels * area);
  for (auto at = values.begin(); at != values.end(); at += static_cast<std::ptrdiff_t>(image.size())) {
    std::copy_n(at, image.size(), image.begin());
    for (std::size_t pixel = 0; pixel < area; ++pixel)
      for (std::size_t channel = 0; channel < channels; ++channel)
        at[static_cast<std::ptrdiff_t>(channel * area + pixel)] = image[pixel * channels + channel];
  }
}

}  // namespace

std::string name_of(const NpyDtype& dtype) {
  if (dtype.kind == 'b') return "bool";
  const char* kind = dtype.kind == 'u' ? "uint" : dtype.kind == 'i' ? "int" : "float";
  return fmt::format("{}{}", kind, 8 * dtype.byte_size);
}

NpyLayout npy_layout(const std::string& path, std::span<const std::int64_t> extents,
                     const ArrayConfig& config) {
  return Reading(path, extents, config, 0).layout();
}

NpyLayout npy_layout_for(int channels, const std::string& path, std::span<const std::int64_t> extents,
                         const ArrayConfig& config) {
  return Reading(path, extents, config, channels).layout();
}

void require_memory_for_npy(const std::string& path, const NpyHeader& header) {
  const auto value_bytes = static_cast<std::size_t>(header.dtype.byte_size);
  const auto values = npy_value_count(header.shape, header.dtype.byte_size).value_or(0);
  require_memory(static_cast<double>(values) * static_cast<double>(value_bytes + sizeof(float)),
                 fmt::format("{}: an array of shape {} takes", path, npy_tuple_shown(header.shape)));
}

NpyLevels npy_levels(const NpyDtype& dtype, int values, bool quantised, const ArrayConfig& config) {
  NpyLevels levels{.most = values - 1};
  const bool floats = dtype.kind == 'f';
  if (floats && config.scale > 0) {
    levels.scale = config.scale;
    levels.accepted =
        fmt::format("0 to {:.6g} in steps of 1/{}, as data.scale: {} says",
                    static_cast<double>(levels.most) / config.scale, config.scale, config.scale);
    return levels;
  }
  levels.accepted = fmt::format("{}0 to {}, {}", floats ? "whole numbers from " : "", levels.most,
                                quantised ? "the levels of model.head" : "8-bit pixels");
  if (floats)
    levels.accepted += fmt::format("; data.scale: {} takes numbers from 0 to 1 for them", levels.most);
  return levels;
}

ImageSet images_of_npy(const std::string& path, const NpyArray& array, const NpyLayout& layout,
                       const NpyLevels& levels) {
  const Shape& shape = layout.shape;
  ImageSet images{.name = path,
                  .count = shape.n,
                  .channels = shape.c,
                  .height = shape.h,
                  .width = shape.w,
                  .values = levels.most + 1,
                  .pixels = array.levels(levels),
                  .ids = ids_in_order(shape.n)};
  if (layout.channels_last && shape.c > 1) move_channels_first(shape, images.pixels);
  return images;
}

}  // namespace pcnn
