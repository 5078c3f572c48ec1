#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ranks/ranks.h"
#include "engine/run/console.h"
#include "engine/run/precision_choice.h"
#include "engine/sample/sampler.h"

namespace pcnn {

// What `pcnn-sample` was asked for.
struct SampleOptions {
  std::string model;   // run directory or checkpoint file
  std::string output;  // .png: one grid; .npy: levels as uint8 (above 256 of them uint16),
                       // [image][channel][row][column]; a folder: single PNGs; see output_kind()
  int count = 0;       // images, or completions of each partial image; 0: see images_of_each()
  std::vector<int>
      classes;  // of a model that is told classes: shared out to these in turn; empty: to all of them
  std::string condition;  // .npy of rows that a model is told: shared out to them likewise; of partial images
                          // one for each, or one for all
  std::uint64_t seed = 1;
  double temperature = 1.0;                  // 0: the most probable level of every pixel
  int threads = 0;                           // 0: all cores this process may use
  SamplerConfig sampler;                     // its precision is chosen by the one below
  std::optional<PrecisionChoice> precision;  // the run's, unless given
  int height = 0, width = 0;                 // 0: as trained, or as the partial images
  std::string complete, mask;                // in-painting: see read_partial_images(); both or neither
  std::string trace;                         // .npy for the probabilities of every dimension: float32,
                                             // [image][channel][row][column], then [level] unless the
                                             // head is Bernoulli; empty: none
  int columns = 0;                           // of the grid; 0: nearest to a square
  int scale = 0;                             // of pictures; 0: 4 in a grid, 1 of single ones
  Verbosity verbosity = Verbosity::kNormal;
  bool overwrite = false;  // of files that exist
  Ranks* ranks = nullptr;  // that compute, see serve.h; null: this process alone
};

// Draws images from a trained model and writes them. Files that exist are refused before anything is
// computed. Throws pcnn::Error.
void sample(const SampleOptions& options);

}  // namespace pcnn
