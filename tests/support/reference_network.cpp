#include "tests/support/reference_network.h"

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"
#include "engine/core/random.h"
#include "tests/support/activations.h"
#include "tests/support/overloaded.h"
#include "tests/support/reference_lstm.h"

namespace pcnn::testing {
namespace {

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

// One query of one head: its own place and that of its value, and of each pixel before it those of its key
// and its value, first map of the head each; flat indices.
struct ReferenceQuery {
  struct Earlier {
    std::size_t key = 0, value = 0;
  };
  std::size_t query = 0, dst = 0;
  std::vector<Earlier> earlier;
  std::size_t area = 0;  // from one map to the next
  int key_maps = 0, value_maps = 0;
};

template <class Visit>
void for_each_query(const Network& network, int node, const AttentionOp& op, int images, Visit&& visit) {
  const Shape dst = network.shape(node, images), key = network.shape(op.key, images);
  const int width = dst.w, key_maps = key.c / op.heads, value_maps = dst.c / op.heads;
  for (int n = 0; n < images; ++n)
    for (int head = 0; head < op.heads; ++head)
      for (int pixel = 0; pixel < dst.h * dst.w; ++pixel) {
        const auto of = [&](const Shape& shape, int maps, int at) {
          return shape.offset(n, head * maps, at / width, at % width);
        };
        ReferenceQuery query{of(key, key_maps, pixel),
                             of(dst, value_maps, pixel),
                             {},
                             to_index(dst.h) * to_index(dst.w),
                             key_maps,
                             value_maps};
        for (int j = 0; j < pixel; ++j)
          query.earlier.push_back({of(key, key_maps, j), of(dst, value_maps, j)});
        visit(query);
      }
}

// The weights of what lies before a query.
Values softmax_of(const ReferenceQuery& at, const Values& query, const Values& key) {
  Values weights;
  double sum = 0.0;
  for (const auto& earlier : at.earlier) {
    double score = 0.0;
    for (int k = 0; k < at.key_maps; ++k)
      score += query[at.query + to_index(k) * at.area] * key[earlier.key + to_index(k) * at.area];
    weights.push_back(std::exp(score / std::sqrt(at.key_maps)));
    sum += weights.back();
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

void attend(const ReferenceQuery& at, const Values& query, const Values& key, const Values& value,
            Values& dst) {
  const Values weights = softmax_of(at, query, key);
  for (std::size_t j = 0; j < weights.size(); ++j)
    for (int v = 0; v < at.value_maps; ++v)
      dst[at.dst + to_index(v) * at.area] += weights[j] * value[at.earlier[j].value + to_index(v) * at.area];
}

// Of sum(diff * dst).
void attend_backward(const ReferenceQuery& at, const Values& query, const Values& key, const Values& value,
                     const Values& diff, Values& diff_query, Values& diff_key, Values& diff_value) {
  const Values weights = softmax_of(at, query, key);
  Values diff_weights(weights.size(), 0.0);
  double mean = 0.0;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    for (int v = 0; v < at.value_maps; ++v) {
      const std::size_t from = at.earlier[j].value + to_index(v) * at.area;
      diff_weights[j] += diff[at.dst + to_index(v) * at.area] * value[from];
      diff_value[from] += weights[j] * diff[at.dst + to_index(v) * at.area];
    }
    mean += weights[j] * diff_weights[j];
  }
  for (std::size_t j = 0; j < weights.size(); ++j) {
    const double diff_score = weights[j] * (diff_weights[j] - mean) / std::sqrt(at.key_maps);
    for (int k = 0; k < at.key_maps; ++k) {
      const std::size_t of_query = at.query + to_index(k) * at.area,
                        of_key = at.earlier[j].key + to_index(k) * at.area;
      diff_query[of_query] += diff_score * key[of_key];
      diff_key[of_key] += diff_score * query[of_query];
    }
  }
}

// Row and column, from -0.5 to 0.5; channels take turns.
void write_positions(const Shape& shape, Values& dst) {
  for (int n = 0; n < shape.n; ++n)
    for (int c = 0; c < shape.c; ++c)
      for (int y = 0; y < shape.h; ++y)
        for (int x = 0; x < shape.w; ++x) {
          const int at = c % 2 == 0 ? y : x, last = (c % 2 == 0 ? shape.h : shape.w) - 1;
          dst[shape.offset(n, c, y, x)] = last > 0 ? static_cast<double>(at) / last - 0.5 : 0.0;
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
        [&](const AttentionOp& op) {
          for_each_query(network, node, op, images, [&](const ReferenceQuery& at) {
            attend(at, result.nodes[to_index(op.query)], result.nodes[to_index(op.key)],
                   result.nodes[to_index(op.value)], value);
          });
        },
        [&](const PositionsOp&) { write_positions(shape, value); },
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
        [&](const AttentionOp& op) {
          for_each_query(network, node, op, images, [&](const ReferenceQuery& at) {
            attend_backward(at, forward.nodes[to_index(op.query)], forward.nodes[to_index(op.key)],
                            forward.nodes[to_index(op.value)], diff, diffs[to_index(op.query)],
                            diffs[to_index(op.key)], diffs[to_index(op.value)]);
          });
        },
        [](const PositionsOp&) {},
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
