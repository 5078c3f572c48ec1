#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/shape.h"
#include "engine/data/image_set.h"

namespace pcnn {

struct DataConfig;

enum class Part { kTrain, kTest };

// The files of a data set. A new kind of files is a class in two files of its own and a line in
// make_image_source.
// Immutable; reads files, keeps none open.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // What stands before "test split" in results: "MNIST", "npy files in here,".
  [[nodiscard]] virtual std::string title() const = 0;

  // Whether there are test files. Where there are none, test images are taken out of the train files.
  [[nodiscard]] virtual bool has_test() const { return true; }

  // Every image of a part, with ids_in_order; the name is the path read. Its shape passes is_image_shape and
  // its pixels are below `values`. Throws FileError where files are missing, with what would mend it;
  // FormatError or ConfigError where they are not what the config says.
  [[nodiscard]] virtual ImageSet read(Part part) const = 0;

  // Of one image, n = 1; from headers, or without any file where the name says it. Of the test files where
  // there are some, else of the train files.
  [[nodiscard]] virtual Shape shape() const = 0;

  // What belongs beside every result; empty where there is nothing to say.
  [[nodiscard]] virtual std::string note() const { return {}; }

  // The byte at which a file tells its shape, for messages.
  [[nodiscard]] virtual std::uint64_t shape_at() const = 0;
};

// Opens no file.
[[nodiscard]] std::unique_ptr<const ImageSource> make_image_source(const DataConfig& config);

}  // namespace pcnn
