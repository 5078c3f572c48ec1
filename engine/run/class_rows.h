#pragma once

// Images of a network that is told something of them, as grids show them: a row for each class, or for each
// vector, which is then named by its index.

#include <span>
#include <string>
#include <vector>

#include "engine/io/image.h"

namespace pcnn {

struct ClassRow {
  int of_class = 0;
  int images = 0;
};

// `count` images, shared out to these classes as evenly as it goes, the first ones one more; classes that
// none is left for have no row.
[[nodiscard]] std::vector<ClassRow> share_out(int count, std::span<const int> classes);

// 0, 1, 2 ...
[[nodiscard]] std::vector<int> all_classes(int count);

// Of every image, row by row.
[[nodiscard]] std::vector<int> classes_of(std::span<const ClassRow> rows);

// Of a grid of these rows.
[[nodiscard]] int columns_of(std::span<const ClassRow> rows);

// The pictures of all rows, one after the other, with background where a row is shorter than the longest.
[[nodiscard]] std::vector<Image8> fill_rows(std::span<const ClassRow> rows, std::vector<Image8> pictures);

// "10 images each of class 0, 1, 2"; "4 images of class 0; 3 images each of class 1, 2"; of many classes
// their number. one, many: what rows are of.
[[nodiscard]] std::string describe(std::span<const ClassRow> rows, const std::string& one = "class",
                                   const std::string& many = "classes");

}  // namespace pcnn
