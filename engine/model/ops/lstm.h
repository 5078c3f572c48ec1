#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/model/ops/answers.h"

namespace pcnn {

// In which order an LSTM goes through the pixels of an image.
enum class LstmPath {
  kRows,          // row by row, all pixels of a row at once
  kDiagonal,      // from the left edge to the right, a diagonal of pixels at once
  kDiagonalBack,  // from the right edge to the left
};

// A long short-term memory over the pixels of an image, in each channel group on its own but for the states,
// of which every group reads those of all:
//
//     a = src + sum over the states s of weight[.][.][0][s] * h(state s)     4 maps for each of the result
//     i, f, g, o = the first, second, third and last quarter of a            of each channel group
//     c = sigmoid(f + 1) * c(before) + sigmoid(i) * tanh(g)
//     h = sigmoid(o) * tanh(c)
//
//     path            states of the pixel at (y, x)                   c(before)
//     kRows           (y - 1, x - k / 2) to (y - 1, x + k / 2)        (y - 1, x)
//     kDiagonal       (y, x - 1), (y - 1, x)                          (y, x - 1)
//     kDiagonalBack   (y, x + 1), (y - 1, x)                          (y, x + 1)
//
// h and c are zero outside the image. dst(y, x) = h(y - down, x), zero in the first `down` rows: what comes
// from the right edge has seen the row to its end, and is moved down a row before a pixel may read it.
//
// Sources: van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016,
// sections 3.1 and 3.2; the 1 that is added to f: Gers, Schmidhuber, Cummins, "Learning to Forget", 2000.
struct LstmOp {
  int src = 0;
  LstmPath path = LstmPath::kRows;
  int state_count = 3;  // odd along rows, the k above; else 2
  int weight = 0;       // index into Network::parameters, OIHW: [4 maps][map][1][state]
  int down = 0;         // rows; 0 or 1

  // Relative to the pixel, in the order of the weights.
  [[nodiscard]] std::vector<Tap> states() const;
  // Where the cell lies that is carried on.
  [[nodiscard]] Tap cell_before() const;

  [[nodiscard]] std::vector<Reads> reads() const {
    return {{.node = src, .taps = {Tap{.down = -down, .right = 0, .groups = GroupsRead::kOwn}}, .up = down}};
  }
  void renumber(std::span<const int> nodes) { src = nodes[to_index(src)]; }
  [[nodiscard]] Sight own_sight() const { return Sight::kGiven; }
  [[nodiscard]] std::vector<Tap> own_taps() const { return states(); }
  [[nodiscard]] std::vector<ParameterScale> parameters(int channels) const;
  // What an LSTM hands on of inputs of the order of one is about a third of that.
  [[nodiscard]] double input_gain() const { return 2.0; }
  [[nodiscard]] int summands() const { return 1; }
  [[nodiscard]] std::string title() const;
  [[nodiscard]] std::string formula(std::span<const std::string> inputs) const;
  [[nodiscard]] std::optional<LayerSummary> summary(const Network& network, int node) const;
};

}  // namespace pcnn
