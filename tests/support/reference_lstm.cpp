#include "tests/support/reference_lstm.h"

#include <cmath>
#include <utility>
#include <vector>

#include "engine/core/index.h"

namespace pcnn::testing {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// Of a pixel: those of its states in the order of the weights, then that of the cell carried on. Outside the
// image where there is none.
struct Neighbours {
  std::vector<std::pair<int, int>> states;
  std::pair<int, int> carried;
};
Neighbours neighbours(const LstmOp& op, int y, int x) {
  Neighbours result;
  if (op.path == LstmPath::kRows) {
    for (int i = 0; i < op.state_count; ++i) result.states.emplace_back(y - 1, x + i - op.state_count / 2);
    result.carried = {y - 1, x};
    return result;
  }
  const int beside = op.path == LstmPath::kDiagonal ? x - 1 : x + 1;
  result.states = {{y, beside}, {y - 1, x}};
  result.carried = {y, beside};
  return result;
}

bool is_inside(const Shape& shape, const std::pair<int, int>& at) {
  return at.first >= 0 && at.first < shape.h && at.second >= 0 && at.second < shape.w;
}

// Pixels in an order in which every one comes after those that it reads; the other way round for gradients.
std::vector<std::pair<int, int>> order(const LstmOp& op, const Shape& shape) {
  std::vector<std::pair<int, int>> pixels;
  for (int y = 0; y < shape.h; ++y)
    for (int i = 0; i < shape.w; ++i)
      pixels.emplace_back(y, op.path == LstmPath::kDiagonalBack ? shape.w - 1 - i : i);
  return pixels;
}

// The map of the source that holds quarter q of the gates of a map of the result.
int gate_map(const Network& network, const Shape& shape, int map, int q) {
  const int of_group = shape.c / network.groups;
  return map / of_group * 4 * of_group + q * of_group + map % of_group;
}

std::size_t weight_at(const Network& network, const LstmOp& op, const Shape& shape, int out, int in,
                      std::size_t state) {
  const Shape kernel{4 * shape.c, shape.c, 1, op.state_count};
  return network.parameters[to_index(op.weight)].offset + kernel.offset(out, in, 0, static_cast<int>(state));
}

}  // namespace

ReferenceLstm reference_lstm(const Network& network, int node, const LstmOp& op, int images,
                             std::span<const double> parameters, const Values& src) {
  const Shape shape = network.shape(node, images), gates = network.shape(op.src, images);
  const Values none(shape.size(), 0.0);
  ReferenceLstm all{none, none, none, none, none, none};
  for (int n = 0; n < images; ++n)
    for (const auto& [y, x] : order(op, shape)) {
      const Neighbours near = neighbours(op, y, x);
      for (int map = 0; map < shape.c; ++map) {
        double a[4];
        for (int q = 0; q < 4; ++q) {
          const int out = gate_map(network, shape, map, q);
          a[q] = src[gates.offset(n, out, y, x)];
          for (std::size_t s = 0; s < near.states.size(); ++s)
            if (is_inside(shape, near.states[s]))
              for (int in = 0; in < shape.c; ++in)
                a[q] += parameters[weight_at(network, op, shape, out, in, s)] *
                        all.hidden[shape.offset(n, in, near.states[s].first, near.states[s].second)];
        }
        const std::size_t at = shape.offset(n, map, y, x);
        const double before = is_inside(shape, near.carried)
                                  ? all.cell[shape.offset(n, map, near.carried.first, near.carried.second)]
                                  : 0.0;
        all.input[at] = sigmoid(a[0]);
        all.forget[at] = sigmoid(a[1] + 1);
        all.candidate[at] = std::tanh(a[2]);
        all.output[at] = sigmoid(a[3]);
        all.cell[at] = all.forget[at] * before + all.input[at] * all.candidate[at];
        all.hidden[at] = all.output[at] * std::tanh(all.cell[at]);
      }
    }
  return all;
}

Values reference_lstm_result(const LstmOp& op, const Shape& shape, const Values& hidden) {
  Values result(hidden.size(), 0.0);
  for (int n = 0; n < shape.n; ++n)
    for (int map = 0; map < shape.c; ++map)
      for (int y = op.down; y < shape.h; ++y)
        for (int x = 0; x < shape.w; ++x)
          result[shape.offset(n, map, y, x)] = hidden[shape.offset(n, map, y - op.down, x)];
  return result;
}

void reference_lstm_backward(const Network& network, int node, const LstmOp& op, int images,
                             std::span<const double> parameters, const Values& src, const Values& diff,
                             Values& diff_src, Values& diff_parameters) {
  const Shape shape = network.shape(node, images), gates = network.shape(op.src, images);
  const ReferenceLstm all = reference_lstm(network, node, op, images, parameters, src);
  Values dh(shape.size(), 0.0), dc(shape.size(), 0.0);
  for (int n = 0; n < images; ++n)
    for (int map = 0; map < shape.c; ++map)
      for (int y = op.down; y < shape.h; ++y)
        for (int x = 0; x < shape.w; ++x)
          dh[shape.offset(n, map, y - op.down, x)] = diff[shape.offset(n, map, y, x)];
  const std::vector<std::pair<int, int>> pixels = order(op, shape);
  for (int n = 0; n < images; ++n)
    for (std::size_t pixel = pixels.size(); pixel-- > 0;) {
      const auto [y, x] = pixels[pixel];
      const Neighbours near = neighbours(op, y, x);
      for (int map = 0; map < shape.c; ++map) {
        const std::size_t at = shape.offset(n, map, y, x);
        const bool carries = is_inside(shape, near.carried);
        const std::size_t before =
            carries ? shape.offset(n, map, near.carried.first, near.carried.second) : 0;
        const double i = all.input[at], f = all.forget[at], g = all.candidate[at], o = all.output[at],
                     t = std::tanh(all.cell[at]);
        const double d = dc[at] + dh[at] * o * (1 - t * t);
        const double da[4] = {d * g * i * (1 - i), d * (carries ? all.cell[before] : 0.0) * f * (1 - f),
                              d * i * (1 - g * g), dh[at] * t * o * (1 - o)};
        if (carries) dc[before] += d * f;
        for (int q = 0; q < 4; ++q) {
          const int out = gate_map(network, shape, map, q);
          diff_src[gates.offset(n, out, y, x)] += da[q];
          for (std::size_t s = 0; s < near.states.size(); ++s)
            if (is_inside(shape, near.states[s]))
              for (int in = 0; in < shape.c; ++in) {
                const std::size_t weight = weight_at(network, op, shape, out, in, s),
                                  state = shape.offset(n, in, near.states[s].first, near.states[s].second);
                diff_parameters[weight] += da[q] * all.hidden[state];
                dh[state] += da[q] * parameters[weight];
              }
        }
      }
    }
}

}  // namespace pcnn::testing
