#pragma once

#include <memory>
#include <string>

#include "engine/compile/precision.h"
#include "engine/data/dataset.h"
#include "engine/data/pixel_coding.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"
#include "engine/run/run_config.h"
#include "engine/run/run_directory.h"

namespace pcnn {

// What a training run is made of: all of it settled before the first step, none of it changed by one.
struct RunParts {
  RunConfig config;
  std::string resolved_yaml;  // every key in effect; in config.yaml and every checkpoint
  Dataset data;
  std::string fingerprint;  // of the train images: every checkpoint names it
  std::unique_ptr<const PixelCoding> coding;
  Network network;
  std::unique_ptr<const OutputHead> head;
  Precision precision = Precision::kF32;
  RunDirectory directory;
};

}  // namespace pcnn
