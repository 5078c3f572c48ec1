#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/shape.h"
#include "engine/ranks/ranks.h"
#include "engine/train/scorer.h"

namespace pcnn {

// What `pcnn-eval` was asked for.
struct EvalOptions {
  std::string model;                   // run directory or checkpoint file
  std::vector<std::string> overrides;  // data.*, threads and precision of the run's config
  std::string split;                   // "test", "validation" or "train"; empty: test
  std::string images;                  // .npy, PNG or folder of them to score instead of a split; see
                                       // read_own_images()
  std::string condition;               // .npy of what is known of those, a row for each; empty: none
  std::string scores;                  // .csv for the score of every image; empty: none
  std::string background;              // run directory or checkpoint of a second model; empty: none
  std::string nll_map;                 // .png for the picture of draw_nll_map(); empty: none
  int count = 0;                       // its most likely images, and as many of the least; 0: 8
  bool classify = false;               // also gives p(class | image), of a model with a condition
  int threads = 0;                     // 0: those of an override, else all cores this process may use
  bool overwrite = false;              // of files that exist
  bool live = true;                    // shows progress on standard output
  Ranks* ranks = nullptr;              // that compute, see serve.h; null: this process alone
};

struct Interval {
  double low = 0.0, high = 0.0;
};

struct Evaluation {
  std::string model;                      // path of the checkpoint
  std::string split;                      // what was scored: "MNIST test split, 10,000 images"
  std::string coding;                     // of its pixels
  bool binary = true;                     // the coding is a binarisation
  std::string precision;                  // "f32"
  Shape image;                            // n = 1
  std::vector<double> nats;               // of each image, summed over its dimensions
  std::vector<std::uint32_t> file_index;  // of each image, in the file it came from
  std::vector<std::string> files;         // of each image, in its folder; empty where they lie in one file
  std::vector<std::string> labels;  // of each image, the class's name or number; empty where none are known
  Score score;
  std::optional<Interval> nats_per_image;  // see interval_over_images()
  std::vector<std::string> notes;          // belong beside every figure

  // A second model's scores of the same images. Where it has learnt what images of any kind have in common
  // (trained on noisy ones, or on another set), the ratio says what only the first model knows: low for
  // images from elsewhere. Source: Ren et al., "Likelihood ratios for out-of-distribution detection", NeurIPS
  // 2019.
  struct Background {
    std::string model;              // path of the checkpoint
    std::string precision;          // "f32"
    std::vector<double> nats;       // of each image
    std::vector<double> log_ratio;  // of each image: log p(x) - log p_background(x), in nats
    Score score;
    double log_ratio_per_image = 0.0;  // mean
    std::optional<Interval> interval;  // of that mean
  };
  std::optional<Background> background;

  // Of a model that is told the class: see classify().
  struct Classification {
    int classes = 0;
    std::vector<int> predicted{};            // of each image, the most probable class
    std::vector<std::string> names{};        // of those, the class's name or number
    std::vector<double> probability{};       // p(that class | image)
    std::optional<int> correct{};            // images whose class is known, and is the one predicted
    std::optional<double> nats_per_label{};  // mean -log p(known class | image)
  };
  std::optional<Classification> classification;

  struct NllMap {
    std::vector<int> most_likely, least_likely;  // indices of images, the extreme first
    double white_nats = 0.0;                     // of the pixel that is white in a map
  };
  std::optional<NllMap> nll_map;
  double seconds = 0.0;  // of scoring
};

// Scores images exactly, with the parameters, precision and shards of the run: for the test split the figures
// of its results.json to the last bit. Writes the files asked for; those that exist are refused before
// anything is computed. Throws pcnn::Error.
[[nodiscard]] Evaluation evaluate(const EvalOptions& options);

// What people and programs read of it. The JSON is one object: means as results.json names them, and for
// each "..._interval", [low, high] or null.
[[nodiscard]] std::string report_text(const Evaluation& evaluation, const EvalOptions& options);
[[nodiscard]] std::string report_json(const Evaluation& evaluation, const EvalOptions& options);

}  // namespace pcnn
