#pragma once

// Classes of images, from files beside them: what data.labels: true reads, and what a network that is told
// the class of an image asks of them.

#include <string>
#include <vector>

#include "engine/data/image_set.h"

namespace pcnn {

// Throws FileError, for a data set without the file that data.labels: true needs.
void require_labels(const std::string& path);

// The lines of a text file as the names of classes 0, 1, 2 ..., for a set that has labels. Throws FileError,
// and ConfigError where a label has no line.
void read_label_names(const std::string& path, ImageSet& images);

// Throws ConfigError where an image of the split has no class, or one that is not below `classes`, those of
// model.condition.
void require_classes(const ImageSet& images, int classes);

// What there is to say of classes that no image is of: "no train image is of class 3, 7 ..."; empty for
// nothing.
[[nodiscard]] std::string note_on_classes_without(const ImageSet& images, int classes);

}  // namespace pcnn
