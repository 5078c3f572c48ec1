#pragma once

// Classes of images, from files beside them: what data.labels: true reads.

#include <string>
#include <vector>

#include "engine/data/image_set.h"

namespace pcnn {

// Throws FileError, for a data set without the file that data.labels: true needs.
void require_labels(const std::string& path);

// The lines of a text file as the names of classes 0, 1, 2 ..., for a set that has labels. Throws FileError,
// and ConfigError where a label has no line.
void read_label_names(const std::string& path, ImageSet& images);

}  // namespace pcnn
