#include "tests/support/networks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/index.h"
#include "engine/model/blocks.h"
#include "tests/support/overloaded.h"

namespace pcnn::testing {
namespace {

Kernel random_kernel(Random& random, int limit) {
  return {2 * random.between(0, limit / 2) + 1, 2 * random.between(0, limit / 2) + 1};
}

Dilation random_dilation(Random& random) {
  return random.between(0, 2) ? Dilation{} : Dilation{random.between(1, 3), random.between(1, 3)};
}

// Up to `limit`, or one for each group.
int random_maps(Random& random, int limit, int groups) {
  return groups * random.between(1, std::max(1, limit / groups));
}

// conv read by its activation and by an addition.
int append_fork(NetworkBuilder& builder, const std::string& name, int src, Kernel kernel) {
  const int conv = builder.masked_conv(name + ".conv", src, MaskType::kB, kernel, builder.channels(src));
  return builder.add(name, builder.activate(conv), conv);
}

// What sees the rows above only, whole, joined to what comes before.
int append_rows_above(NetworkBuilder& builder, Random& random, const std::string& name, int src,
                      Kernel kernel, int filters) {
  int rows = builder.conv(name + ".rows", src, Sight::kAbove, kernel, filters, random_dilation(random));
  rows = builder.activate(builder.conv(name + ".more", rows, Sight::kAbove, kernel, filters));
  return builder.add(name, src,
                     builder.conv(name + ".join", rows, Sight::kBefore, {1, 1}, builder.channels(src)));
}

// One or two, with or without skips.
int append_gated_blocks(NetworkBuilder& builder, Random& random, const std::string& name, int src,
                        Kernel kernel, int filters) {
  kernel.height = std::max(kernel.height, 3);
  const bool skip = random.between(0, 1);
  Features features{.node = src};
  for (int block = random.between(0, 1); block >= 0; --block)
    features = append_block(builder, name + "." + std::to_string(block), features,
                            {1, GatedBlockConfig{kernel, filters, random_dilation(random), skip}});
  return skip ? builder.add(name + ".all", features.node, features.skips) : features.node;
}

// The activation comes after the addition.
int append_late_activation(NetworkBuilder& builder, const std::string& name, int src, Kernel kernel) {
  const int conv = builder.masked_conv(name + ".conv", src, MaskType::kB, kernel, builder.channels(src));
  return builder.activate(builder.add(name, src, conv));
}

int append_long_skip(NetworkBuilder& builder, const std::string& name, int src, int early) {
  return builder.add(name, src,
                     builder.masked_conv(name + ".conv", early, MaskType::kB, {1, 1}, builder.channels(src)));
}

// One block, or an attention whose keys, values and queries are any maps, the image and rows above among
// them.
int append_attention(NetworkBuilder& builder, Random& random, const std::string& name, int src, int limit) {
  const int heads = builder.groups() * random.between(1, 2), key = random.between(1, limit),
            value = random.between(1, limit);
  if (random.between(0, 1))
    return append_block(builder, name, {src}, {1, AttentionBlockConfig{heads, key, value}}).node;
  const int rows = builder.conv(name + ".rows", src, Sight::kAbove, {3, 3}, builder.channels(src));
  const auto conv = [&](const char* maps, int of, int channels) {
    return builder.masked_conv(name + maps, of, MaskType::kB, {1, 1}, channels);
  };
  const auto any_of = [&](std::initializer_list<int> nodes) {
    return nodes.begin()[random.between(0, static_cast<int>(nodes.size()) - 1)];
  };
  const int positions = builder.positions();
  // Where keys are all the same the query does not matter, and where values are none of the others do: in the
  // first row what sees the rows above is.
  const auto placed = [&](const char* maps, int of) {
    return builder.concatenate(name + maps, of, positions);
  };
  int read[] = {rows, any_of({0, src, rows})};  // all that is made is read
  if (random.between(0, 1)) std::swap(read[0], read[1]);
  const int found = builder.attention(
      name, conv(".query", any_of({src, rows, positions}), heads * key),
      conv(".key", random.between(0, 3) == 0 && read[1] == rows ? positions : placed(".keyed", read[0]),
           heads * key),
      conv(".value", placed(".valued", read[1]), heads * value), heads);
  return builder.add(name + ".sum", src, conv(".out", found, builder.channels(src)));
}

// A condition read by its activation and by an addition.
int append_condition_fork(NetworkBuilder& builder, const std::string& name, int src) {
  const int vector = builder.condition(name + ".condition", src);
  return builder.add(name, builder.activate(vector), vector);
}

int append_stage(NetworkBuilder& builder, Random& random, const std::string& name, int src, int early,
                 const NetworkLimits& limits) {
  const Kernel kernel = random_kernel(random, limits.kernel);
  const int filters = random_maps(random, limits.channels, builder.groups());
  switch (random.between(limits.condition.any() ? -1 : 0, 9)) {
    case -1:
      return append_condition_fork(builder, name, src);
    case 7:
      return append_block(builder, name, {src}, {1, RowLstmBlockConfig{kernel.width, filters}}).node;
    case 8:
      return append_block(builder, name, {src}, {1, DiagonalLstmBlockConfig{filters}}).node;
    case 9:
      return append_attention(builder, random, name, src, std::min(limits.channels, 20));
    case 0: {
      const int reduce = random.between(0, 1) ? random_maps(random, limits.channels, builder.groups()) : 0;
      return append_block(builder, name, {src},
                          {1, ResidualBlockConfig{kernel, filters, random_dilation(random), reduce}})
          .node;
    }
    case 1:
      return append_block(builder, name, {src},
                          {1, MaskedConvBlockConfig{kernel, filters, random_dilation(random)}})
          .node;
    case 4:
      return append_rows_above(builder, random, name, src, {std::max(kernel.height, 3), kernel.width},
                               filters);
    case 5:
      return append_gated_blocks(builder, random, name, src, kernel, filters);
    case 2:
      return append_fork(builder, name, src, kernel);
    case 3:
      return append_late_activation(builder, name, src, kernel);
    default:
      return append_long_skip(builder, name, src, early);
  }
}

float random_slope(Random& random, Activation activation) {
  if (activation == Activation::kLeakyRelu) return random.uniform(0.05f, 0.5f);
  if (activation == Activation::kElu) return random.uniform(0.5f, 1.5f);
  return 0.0f;
}

}  // namespace

std::vector<BlockConfig> blocks_of_kind(const std::string& kind, int filters) {
  if (kind == "gated") return {{2, GatedBlockConfig{{3, 3}, filters}}};
  if (kind == "row_lstm") return {{1, RowLstmBlockConfig{3, filters}}};
  if (kind == "diagonal_lstm") return {{1, DiagonalLstmBlockConfig{filters}}};
  if (kind == "gated_skips") return {{2, GatedBlockConfig{{3, 3}, filters, {}, true}}};
  if (kind == "attention")  // 3 heads: a channel group each, of up to three
    return {{1, GatedBlockConfig{{3, 3}, filters}},
            {1, AttentionBlockConfig{.heads = 3, .key = 2, .value = 4}}};
  if (kind == "residual") return {{1, ResidualBlockConfig{{3, 3}, filters}}};
  throw std::invalid_argument("no blocks are called " + kind);
}

Network tutorial_network() {
  ModelConfig config;
  config.input_kernel = {7, 7};
  config.input_filters = 128;
  config.blocks = {{7, ResidualBlockConfig{{3, 3}, 64}}};
  config.output_filters = {64};
  return build_network(config, 1, 28, 28);
}

Network small_network(int height, int width) {
  ModelConfig config;
  config.activation = Activation::kTanh;
  config.input_kernel = {3, 3};
  config.input_filters = 6;
  config.blocks = {{1, ResidualBlockConfig{{3, 3}, 5}}};
  config.output_filters = {4};
  return build_network(config, 1, height, width);
}

Network random_network(Random& random, Activation activation, const NetworkLimits& limits) {
  const int channels = random.between(1, 3), height = random.between(1, limits.side),
            width = random.between(1, limits.side);
  const int groups = random.between(0, 1) ? channels : 1;
  NetworkBuilder builder(channels, height, width, activation, random_slope(random, activation), groups,
                         limits.condition, limits.dropout);
  Kernel kernel = random_kernel(random, limits.kernel);
  if (kernel.height == 1 && kernel.width == 1) kernel = {3, 3};  // mask A leaves a 1x1 kernel nothing
  const int image =
      !limits.embeddings || random.between(0, 3)
          ? 0
          : builder.embed("input.embedding", random.between(1, 5), random.between(2, 7), -1.5f, 1.5f);
  const int input = builder.masked_conv("input", image, limits.input_mask, kernel,
                                        random_maps(random, limits.channels, groups));
  const int early = random.between(0, 3) ? builder.activate(input) : input;
  int node = early;
  for (int stage = random.between(0, limits.stages); stage > 0; --stage)
    node = append_stage(builder, random, "stage." + std::to_string(stage), node, early, limits);
  if (random.between(0, 1) == 1)
    node = builder.activate(builder.masked_conv("output", node, MaskType::kB, {1, 1},
                                                random_maps(random, limits.channels, groups)));
  if (limits.forecasts && random.between(0, 3) == 0) {
    const Kernel sides = random_kernel(random, limits.kernel - 2);
    node = builder.concatenate("and_forecast", node,
                               builder.forecast("forecast", {sides.height + 2, sides.width + 2}));
  }
  node = builder.masked_conv("logits", node, MaskType::kB, {1, 1}, channels);
  return std::move(builder).finish(node);
}

Network random_graph(Random& random, Activation activation, const Condition& condition, double dropout) {
  const int channels = random.between(1, 3);
  const int groups = random.between(0, 1) ? channels : 1;
  NetworkBuilder builder(channels, random.between(1, 9), random.between(1, 9), activation,
                         random_slope(random, activation), groups, condition, dropout);
  struct Value {
    int node, maps;
  };
  std::vector<Value> values{{0, channels}};
  const auto is_causal = [&](const Value& value) { return builder.sight(value.node) <= Sight::kBefore; };
  const auto any = [&] {
    return values[static_cast<std::size_t>(random.between(0, static_cast<int>(values.size()) - 1))];
  };
  for (int op = random.between(6, 14); op > 0; --op) {
    const Value a = any(), b = any();
    const std::string name = "op." + std::to_string(op);
    switch (random.between(condition.any() ? -1 : 0, 7)) {
      case -1:
        values.push_back({builder.condition(name, a.node), a.maps});
        break;
      case 7: {
        const Value c = any();
        const int heads = groups * (a.maps % (2 * groups) == 0 && c.maps % (2 * groups) == 0 ? 2 : 1);
        if (a.maps == b.maps) {
          values.push_back({builder.attention(name, a.node, b.node, c.node, heads), c.maps});
          break;
        }
      }
        [[fallthrough]];
      case 6:
        if (a.maps % (4 * groups) == 0) {
          const auto path = static_cast<LstmPath>(random.between(0, 2));
          const int states = path == LstmPath::kRows ? 1 + 2 * random.between(0, 2) : 2;
          values.push_back({builder.lstm(name, a.node, path, states), a.maps / 4});
          break;
        }
        [[fallthrough]];
      case 5:
        if (a.maps + b.maps < 20) {
          values.push_back({builder.concatenate(name, a.node, b.node), a.maps + b.maps});
          break;
        }
        [[fallthrough]];
      case 4:
        if (a.maps % (2 * groups) == 0) {
          values.push_back({builder.gate(name, a.node), a.maps / 2});
          break;
        }
        [[fallthrough]];
      case 0:
        values.push_back({builder.activate(a.node), a.maps});
        if (dropout > 0.0) values.push_back({builder.dropout(values.back().node), a.maps});
        break;
      case 1:
        if (a.maps == b.maps) {
          values.push_back({builder.add(name, a.node, b.node), a.maps});
          break;
        }
        [[fallthrough]];
      default: {
        Kernel kernel = random_kernel(random, 7);
        if (!is_causal(a) && kernel.height == 1 && kernel.width == 1) kernel = {3, 3};
        const int maps = random.between(0, 1) ? channels : random_maps(random, 9, groups);
        const Dilation dilation = random_dilation(random);
        // Masks A and B everywhere, or what the sights allow.
        const Sight sight = kernel.height > 1 && random.between(0, 1) ? Sight::kAbove : Sight::kBefore;
        const MaskType mask = random.between(0, 1) ? (is_causal(a) ? MaskType::kB : MaskType::kA)
                                                   : mask_between(builder.sight(a.node), sight);
        values.push_back({builder.masked_conv(name, a.node, mask, kernel, maps, dilation), maps});
      }
    }
  }
  std::vector<int> outputs;
  for (const Value& value : values)
    if (is_causal(value) && value.maps == channels) outputs.push_back(value.node);
  if (outputs.empty()) outputs.push_back(builder.masked_conv("logits", 0, MaskType::kA, {3, 3}, channels));
  return std::move(builder).finish(
      outputs[static_cast<std::size_t>(random.between(0, static_cast<int>(outputs.size()) - 1))]);
}

std::vector<float> random_parameters(Random& random, const Network& network) {
  std::vector<float> values(network.parameter_count());
  for (const Parameter& parameter : network.parameters) {
    const auto of_parameter = std::span(values).subspan(parameter.offset, parameter.size);
    if (!parameter.is_kernel) {
      for (float& value : of_parameter) value = 0.3f * random.normal();
      continue;
    }
    const int inputs =
        parameter.shape[1] * live_tap_count(parameter.mask, parameter.shape[2], parameter.shape[3]);
    const float scale = 1.2f / std::sqrt(static_cast<float>(inputs));
    for (std::size_t i = 0; i < of_parameter.size(); ++i)
      of_parameter[i] = (may_read(parameter, i) ? scale : 1000.0f) * random.normal();
  }
  return values;
}

Condition random_condition(Random& random) {
  switch (random.between(0, 2)) {
    case 0:
      return {.classes = random.between(1, 6)};
    case 1:
      return {.vector = random.between(1, 6)};
    default:
      return {.maps = random.between(1, 4),
              .kernel_height = 1 + 2 * random.between(0, 2),
              .kernel_width = 1 + 2 * random.between(0, 2)};
  }
}

GivenBatch random_given(Random& random, const Network& network, int images) {
  GivenBatch given(network, to_index(images));
  for (int& of_image : given.classes) of_image = random.between(0, network.condition.classes - 1);
  for (float& value : given.values) value = random.normal();
  return given;
}

std::vector<float> random_images(Random& random, const Network& network, int images) {
  std::vector<float> pixels(network.shape(0, images).size());
  for (float& value : pixels) value = random.normal();
  return pixels;
}

std::vector<double> widened(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::string describe(const Network& network) {
  std::string text = network.shape(0, 1).text();
  for (const Node& node : network.nodes)
    if (const auto* conv = std::get_if<MaskedConvOp>(&node.op))
      text += ", " + node.name + " " + std::to_string(conv->kernel_height) + "x" +
              std::to_string(conv->kernel_width) + " " + std::to_string(node.channels);
  return text;
}

namespace {

using PlacesRead = std::vector<std::vector<bool>>;  // place, place of the image

// What every state can depend on, one after the other along the path; src: what its source can.
PlacesRead places_read_by(const Network& network, const LstmOp& op, const PlacesRead& src) {
  const int height = network.image_height, width = network.image_width, groups = network.groups;
  const auto place = [&](int y, int x, int group) { return to_index((y * width + x) * groups + group); };
  PlacesRead states(src.size(), std::vector<bool>(src.size(), false)), result = states;
  const auto join = [&](std::vector<bool>& all, const std::vector<bool>& more) {
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = all[k] || more[k];
  };
  for (int y = 0; y < height; ++y)
    for (int i = 0; i < width; ++i) {
      const int x = op.path == LstmPath::kDiagonalBack ? width - 1 - i : i;
      std::vector<std::pair<int, int>> from;
      if (op.path == LstmPath::kRows)
        for (int right = -(op.state_count / 2); right <= op.state_count / 2; ++right)
          from.emplace_back(y - 1, x + right);
      else
        from = {{y, op.path == LstmPath::kDiagonal ? x - 1 : x + 1}, {y - 1, x}};
      for (int group = 0; group < groups; ++group) {
        std::vector<bool>& mine = states[place(y, x, group)];
        join(mine, src[place(y, x, group)]);
        for (const auto& [row, column] : from)
          if (row >= 0 && column >= 0 && column < width)
            for (int other = 0; other < groups; ++other) join(mine, states[place(row, column, other)]);
        if (y + op.down < height) result[place(y + op.down, x, group)] = mine;
      }
    }
  return result;
}

}  // namespace

std::vector<std::vector<bool>> places_read(const Network& network) {
  const int height = network.image_height, width = network.image_width, groups = network.groups;
  const std::size_t places = to_index(height * width * groups);
  const auto place = [&](int y, int x, int group) { return to_index((y * width + x) * groups + group); };
  std::vector<std::vector<std::vector<bool>>> reads;  // node, its place, place of the image
  const auto join = [](std::vector<bool>& all, const std::vector<bool>& more) {
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = all[k] || more[k];
  };
  for (const Node& node : network.nodes) {
    std::vector<std::vector<bool>> here(places, std::vector<bool>(places, false));
    // The convolution whose window the op reads through; null: it reads the pixel itself, map by map.
    const MaskedConvOp* conv =
        std::visit(Overloaded{[](const ImageOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const MaskedConvOp& op) { return &op; },
                              [](const ActivationOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const GateOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const GivenMapsOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const DropoutOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const EmbeddingOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const AddOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const AttentionOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const PositionsOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const ConcatenationOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const LstmOp&) -> const MaskedConvOp* { return nullptr; },
                              [](const ConditionOp&) -> const MaskedConvOp* { return nullptr; }},
                   node.op);
    if (const auto* lstm = std::get_if<LstmOp>(&node.op)) {
      reads.push_back(places_read_by(network, *lstm, reads[to_index(lstm->src)]));
      continue;
    }
    const int up = conv ? conv->kernel_height / 2 : 0, side = conv ? conv->kernel_width / 2 : 0,
              dilation_y = conv ? conv->row_dilation : 1, dilation_x = conv ? conv->column_dilation : 1;
    const auto reads_group = [&](int down, int right, int to, int from) {
      if (!conv) return to == from;
      const bool by_group = conv->mask.type == MaskType::kA || conv->mask.type == MaskType::kB;
      if (down != 0 || right != 0 || !by_group) return may_read(conv->mask.type, down, right);
      const int mask_from = from * conv->mask.groups / groups, mask_to = to * conv->mask.groups / groups;
      return mask_from < mask_to || (mask_from == mask_to && conv->mask.type == MaskType::kB);
    };
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        for (int to = 0; to < groups; ++to) {
          std::vector<bool>& mine = here[place(y, x, to)];
          if (std::holds_alternative<ImageOp>(node.op)) mine[place(y, x, to)] = true;
          if (const auto* attention = std::get_if<AttentionOp>(&node.op)) {
            const int earlier = y * width + x;
            const auto join_at = [&](int source, int pixel) {
              join(mine, reads[to_index(source)][place(pixel / width, pixel % width, to)]);
            };
            for (int pixel = 0; pixel < earlier; ++pixel) join_at(attention->value, pixel);
            if (earlier < 2) continue;  // what weighs one value alone does not matter
            join_at(attention->query, earlier);
            for (int pixel = 0; pixel < earlier; ++pixel) join_at(attention->key, pixel);
            continue;
          }
          for (int row = -up; row <= up; ++row)
            for (int column = -side; column <= side; ++column)
              for (int from = 0; from < groups; ++from) {
                if (!reads_group(row, column, to, from)) continue;
                const int down = row * dilation_y, right = column * dilation_x;
                if (y + down < 0 || y + down >= height || x + right < 0 || x + right >= width) continue;
                for (const int source : inputs(node.op))
                  join(mine, reads[to_index(source)][place(y + down, x + right, from)]);
              }
        }
    reads.push_back(std::move(here));
  }
  return reads[to_index(network.logits)];
}

std::vector<std::size_t> values_at(const Network& network, int channels, std::size_t place) {
  const std::size_t area = to_index(network.image_height * network.image_width),
                    groups = to_index(network.groups), of_group = to_index(channels) / groups;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < of_group; ++i)
    indices.push_back((place % groups * of_group + i) * area + place / groups);
  return indices;
}

double distance_to_kink(const Network& network, const ReferenceForward& forward) {
  double distance = std::numeric_limits<double>::infinity();
  for (const Node& node : network.nodes) {
    const auto* op = std::get_if<ActivationOp>(&node.op);
    if (!op || op->function == Activation::kTanh || op->function == Activation::kSigmoid) continue;
    for (const double value : forward.nodes[to_index(op->src)])
      if (value != 0.0) distance = std::min(distance, std::abs(value));  // what was dropped stays where it is
  }
  return distance;
}

}  // namespace pcnn::testing
