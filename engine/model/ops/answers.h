#pragma once

// What every op is asked. An op is a struct in a file of its own in this folder; it has these members, and
// op.h asks them of any op:
//
//     std::vector<Reads> reads() const;           the nodes it reads, and where
//     void renumber(std::span<const int> nodes);  reads nodes[n] where it read n
//     Sight own_sight() const;                    what it sees beside what it reads
//     std::vector<Tap> own_taps() const;          where it reads its own result, if at other pixels
//     std::vector<ParameterScale> parameters(int channels) const;
//     double input_gain() const;                  what keeps the size of a signal, see below
//     int summands() const;
//     std::string title() const;                  "7x7 convolution, mask A"
//     std::string formula(std::span<const std::string> inputs) const;
//     std::optional<LayerSummary> summary(const Network& network, int node) const;
//
// None has a default: an op that leaves one out does not compile.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/index.h"
#include "engine/core/shape.h"
#include "engine/model/sight.h"

namespace pcnn {

// What an op reads of one of its inputs to compute a pixel.
struct Reads {
  int node = 0;
  std::vector<Tap> taps{};  // in raster order, one per place
  // How far a kernel without a mask would reach, rows and columns.
  int up = 0;
  int side = 0;
  // All that comes before the pixel in raster order, of which the taps are the nearest.
  bool all_earlier = false;
};

// The pixel itself, map by map.
[[nodiscard]] inline Reads reads_pixel(int node) {
  return {.node = node, .taps = {Tap{}}};
}

// Every place before the pixel, in these channel groups.
[[nodiscard]] inline Reads reads_all_earlier(int node, GroupsRead groups) {
  return {.node = node,
          .taps = {{.down = -1, .right = 0, .groups = groups}, {.down = 0, .right = -1, .groups = groups}},
          .all_earlier = true};
}

// A parameter of an op, and the standard deviation of random values under which inputs of the order of one
// give maps of the order of one.
struct ParameterScale {
  int parameter = 0;  // index into Network::parameters
  double deviation = 0.0;
};

// A line of the table of layers.
struct LayerSummary {
  std::string name{};
  std::string mask{};          // "A", "B"; of whole rows "VA", "VB"; "" where there is no kernel
  std::string kernel{};        // "7x7"; "3x3/2" with a dilation of 2; "" where there is none
  Shape output{};              // of one image
  std::size_t parameters = 0;  // with bias
  std::size_t live_parameters = 0;
  std::uint64_t multiply_adds = 0;  // of live taps, one image, forward
};

}  // namespace pcnn
