#include "engine/data/condition_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <utility>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/data/npy_images.h"
#include "engine/io/npy.h"

namespace pcnn {
namespace {

constexpr std::int64_t kMostNumbers = 65536, kMostSide = 1 << 14;

[[noreturn]] void refuse_shape(const std::string& path, const NpyHeader& header,
                               const std::string& accepted) {
  throw FormatError(path, kNpyShapeAt,
                    fmt::format("found shape {}, accepted: {}", npy_tuple_shown(header.shape), accepted));
}

// Of a row.
std::vector<int> row_shape(const std::string& path, const NpyHeader& header) {
  const std::vector<std::int64_t>& extents = header.shape;
  const bool vectors = extents.size() == 2;
  bool right = extents.size() >= 2 && extents.size() <= 4 && extents[0] <= std::numeric_limits<int>::max();
  for (std::size_t i = 0; right && i < extents.size(); ++i)
    right = extents[i] >= 1 && (i == 0 || extents[i] <= (vectors ? kMostNumbers : kMostSide));
  if (!right)
    refuse_shape(path, header,
                 fmt::format("(n, numbers), or for maps of the images' size (n, rows, columns) or (n, maps, "
                             "rows, columns); 1 row or more, 1 to {} numbers, 1 to {} maps, rows and columns",
                             grouped(kMostNumbers), grouped(kMostSide)));
  std::vector<int> shape(extents.begin() + 1, extents.end());
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  return shape;
}

}  // namespace

std::vector<int> read_condition_shape(const std::string& path) {
  return row_shape(path, read_npy_header(path));
}

ConditionRows read_condition_rows(const std::string& path) {
  const NpyHeader header = read_npy_header(path);
  ConditionRows rows{.shape = row_shape(path, header)};
  require_memory_for_npy(path, header);
  rows.count = static_cast<int>(header.shape[0]);
  rows.values = read_npy(path).values<float>();
  const auto bad = std::ranges::find_if(rows.values, [](float value) { return !std::isfinite(value); });
  if (bad == rows.values.end()) return rows;
  const std::size_t of_row = rows.values.size() / to_index(rows.count);
  throw ConfigError(fmt::format("{}: value {} in row {}, accepted: finite numbers", path, *bad,
                                to_index(bad - rows.values.begin()) / of_row));
}

void read_condition(const std::string& path, ImageSet& images) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw FileError(path, "not found, but data.condition: true needs it");
  const NpyHeader header = read_npy_header(path);
  const std::vector<int> shape = row_shape(path, header);
  if (header.shape[0] != images.count)
    refuse_shape(path, header, fmt::format("{} rows, one for each image", images.count));
  if (shape.size() == 3 && (shape[1] != images.height || shape[2] != images.width))
    refuse_shape(path, header, fmt::format("maps of {}x{}, as the images are", images.height, images.width));
  ConditionRows rows = read_condition_rows(path);
  images.conditions = std::move(rows.values);
  images.condition_shape = std::move(rows.shape);
}

std::string describe_condition(const std::vector<int>& shape) {
  if (shape.size() == 1) return counted(shape[0], "number");
  return fmt::format("maps ({})", fmt::join(shape, ", "));
}

void require_rows_of(const std::vector<int>& accepted, const std::vector<int>& found, const std::string& path,
                     const std::string& model) {
  if (found != accepted)
    throw ConfigError(fmt::format("{}: found rows of {}, accepted: rows of {}, which {} is told of an image",
                                  path, describe_condition(found), describe_condition(accepted), model));
}

void require_condition(const ImageSet& images, const std::vector<int>& shape) {
  const char* const key = shape.size() == 1 ? "vector" : "map.channels";
  if (images.conditions.empty())
    throw ConfigError(
        fmt::format("model.condition.{}: found {}, but nothing is known of the {} images; "
                    "data.condition: true reads it",
                    key, shape[0], images.name));
  if (images.condition_shape == shape) return;
  const std::string accepted = images.condition_shape.size() == shape.size()
                                   ? std::to_string(images.condition_shape[0])
                                   : "a file of " + describe_condition(shape);
  throw ConfigError(
      fmt::format("model.condition.{}: found {}, but the condition of a {} image is {}; accepted: {}", key,
                  shape[0], images.name, describe_condition(images.condition_shape), accepted));
}

}  // namespace pcnn
