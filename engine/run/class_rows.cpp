#include "engine/run/class_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "engine/core/digits.h"
#include "engine/io/image_grid.h"

namespace pcnn {

std::vector<ClassRow> share_out(int count, std::span<const int> classes) {
  const auto size = static_cast<int>(classes.size());
  std::vector<ClassRow> rows;
  for (int i = 0; i < std::min(size, count); ++i)
    rows.push_back({classes[static_cast<std::size_t>(i)], count / size + (i < count % size)});
  return rows;
}

std::vector<int> all_classes(int count) {
  std::vector<int> classes(static_cast<std::size_t>(count));
  std::iota(classes.begin(), classes.end(), 0);
  return classes;
}

std::vector<int> classes_of(std::span<const ClassRow> rows) {
  std::vector<int> classes;
  for (const ClassRow& row : rows)
    classes.insert(classes.end(), static_cast<std::size_t>(row.images), row.of_class);
  return classes;
}

int columns_of(std::span<const ClassRow> rows) {
  return rows.empty() ? 0 : std::ranges::max(rows, {}, &ClassRow::images).images;
}

std::vector<Image8> fill_rows(std::span<const ClassRow> rows, std::vector<Image8> pictures) {
  if (pictures.empty()) return pictures;
  Image8 empty = pictures.front();
  std::ranges::fill(empty.pixels, kGridBackground);
  const auto columns = static_cast<std::size_t>(columns_of(rows));
  std::vector<Image8> filled;
  std::size_t next = 0;
  for (const ClassRow& row : rows) {
    for (int i = 0; i < row.images; ++i) filled.push_back(std::move(pictures[next++]));
    filled.resize((filled.size() + columns - 1) / columns * columns, empty);
  }
  return filled;
}

std::string describe(std::span<const ClassRow> rows) {
  constexpr std::size_t kMostNamed = 20;
  const int most = columns_of(rows), fewest = std::ranges::min(rows, {}, &ClassRow::images).images;
  std::string images = counted(fewest, "image");
  if (most > fewest) images = fmt::format("{} or {} images", fewest, most);
  if (rows.size() > kMostNamed) return fmt::format("{} of each of {} classes", images, grouped(rows.size()));
  std::vector<int> named;
  for (const ClassRow& row : rows) named.push_back(row.of_class);
  return fmt::format("{}{} of class {}", images, rows.size() > 1 ? " each" : "", fmt::join(named, ", "));
}

}  // namespace pcnn
