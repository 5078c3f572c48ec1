#pragma once

// The names of IDX files: train-images-idx3-ubyte, t10k-images-idx3-ubyte, train-labels-idx1-ubyte and
// t10k-labels-idx1-ubyte of MNIST; with a dot before idx; with .gz; test in place of t10k; and a prefix, as
// EMNIST has: emnist-letters-train-images-idx3-ubyte.

#include <optional>
#include <string>

#include "engine/data/image_source.h"

namespace pcnn {

enum class IdxContent { kImages, kLabels };

// As MNIST names it, after the prefix: "emnist-letters-t10k-images-idx3-ubyte". An empty prefix is none.
[[nodiscard]] std::string idx_name(const std::string& prefix, Part part, IdxContent content);

// The path of the file by that name or another of its names, of those that are there the first: - before .,
// plain before .gz, t10k before test.
[[nodiscard]] std::optional<std::string> find_idx_file(const std::string& directory,
                                                       const std::string& prefix, Part part,
                                                       IdxContent content);

// The prefix of the image files in a directory; none where there are files without. Throws ConfigError where
// there are several.
[[nodiscard]] std::string find_idx_prefix(const std::string& directory);

}  // namespace pcnn
