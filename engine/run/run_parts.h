#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/compile/backend.h"
#include "engine/data/dataset.h"
#include "engine/data/pixel_coding.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/ranks/ranks.h"
#include "engine/run/run_config.h"
#include "engine/run/run_directory.h"
#include "engine/run/start_from.h"

namespace pcnn {

// Of the images of a run: every checkpoint names them, so that it goes on with the same.
struct Fingerprints {
  std::string train, validation, test;
};

// What a training run is made of: all of it settled before the first step, none of it changed by one.
struct RunParts {
  RunConfig config;
  std::string resolved_yaml;  // every key in effect; in config.yaml and every checkpoint
  std::vector<std::pair<std::string, std::string>> values;  // the same as pairs of path and value, as YAML
  Dataset data;
  Fingerprints fingerprints;
  std::unique_ptr<const PixelCoding> coding;
  Network network;
  std::unique_ptr<const OutputHead> head;
  Precision precision = Precision::kF32;
  std::optional<StartParameters> start;  // none: as model.initialisation says
  RunDirectory directory;
  bool resumes = false;    // from the checkpoint of the directory
  Ranks* ranks = nullptr;  // that compute; null: this process alone
};

// Reads and checks everything a run needs, whose config was read from the document, and makes nothing: where
// it is refused, it is refused here. resume: the directory of the run to go on with, which needs no
// train.start_from; empty for a new run, whose directory is named, but not made. Throws ConfigError,
// FileError or FormatError.
[[nodiscard]] RunParts make_parts(const RunConfig& config, const ConfigDocument& document,
                                  Precision precision, const std::string& resume);

}  // namespace pcnn
