#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pcnn {

// Images of one shape: pixels of 8 bits, or levels of any number up to kMaxLevels.
struct ImageSet {
  std::string name;  // "MNIST test"
  int count = 0;
  int channels = 1;
  int height = 0;
  int width = 0;
  int values = 256;                   // every pixel is in [0, values)
  std::vector<std::uint16_t> pixels;  // [image][channel][row][column]
  // What each image's random numbers are keyed by: its position in the file it came from, with kTestId set
  // for a test file. A split or a choice never changes it.
  std::vector<std::uint32_t> ids;
  // Of a folder: the file of each image, as a path relative to the folder. Empty where all lie in one file.
  std::vector<std::string> files = {};
  // The class of each image; empty where none are known.
  std::vector<int> labels = {};
  // What the classes are called, by label: of class folders, their names. Empty where they have numbers
  // alone.
  std::vector<std::string> label_names = {};
  // What else is known of each image: numbers, or maps of its height and width. Empty where nothing is.
  std::vector<float> conditions = {};     // [image][...]
  std::vector<int> condition_shape = {};  // of one image: (numbers), or (maps, rows, columns)
  // What was found beside the images and not read: "pets/train: 10 files passed over: 10 .jpg". Empty for
  // nothing.
  std::string passed_over = {};
  // Of a split: how it was taken out of a file, "the last of the train file". Empty where it is a whole file.
  std::string origin = {};

  static constexpr std::uint32_t kTestId = 0x80000000u;

  // Values of one image.
  [[nodiscard]] std::size_t image_size() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  [[nodiscard]] std::span<const std::uint16_t> image(int i) const {
    return std::span(pixels).subspan(static_cast<std::size_t>(i) * image_size(), image_size());
  }
};

// Whether a set may have this shape; then every count of it fits an int, and its values can be counted
// without overflow. For what a file claims, before memory is taken for it.
[[nodiscard]] bool is_image_shape(std::uint64_t count, std::uint64_t channels, std::uint64_t height,
                                  std::uint64_t width);
inline constexpr std::string_view kAcceptedImageShape =
    "at least one image, 1 to 4 channels, sides of 1 to 16384, less than 2^31 values in all";

// 0, 1, 2 ...: the ids of the images of one file.
[[nodiscard]] std::vector<std::uint32_t> ids_in_order(int count);

// What of the images, beside their pixels, is trained on.
enum class Beside { kNothing, kLabels, kCondition };

// A checksum of shape, values and ids, and of what else is trained on: "crc32:0a1b2c3d".
[[nodiscard]] std::string fingerprint(const ImageSet& images, Beside beside = Beside::kNothing);

// The images at these positions, in this order.
[[nodiscard]] ImageSet select(const ImageSet& images, std::span<const int> positions);

}  // namespace pcnn
