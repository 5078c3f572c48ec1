#pragma once

#include <string>
#include <string_view>

#include "engine/core/shape.h"
#include "engine/data/data_config.h"
#include "engine/data/image_set.h"

namespace pcnn {

// Three splits of one image size, none of them empty. No image of a file is in two of them, unless train_on
// is test: then train and validation are the test images, and the note says so. Nor is a test image that
// equals one of the train file, value for value, unless the config allows it or the data set is published so
// (CIFAR-10); the note says how many there are.
struct Dataset {
  ImageSet train;
  ImageSet validation;
  ImageSet test;
  std::string note;              // belongs beside every result; empty where there is nothing to say
  std::string passed_over = {};  // of both parts, see ImageSet; to be said once
};

// Reads the train and test files of the config's directory; only the second where train_on is test.
// Validation is taken out of the train file and both keep the file's order; so are the test images where the
// directory has no test file. What data.condition reads lies beside them: train_condition.npy and
// test_condition.npy. Throws FileError for a missing
// file, with what fetches it; FormatError for a damaged one or for image sizes that disagree; ConfigError
// where files and config do not fit each other, or test images are in the train file.
[[nodiscard]] Dataset load_dataset(const DataConfig& config);

// Size of one image, n = 1. Known for the named data sets without any file; for the others from the header of
// the test file, or from the first test image of kPng.
[[nodiscard]] Shape dataset_shape(const DataConfig& config);

// What a result was computed on: "MNIST test split, 10,000 images", and how those were chosen where they
// were. images: of load_dataset. split: "train", "validation" or "test".
[[nodiscard]] std::string describe_split(const DataConfig& config, const ImageSet& images,
                                         std::string_view split);

}  // namespace pcnn
