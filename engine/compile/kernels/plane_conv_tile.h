#pragma once

// The convolution of training_kernels.h between planes, once for every vector width. Included by source files
// that are built once per instruction set.
//
// An image's planes are copied one after the other with zeros between their rows, as many as taps reach
// aside, and rows of zeros above and below. The zeros behind a row are those before the next one:
//
//     0 0 0 0 0 0 0       zeros above
//     0 0 x x x x x       each row: zeros before it, its values
//     0 0 x x x x x
//     0 0                 what the last row's taps read behind it
//
// So what a tap reads for all pixels is one run of numbers, that of the pixels moved by a fixed distance: the
// forward pass adds such runs, each times its weight, and a weight's gradient is the product of one with
// diff_dst, which has zeros in the same places. Both compute some numbers between the rows that nobody reads.

#include <cstddef>
#include <cstring>

#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/simd.h"

namespace pcnn {
namespace {

template <int kLanes>
class PlaneConvTile : Simd<kLanes> {
 public:
  static void forward(const PlaneConv& conv, const float* weights, const float* bias, float* dst) {
    const PlaneConvTile tile(conv);
    for (int image = 0; image < conv.images; ++image) {
      tile.pad(image);
      for (int filter = 0; filter < conv.filters; ++filter)
        tile.add_taps(weights + size(filter) * tile.kernel_, bias[filter],
                      dst + size(image * conv.filters + filter) * size(conv.height * conv.width));
    }
  }

  // Of an image at a time, added in the order of images.
  static void backward(const PlaneConv& conv, const float* diff_dst, float* weights, float* bias) {
    const PlaneConvTile tile(conv);
    tile.clear(weights, bias);
    for (int image = 0; image < conv.images; ++image) {
      tile.pad(image);
      for (int filter = 0; filter < conv.filters; ++filter)
        tile.add_gradients(diff_dst + size(image * conv.filters + filter) * size(conv.height * conv.width),
                           weights + size(filter) * tile.kernel_, bias[filter]);
    }
  }

 private:
  using typename Simd<kLanes>::Vector;
  using Simd<kLanes>::load, Simd<kLanes>::store;

  static constexpr int kVectors = 4;  // of a run that are computed side by side
  static constexpr int kTaps = 4;     // whose gradients are computed side by side

  static std::size_t size(int value) { return static_cast<std::size_t>(value); }

  explicit PlaneConvTile(const PlaneConv& conv)
      : c_(conv),
        layout_(plane_layout(conv, kLanes)),
        kernel_(size(conv.in_channels) * size(conv.kernel_height * conv.kernel_width)),
        run_(conv.scratch),
        planes_(run_ + layout_.run) {}

  void pad(int image) const {
    std::memset(planes_, 0, layout_.plane * size(c_.in_channels) * sizeof(float));
    const float* src = c_.src + size(image * c_.in_channels) * size(c_.height * c_.width);
    for (int channel = 0; channel < c_.in_channels; ++channel)
      copy_rows(src + size(channel) * size(c_.height * c_.width), size(c_.width),
                planes_ + size(channel) * layout_.plane + layout_.origin, layout_.row);
  }

  void copy_rows(const float* src, std::size_t src_row, float* dst, std::size_t dst_row) const {
    for (int row = 0; row < c_.height; ++row)
      std::memcpy(dst + size(row) * dst_row, src + size(row) * src_row, size(c_.width) * sizeof(float));
  }

  // What the tap reads of a channel for the first pixel.
  const float* read_by(int channel, const KernelTap& tap) const {
    const auto row = static_cast<std::ptrdiff_t>(layout_.row);
    return planes_ + size(channel) * layout_.plane + layout_.origin + (tap.down * row + tap.right);
  }
  std::size_t weight_of(int channel, const KernelTap& tap) const {
    return size((channel * c_.kernel_height + tap.row) * c_.kernel_width + tap.column);
  }

  // weights: of one filter.
  void add_taps(const float* weights, float bias, float* dst) const {
    for (std::size_t at = 0; at < layout_.run; at += kVectors * kLanes) {
      Vector sums[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums[v] = Vector{} + bias;
      for (int channel = 0; channel < c_.in_channels; ++channel)
        for (int t = 0; t < c_.tap_count; ++t) {
          const float* from = read_by(channel, c_.taps[t]) + at;
          const float weight = weights[weight_of(channel, c_.taps[t])];
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) sums[v] += weight * load(from + v * kLanes);
        }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) store(run_ + at + v * kLanes, sums[v]);
    }
    copy_rows(run_, layout_.row, dst, size(c_.width));
  }

  void clear(float* weights, float* bias) const {
    for (int filter = 0; filter < c_.filters; ++filter) {
      bias[filter] = 0.0f;
      for (int channel = 0; channel < c_.in_channels; ++channel)
        for (int t = 0; t < c_.tap_count; ++t)
          weights[size(filter) * kernel_ + weight_of(channel, c_.taps[t])] = 0.0f;
    }
  }

  static float sum(const Vector& lanes) {
    float total = 0.0f;
    for (int lane = 0; lane < kLanes; ++lane) total += lanes[lane];
    return total;
  }

  // Of one filter.
  void add_gradients(const float* diff_dst, float* weights, float& bias) const {
    std::memset(run_, 0, layout_.run * sizeof(float));
    copy_rows(diff_dst, size(c_.width), run_, layout_.row);
    Vector all{};
    for (std::size_t at = 0; at < layout_.run; at += kLanes) all += load(run_ + at);
    bias += sum(all);
    for (int channel = 0; channel < c_.in_channels; ++channel)
      for (int first = 0; first < c_.tap_count; first += kTaps) {
        const int count = c_.tap_count - first < kTaps ? c_.tap_count - first : kTaps;
        const float* from[kTaps];
        for (int t = 0; t < kTaps; ++t) from[t] = read_by(channel, c_.taps[first + (t < count ? t : 0)]);
        Vector sums[kTaps] = {};
        for (std::size_t at = 0; at < layout_.run; at += kLanes) {
          const Vector diff = load(run_ + at);
#pragma GCC unroll 4
          for (int t = 0; t < kTaps; ++t) sums[t] += diff * load(from[t] + at);
        }
        for (int t = 0; t < count; ++t) weights[weight_of(channel, c_.taps[first + t])] += sum(sums[t]);
      }
  }

  const PlaneConv& c_;
  const PlaneLayout layout_;
  const std::size_t kernel_;  // weights of a filter
  float* const run_;          // of one filter: its results, or diff_dst
  float* const planes_;
};

}  // namespace
}  // namespace pcnn
