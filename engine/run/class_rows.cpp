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

std::string describe(std::span<const ClassRow> rows, const std::string& one, const std::string& many) {
  constexpr std::size_t kMostNamed = 20;
  const int most = columns_of(rows), fewest = std::ranges::min(rows, {}, &ClassRow::images).images;
  // The first ones have one more.
  const auto more = static_cast<std::size_t>(std::ranges::count(rows, most, &ClassRow::images));
  if (rows.size() > kMostNamed) {
    const std::string of_each = fmt::format("of each of {} {}", grouped(rows.size()), many);
    if (most == fewest) return fmt::format("{} {}", counted(most, "image"), of_each);
    return fmt::format("{} {}, and one more of the first {}", counted(fewest, "image"), of_each,
                       grouped(more));
  }
  const auto of_some = [&](std::span<const ClassRow> some) {
    std::vector<int> named;
    for (const ClassRow& row : some) named.push_back(row.of_class);
    return fmt::format("{}{} of {} {}", counted(some.front().images, "image"), some.size() > 1 ? " each" : "",
                       one, fmt::join(named, ", "));
  };
  if (most == fewest) return of_some(rows);
  return of_some(rows.first(more)) + "; " + of_some(rows.subspan(more));
}

}  // namespace pcnn
