#pragma once

// The network compiled to compute one pixel at a time. A causal feature never changes once its pixel is done,
// so a sampler that visits the pixels in raster order computes one new feature vector per op, from a few rows
// it kept:
//
//     . . . . . . .      row y - 2   forgotten
//     k k k k k k k      row y - 1   kept: what a 3x3 kernel still reads
//     k k k n            row y       n is computed now, from its live taps
//
// so an image costs what one forward pass costs, not one pass per pixel. Rows are ring buffers: memory grows
// with the image's width, never with its height. Taps outside the image are skipped, so no padding is stored,
// and nothing is read before it was written: a cache can be used for image after image without being cleared.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "engine/compile/kernels/pixel_gemm.h"
#include "engine/compile/readers.h"
#include "engine/model/network.h"

namespace pcnn {

class PixelProgram;

// The kept rows of a flock of chains, which move from pixel to pixel together. Not thread-safe; the program
// must outlive it.
class PixelCache {
 public:
  PixelCache(const PixelProgram& program, int chains);
  [[nodiscard]] int chains() const { return chains_; }

 private:
  friend class PixelProgram;
  int chains_;
  std::vector<float> values_;
  std::vector<PixelTap> taps_;
  std::vector<std::uint16_t> scratch_;  // of the kernel
};

// Immutable after construction, parameters included; shared by every thread.
class PixelProgram {
 public:
  // For images of network.image_width columns and any number of rows. parameters: the flat f32 masters. The
  // kernel must be one this processor can run, see pixel_gemm.h. Maps are held in f32 under any kernel.
  // Throws ComputeError where the logits read their own pixel.
  PixelProgram(const Network& network, std::span<const float> parameters,
               const PixelKernel& kernel = pixel_kernels().back());

  // Bytes of a PixelCache per chain: width x kernel rows x depth.
  [[nodiscard]] std::size_t cache_bytes_per_chain() const { return chain_floats_ * sizeof(float); }
  [[nodiscard]] std::size_t weight_bytes() const;

  [[nodiscard]] int groups() const { return network_.groups; }
  [[nodiscard]] Precision precision() const { return kernel_.precision; }

  // The logits of one channel group at a pixel, [chain][logit channel of the group], valid until the next
  // call. Every pixel before it, in raster order from (0, 0), and every group before it, must have been
  // through logits() and set_pixel(). Allocates nothing.
  [[nodiscard]] std::span<const float> logits(PixelCache& cache, int row, int column, int group) const;
  // What the image holds there, [chain][image channel of the group] as fed to the network.
  void set_pixel(PixelCache& cache, int row, int column, int group, std::span<const float> values) const;

 private:
  friend class PixelCache;

  // Where a node's vectors are kept, by channel group: `rows` x `columns` of them, or one that each pixel
  // overwrites.
  struct Store {
    std::size_t offset = 0;  // floats per chain
    int rows = 1;
    int columns = 1;
    int channels = 0;
  };
  // What computes the maps of one channel group.
  struct PackedGroup {
    std::vector<std::uint32_t> weights;
    std::size_t panel_words = 0;
    std::vector<float> bias;
  };
  // A convolution with the activation and the addition that follow it, where nothing else reads in between.
  struct ConvStep {
    MaskedConvOp op;
    std::optional<ActivationOp> activation;
    int skip = -1;  // node added to the result; -1: none
    int dst = 0;    // node
    std::vector<PackedGroup> groups;
  };
  struct ActivationStep {
    ActivationOp op;
    int dst = 0;
  };
  struct AddStep {
    AddOp op;
    int dst = 0;
  };
  using Step = std::variant<ConvStep, ActivationStep, AddStep>;

  [[nodiscard]] ConvStep fuse(int node, const Readers& readers, const std::vector<bool>& sees) const;
  void pack(ConvStep& step, std::span<const float> parameters);
  void place_nodes();
  // A place in the image, and the maps asked for there.
  struct Place {
    int row = 0;
    int column = 0;
    int group = 0;
  };
  [[nodiscard]] int channels_of_group(int node) const;
  [[nodiscard]] float* at(PixelCache& cache, int node, const Place& place) const;
  void run_steps(std::size_t begin, std::size_t end, PixelCache& cache, const Place& place) const;
  void run(const ConvStep& step, PixelCache& cache, const Place& place) const;
  void run(const ActivationStep& step, PixelCache& cache, const Place& place) const;
  void run(const AddStep& step, PixelCache& cache, const Place& place) const;

  Network network_;
  PixelKernel kernel_;
  std::vector<Step> steps_;
  std::size_t early_steps_ =
      0;                       // those of logits(); the others see the pixel itself and wait for set_pixel()
  std::vector<Store> stores_;  // by node; nodes inside a fused step have none
  std::size_t chain_floats_ = 0;
  std::size_t max_taps_ = 0;
  std::size_t max_tap_words_ = 0;  // of all taps of one step, per chain
};

}  // namespace pcnn
