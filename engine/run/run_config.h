#pragma once

// The whole config: every section, read once into plain structs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/data/data_config.h"
#include "engine/model/model_config.h"
#include "engine/run/precision_choice.h"
#include "engine/sample/sampler.h"
#include "engine/train/train_config.h"

namespace pcnn {

struct SampleConfig {
  SamplerConfig sampler;
  double temperature = 1.0;
  int count = 25;        // images per grid; 0 draws none
  int every_epochs = 1;  // the last epoch always draws
  int columns = 0;       // of the grid; 0: nearest to a square
  int scale = 4;         // pixels of the picture per pixel of the image
};

struct RunConfig {
  std::string name;  // the run directory is <output>/<name>
  std::string output = "runs";
  std::uint64_t seed = 1;
  int threads = 1;
  PrecisionChoice precision = Precision::kF32;  // of training, scoring and sampling
  DataConfig data;
  ModelConfig model;
  TrainConfig train;
  SampleConfig sample;
  std::vector<std::string> notes;  // what whoever wrote the config should know, a line each

  [[nodiscard]] std::string directory() const { return output + "/" + name; }
};

// Reads every section but `sweep`, and refuses keys nobody knows. default_name stands where the config has no
// `name`. Throws ConfigError.
[[nodiscard]] RunConfig read_run_config(const ConfigDocument& document, const std::string& default_name);

}  // namespace pcnn
