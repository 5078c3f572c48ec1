#include "tests/support/reference_network.h"

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"
#include "engine/core/random.h"
#include "tests/support/overloaded.h"
#include "tests/support/reference_lstm.h"

namespace pcnn::testing {
namespace {

double activate(const ActivationOp& op, double x) {
  switch (op.function) {
    case Activation::kRelu:
      return x > 0 ? x : 0;
    case Activation::kLeakyRelu:
      return x > 0 ? x : op.slope * x;
    case Activation::kElu:
      return x > 0 ? x : op.slope * (std::exp(x) - 1);
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kSigmoid:
      break;
  }
  return 1 / (1 + std::exp(-x));
}

// From the input, unlike the engine, which computes it from the output.
double derivative(const ActivationOp& op, double x) {
  switch (op.function) {
    case Activation::kRelu:
      return x > 0 ? 1 : 0;
    case Activation::kLeakyRelu:
      return x > 0 ? 1 : op.slope;
    case Activation::kElu:
      return x > 0 ? 1 : op.slope * std::exp(x);
    case Activation::kTanh:
      return 1 - std::tanh(x) * std::tanh(x);
    case Activation::kSigmoid:
      break;
  }
  const double s = 1 / (1 + std::exp(-x));
  return s * (1 - s);
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// Calls visit(dst, parameter) with flat indices for every value of an embedding and what it is a copy of.
template <class Visit>
void for_each_lookup(const Network& network, const EmbeddingOp& op, const Shape& dst, const Values& image,
                     Visit&& visit) {
  const Shape src = network.shape(op.src, dst.n);
  const std::size_t table = network.parameters[to_index(op.table)].offset;
  for (int n = 0; n < dst.n; ++n)
    for (int c = 0; c < dst.c; ++c)
      for (int y = 0; y < dst.h; ++y)
        for (int x = 0; x < dst.w; ++x) {
          const double value = image[src.offset(n, c * src.c / dst.c, y, x)];
          const double place = (value - double{op.lowest}) / (double{op.highest} - double{op.lowest});
          const double level = std::clamp(std::round(place * (op.levels - 1)), 0.0, op.levels - 1.0);
          visit(dst.offset(n, c, y, x), table + to_index(static_cast<int>(level) * dst.c + c));
        }
}

// Calls visit(dst, a, b) with flat indices for every value of a gate and the two it is made of.
template <class Visit>
void for_each_gate(const Network& network, int node, const GateOp& op, int images, Visit&& visit) {
  const Shape dst = network.shape(node, images), src = network.shape(op.src, images);
  const int maps = dst.c / network.groups;
  for (int n = 0; n < dst.n; ++n)
    for (int c = 0; c < dst.c; ++c)
      for (int y = 0; y < dst.h; ++y)
        for (int x = 0; x < dst.w; ++x) {
          const int first = c / maps * 2 * maps + c % maps;
          visit(dst.offset(n, c, y, x), src.offset(n, first, y, x), src.offset(n, first + maps, y, x));
        }
}

// Calls visit(dst, node, src) with flat indices for every value of a concatenation and what it is a copy of.
template <class Visit>
void for_each_copy(const Network& network, const ConcatenationOp& op, const Shape& dst, Visit&& visit) {
  const Shape a = network.shape(op.a, dst.n), b = network.shape(op.b, dst.n);
  const int groups = network.groups, maps_a = a.c / groups, maps_b = b.c / groups;
  for (int n = 0; n < dst.n; ++n)
    for (int group = 0; group < groups; ++group)
      for (int map = 0; map < maps_a + maps_b; ++map)
        for (int y = 0; y < dst.h; ++y)
          for (int x = 0; x < dst.w; ++x) {
            const std::size_t to = dst.offset(n, group * (maps_a + maps_b) + map, y, x);
            if (map < maps_a)
              visit(to, op.a, a.offset(n, group * maps_a + map, y, x));
            else
              visit(to, op.b, b.offset(n, group * maps_b + map - maps_a, y, x));
          }
}

// Calls visit(dst, parameter, factor) for every product that a condition adds to a value of its maps, NCHW.
template <class Visit>
void for_each_given(const Network& network, const ConditionOp& op, const Shape& shape, const Given& given,
                    Visit&& visit) {
  const std::size_t table = network.parameters[to_index(op.table)].offset, maps = to_index(shape.c),
                    rows = to_index(std::max(op.classes, op.vector));
  for (int n = 0; n < shape.n; ++n)
    for (int c = 0; c < shape.c; ++c)
      for (int y = 0; y < shape.h; ++y)
        for (int x = 0; x < shape.w; ++x)
          for (std::size_t k = 0; k < rows; ++k) {
            const double factor = op.vector > 0 ? double{given.values[to_index(n) * rows + k]}
                                                : (to_index(given.classes[to_index(n)]) == k ? 1.0 : 0.0);
            visit(shape.offset(n, c, y, x), table + k * maps + to_index(c), factor);
          }
}

// What value i of a node's maps, NCHW, is multiplied by.
double dropout_factor(const DropoutOp& op, int node, const Shape& shape, std::size_t i,
                      const std::optional<DropoutKey>& dropout) {
  if (!dropout) return 1.0;
  const std::size_t area = to_index(shape.h) * to_index(shape.w), map = i / area % to_index(shape.c);
  const std::uint32_t image = dropout->first_image + static_cast<std::uint32_t>(i / area / to_index(shape.c));
  const PhiloxBlock block =
      philox4x32({static_cast<std::uint32_t>(i % area), static_cast<std::uint32_t>(map / 8),
                  static_cast<std::uint32_t>(node), image},
                 dropout->key);
  const std::uint32_t number = (block[map % 8 / 2] >> (map % 2 * 16)) & 0xffff;
  const double limit = std::round(op.rate * 65536);
  return number < limit ? 0.0 : 65536 / (65536 - limit);
}

// Calls visit(dst, weight, src) with flat indices for every live product of a convolution.
template <class Visit>
void for_each_product(const Network& network, int node, const MaskedConvOp& op, int images, Visit&& visit) {
  const Shape dst = network.shape(node, images), src = network.shape(op.src, images);
  const Shape kernel{dst.c, src.c, op.kernel_height, op.kernel_width};
  const std::size_t offset = network.parameters[to_index(op.weight)].offset;
  for (int n = 0; n < dst.n; ++n)
    for (int o = 0; o < dst.c; ++o)
      for (int y = 0; y < dst.h; ++y)
        for (int x = 0; x < dst.w; ++x)
          for (int i = 0; i < src.c; ++i)
            for (int row = 0; row < kernel.h; ++row)
              for (int column = 0; column < kernel.w; ++column) {
                const int down = (row - kernel.h / 2) * op.row_dilation,
                          right = (column - kernel.w / 2) * op.column_dilation;
                if (!may_read(network.parameters[to_index(op.weight)], kernel.offset(o, i, row, column)))
                  continue;
                if (y + down < 0 || y + down >= src.h || x + right < 0 || x + right >= src.w) continue;
                visit(dst.offset(n, o, y, x), offset + kernel.offset(o, i, row, column),
                      src.offset(n, i, y + down, x + right));
              }
}

}  // namespace

bool may_read(MaskType mask, int down, int right) {
  switch (mask) {
    case MaskType::kNone:
      return true;
    case MaskType::kRowsAbove:
      return down < 0;
    case MaskType::kRowsUpToOwn:
      return down <= 0;
    default:
      break;
  }
  const bool earlier = down < 0 || (down == 0 && right < 0);
  const bool same = down == 0 && right == 0;
  return earlier || (same && mask == MaskType::kB);
}

bool may_read(const Parameter& kernel, std::size_t index) {
  const int width = kernel.shape[3], height = kernel.shape[2], ins = kernel.shape[1], outs = kernel.shape[0];
  const int column = static_cast<int>(index) % width, row = static_cast<int>(index) / width % height;
  const int in = static_cast<int>(index) / (width * height) % ins,
            out = static_cast<int>(index) / (width * height * ins);
  const int down = row - height / 2, right = column - width / 2;
  const bool by_group = kernel.mask.type == MaskType::kA || kernel.mask.type == MaskType::kB;
  if (down != 0 || right != 0 || !by_group) return may_read(kernel.mask.type, down, right);
  const int from = in * kernel.mask.groups / ins, to = out * kernel.mask.groups / outs;
  return from < to || (from == to && kernel.mask.type == MaskType::kB);
}

ReferenceForward reference_forward(const Network& network, int images, std::span<const double> parameters,
                                   std::span<const double> pixels, const Given& given,
                                   const std::optional<DropoutKey>& dropout) {
  ReferenceForward result{.nodes = {}, .dropout = dropout};
  for (int node = 0; node < static_cast<int>(network.nodes.size()); ++node) {
    const Shape shape = network.shape(node, images);
    Values value(shape.size(), 0.0);
    const Overloaded compute{
        [&](const ImageOp&) { std::ranges::copy(pixels, value.begin()); },
        [&](const GivenMapsOp&) { std::ranges::copy(given.values, value.begin()); },
        [&](const MaskedConvOp& op) {
          const std::size_t bias = network.parameters[to_index(op.bias)].offset;
          const std::size_t area = to_index(shape.h) * to_index(shape.w);
          for (std::size_t i = 0; i < value.size(); ++i)
            value[i] = parameters[bias + i / area % to_index(shape.c)];
          const Values& src = result.nodes[to_index(op.src)];
          for_each_product(network, node, op, images,
                           [&](std::size_t dst, std::size_t weight, std::size_t from) {
                             value[dst] += parameters[weight] * src[from];
                           });
        },
        [&](const ActivationOp& op) {
          std::ranges::transform(result.nodes[to_index(op.src)], value.begin(),
                                 [&](double x) { return activate(op, x); });
        },
        [&](const EmbeddingOp& op) {
          for_each_lookup(network, op, shape, result.nodes[to_index(op.src)],
                          [&](std::size_t dst, std::size_t entry) { value[dst] = parameters[entry]; });
        },
        [&](const GateOp& op) {
          for_each_gate(network, node, op, images, [&](std::size_t dst, std::size_t a, std::size_t b) {
            const Values& src = result.nodes[to_index(op.src)];
            value[dst] = std::tanh(src[a]) * sigmoid(src[b]);
          });
        },
        [&](const DropoutOp& op) {
          const Values& src = result.nodes[to_index(op.src)];
          for (std::size_t i = 0; i < value.size(); ++i)
            value[i] = src[i] * dropout_factor(op, node, shape, i, dropout);
        },
        [&](const ConcatenationOp& op) {
          for_each_copy(network, op, shape, [&](std::size_t dst, int from, std::size_t src) {
            value[dst] = result.nodes[to_index(from)][src];
          });
        },
        [&](const LstmOp& op) {
          const Values& src = result.nodes[to_index(op.src)];
          value = reference_lstm_result(op, shape,
                                        reference_lstm(network, node, op, images, parameters, src).hidden);
        },
        [&](const AddOp& op) {
          std::ranges::transform(result.nodes[to_index(op.a)], result.nodes[to_index(op.b)], value.begin(),
                                 std::plus<>());
        },
        [&](const ConditionOp& op) {
          value = result.nodes[to_index(op.src)];
          for_each_given(network, op, shape, given,
                         [&](std::size_t dst, std::size_t parameter, double factor) {
                           value[dst] += factor * parameters[parameter];
                         });
        }};
    std::visit(compute, network.node(node).op);
    result.nodes.push_back(std::move(value));
  }
  return result;
}

ReferenceGradients reference_backward(const Network& network, int images, std::span<const double> parameters,
                                      const ReferenceForward& forward, std::span<const double> diff_logits,
                                      const Given& given) {
  std::vector<Values> diffs;
  for (const Values& value : forward.nodes) diffs.emplace_back(value.size(), 0.0);
  diffs[to_index(network.logits)].assign(diff_logits.begin(), diff_logits.end());
  ReferenceGradients result{Values(network.parameter_count(), 0.0), {}};

  for (int node = static_cast<int>(network.nodes.size()) - 1; node > 0; --node) {
    const Values& diff = diffs[to_index(node)];
    const Overloaded propagate{
        [](const ImageOp&) {},
        [](const GivenMapsOp&) {},
        [&](const MaskedConvOp& op) {
          const Shape shape = network.shape(node, images);
          const std::size_t bias = network.parameters[to_index(op.bias)].offset;
          const std::size_t area = to_index(shape.h) * to_index(shape.w);
          for (std::size_t i = 0; i < diff.size(); ++i)
            result.parameters[bias + i / area % to_index(shape.c)] += diff[i];
          const Values& src = forward.nodes[to_index(op.src)];
          Values& diff_src = diffs[to_index(op.src)];
          for_each_product(network, node, op, images,
                           [&](std::size_t dst, std::size_t weight, std::size_t from) {
                             result.parameters[weight] += diff[dst] * src[from];
                             diff_src[from] += diff[dst] * parameters[weight];
                           });
        },
        [&](const ActivationOp& op) {
          const Values& src = forward.nodes[to_index(op.src)];
          Values& diff_src = diffs[to_index(op.src)];
          for (std::size_t i = 0; i < diff.size(); ++i) diff_src[i] += diff[i] * derivative(op, src[i]);
        },
        [&](const EmbeddingOp& op) {
          for_each_lookup(network, op, network.shape(node, images), forward.nodes[to_index(op.src)],
                          [&](std::size_t dst, std::size_t entry) { result.parameters[entry] += diff[dst]; });
        },
        [&](const GateOp& op) {
          const Values& src = forward.nodes[to_index(op.src)];
          Values& diff_src = diffs[to_index(op.src)];
          for_each_gate(network, node, op, images, [&](std::size_t dst, std::size_t a, std::size_t b) {
            const double t = std::tanh(src[a]), s = sigmoid(src[b]);
            diff_src[a] += diff[dst] * s * (1 - t * t);
            diff_src[b] += diff[dst] * t * s * (1 - s);
          });
        },
        [&](const DropoutOp& op) {
          const Shape shape = network.shape(node, images);
          for (std::size_t i = 0; i < diff.size(); ++i)
            diffs[to_index(op.src)][i] += diff[i] * dropout_factor(op, node, shape, i, forward.dropout);
        },
        [&](const ConcatenationOp& op) {
          for_each_copy(
              network, op, network.shape(node, images),
              [&](std::size_t dst, int from, std::size_t src) { diffs[to_index(from)][src] += diff[dst]; });
        },
        [&](const LstmOp& op) {
          reference_lstm_backward(network, node, op, images, parameters, forward.nodes[to_index(op.src)],
                                  diff, diffs[to_index(op.src)], result.parameters);
        },
        [&](const AddOp& op) {
          for (std::size_t i = 0; i < diff.size(); ++i) {
            diffs[to_index(op.a)][i] += diff[i];
            diffs[to_index(op.b)][i] += diff[i];
          }
        },
        [&](const ConditionOp& op) {
          const Shape shape = network.shape(node, images);
          for (std::size_t i = 0; i < diff.size(); ++i) diffs[to_index(op.src)][i] += diff[i];
          for_each_given(network, op, shape, given,
                         [&](std::size_t dst, std::size_t parameter, double factor) {
                           result.parameters[parameter] += factor * diff[dst];
                         });
        }};
    std::visit(propagate, network.node(node).op);
  }
  result.pixels = diffs[0];
  return result;
}

}  // namespace pcnn::testing
