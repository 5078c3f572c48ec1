#pragma once

// What a sampler is asked for and what it gives, the same for every sampler.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "engine/compile/backend.h"
#include "engine/core/random.h"
#include "engine/model/given.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"

namespace pcnn {

inline constexpr double kMostTemperature = 1000.0;  // that users may ask for

// One chain draws one image, pixel by pixel in raster order. Its image is a function of the parameters, the
// seed, the chain's index, what is given and what is known of the image: not of threads, other chains, or
// what else the canvas holds. In bf16 the network's values are others than in f32, and images differ where a
// draw falls between.
struct SampleRequest {
  int chains = 1;
  int first_chain = 0;  // the index of the first of them
  std::uint64_t seed = 1;
  // 0 or more: see OutputHead::probabilities(). Below 1 bolder, above 1 wilder; 0: every value the most
  // probable one, so that all chains draw the same image.
  double temperature = 1.0;

  Given given{};  // of each chain's image, what the network's condition is

  // In-painting: where `known` is not 0 the canvas' values are kept, elsewhere they do not matter. Drawn
  // pixels see the known ones before them in raster order, never those after. Both empty: nothing is known.
  std::span<const float> canvas;        // [chain][channel][row][column] as fed to the network
  std::span<const std::uint8_t> known;  // [chain][row][column]

  bool with_probabilities = false;
  // Called now and then, from one thread at a time, with the pixels done of all chains together.
  std::function<void(std::int64_t pixels)> on_progress;
};

// What speculation did (speculation.h), over all images.
struct SpeculationCounts {
  std::int64_t passes = 0;   // of the network, over one pixel or a span, for a batch of chains
  std::int64_t guessed = 0;  // pixels of spans that were not known
  std::int64_t kept = 0;     // of those, the ones drawn as guessed, up to the first that was not
  SpeculationCounts& operator+=(const SpeculationCounts& other) {
    passes += other.passes;
    guessed += other.guessed;
    kept += other.kept;
    return *this;
  }
};

struct Samples {
  std::vector<float> images;  // [chain][channel][row][column] as fed to the network
  // Of every dimension's outcomes given the pixels before it, at the request's temperature:
  // [chain][channel][row][column][head.probability_count()]. Empty unless asked for. NaN where the logits
  // that they are of are not finite.
  std::vector<float> probabilities;
  int chain_batch = 1;                    // chains that moved together, at most
  Precision precision = Precision::kF32;  // of the products
  int longest_span = 1;                   // of pixels guessed at once; 1: none were
  SpeculationCounts speculation;
};

// Draws pixels and writes them down: what all samplers share. Thread-safe on different chains.
class PixelDraws {
 public:
  // All must outlive this. Throws std::invalid_argument where the request's spans do not fit the network,
  // and ComputeError where what is given does not.
  PixelDraws(const Network& network, const OutputHead& head, const SampleRequest& request);

  // Draws (or keeps, where they are known) the channels of one group of a pixel from the group's logits;
  // writes their values, [channel of the group]. Whether the image held these already.
  bool draw(int chain, int row, int column, int group, std::span<const float> logits,
            std::span<float> values);
  // Whether the chain's pixel is kept as it is and nobody asks for its probabilities: its logits need not be
  // computed.
  [[nodiscard]] bool skips(int chain, int row, int column) const;
  [[nodiscard]] bool is_known(int chain, int row, int column) const;
  // The number that a dimension is drawn with.
  [[nodiscard]] float uniform(int chain, int row, int column, int channel) const;
  // The image of one chain, for samplers that look at all of it. What is not known may be written to: it
  // stands until it is drawn.
  [[nodiscard]] std::span<float> image(int chain);
  void count_pixels(int pixels);

  // The result; chain_batch and precision: see Samples.
  [[nodiscard]] Samples take(int chain_batch, Precision precision) &&;

 private:
  const OutputHead& head_;
  const SampleRequest& request_;
  Shape image_;
  RandomStream stream_;
  int group_channels_;  // image channels of a channel group
  Samples samples_;
  std::atomic<std::int64_t> done_{0};
  std::mutex progress_mutex_;
};

}  // namespace pcnn
