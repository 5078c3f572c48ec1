#include "engine/model/model_config.h"

#include <fmt/format.h>

#include <optional>

#include "engine/config/config.h"
#include "engine/data/levels.h"

namespace pcnn {
namespace {

constexpr int kMaxFilters = 4096;
constexpr int kMaxHeads = 256;
constexpr int kMaxHeadMaps = 1024;
constexpr int kMaxKernel = 63;
constexpr int kMaxDilation = 64;
constexpr int kMaxRepeat = 1000;
constexpr int kMaxMixtures = 100;
constexpr int kMaxClasses = 65536;
constexpr int kMaxGivenMaps = 64;
constexpr int kMaxVector = 65536;
constexpr double kMaxSlope = 1e3;

enum class BlockKind { kResidual, kMaskedConv, kGated, kRowLstm, kDiagonalLstm, kAttention };

// Of the key `kernel`.
Kernel kernel_of(const ConfigNode& section, const std::vector<std::int64_t>& sides) {
  if (sides.empty() || sides.size() > 2)
    section.fail("kernel", "found " + std::to_string(sides.size()) +
                               " numbers, accepted: one side, or [height, width]");
  for (const std::int64_t side : sides)
    if (side % 2 == 0)
      section.fail("kernel", "found " + std::to_string(side) +
                                 ", accepted: odd sides (an even kernel has no centre to mask around)");
  return {static_cast<int>(sides.front()), static_cast<int>(sides.back())};
}

// `kernel: 3` or `kernel: [3, 5]` (height, width).
Kernel read_kernel(const ConfigNode& section, Kernel fallback) {
  return kernel_of(section, section.integers("kernel", {fallback.height, fallback.width},
                                             ConfigRange::between(1, kMaxKernel)));
}

// `dilation: 2` or `dilation: [1, 2]` (rows, columns).
Dilation read_dilation(const ConfigNode& section) {
  const std::vector<std::int64_t> sides =
      section.integers("dilation", {1, 1}, ConfigRange::between(1, kMaxDilation));
  if (sides.empty() || sides.size() > 2)
    section.fail("dilation", "found " + std::to_string(sides.size()) +
                                 " numbers, accepted: one for both directions, or [rows, columns]");
  return {static_cast<int>(sides.front()), static_cast<int>(sides.back())};
}

int read_filters(const ConfigNode& section, int fallback) {
  return static_cast<int>(section.integer("filters", fallback, ConfigRange::between(1, kMaxFilters)));
}

AttentionBlockConfig read_attention(const ConfigNode& section) {
  AttentionBlockConfig block;
  const auto read = [&](const char* key, int fallback, int most) {
    return static_cast<int>(section.integer(key, fallback, ConfigRange::between(1, most)));
  };
  block.heads = read("heads", block.heads, kMaxHeads);
  block.key = read("key", block.key, kMaxHeadMaps);
  block.value = read("value", block.value, kMaxHeadMaps);
  return block;
}

// `kernel: 3`, of kernels of one row.
int read_columns(const ConfigNode& section, int fallback) {
  const std::vector<std::int64_t> sides =
      section.integers("kernel", {fallback}, ConfigRange::between(1, kMaxKernel));
  if (sides.size() != 1)
    section.fail("kernel",
                 fmt::format("found {} numbers, accepted: one odd number, the columns of a kernel of one row",
                             sides.size()));
  return kernel_of(section, sides).width;
}

// What is left of keys that this kind has none of, where an override chose it.
void refuse_keys_of_others(const ConfigNode& section, BlockKind kind) {
  const auto refuse = [&](const char* key, const char* why) {
    section.governs("kind", {key});
    if (section.has(key)) section.fail(key, why);
  };
  if (kind != BlockKind::kGated)
    refuse("skip", "only gated blocks have one, accepted: kind: gated, or no skip");
  if (kind == BlockKind::kDiagonalLstm)
    refuse("kernel",
           "a diagonal LSTM has none, accepted: none (it reads the states of the pixels beside and above)");
  if (kind == BlockKind::kRowLstm || kind == BlockKind::kDiagonalLstm)
    refuse("dilation", "an LSTM has none, accepted: none");
  if (kind != BlockKind::kResidual)
    refuse("reduce", "only residual blocks have one, accepted: kind: residual, or no reduce");
  for (const char* key : {"heads", "key", "value"})
    if (kind != BlockKind::kAttention)
      refuse(key,
             "only attention blocks have heads, with keys and values, accepted: kind: attention, or none");
  for (const char* key : {"kernel", "filters", "dilation"})
    if (kind == BlockKind::kAttention) refuse(key, "attention blocks have none, accepted: heads, key, value");
}

BlockConfig read_block(const ConfigNode& section) {
  const auto kind = section.choice<BlockKind>("kind", BlockKind::kResidual,
                                              {{"residual", BlockKind::kResidual},
                                               {"masked_conv", BlockKind::kMaskedConv},
                                               {"gated", BlockKind::kGated},
                                               {"row_lstm", BlockKind::kRowLstm},
                                               {"diagonal_lstm", BlockKind::kDiagonalLstm},
                                               {"attention", BlockKind::kAttention}});
  // Of a residual block they are those inside it, of a masked_conv those it hands on, of a gated one those
  // behind its gates, of an LSTM its states.
  section.governs("kind", {"filters"});
  BlockConfig config;
  config.repeat = static_cast<int>(section.integer("repeat", 1, ConfigRange::between(0, kMaxRepeat)));
  const auto read_convolution = [&](auto block) {
    block.kernel = read_kernel(section, block.kernel);
    block.filters = read_filters(section, block.filters);
    block.dilation = read_dilation(section);
    return block;
  };
  switch (kind) {
    case BlockKind::kResidual: {
      ResidualBlockConfig block = read_convolution(ResidualBlockConfig{});
      block.reduce = static_cast<int>(
          section.optional_integer("reduce", ConfigRange::between(1, kMaxFilters)).value_or(0));
      config.block = block;
      break;
    }
    case BlockKind::kMaskedConv:
      config.block = read_convolution(MaskedConvBlockConfig{});
      break;
    case BlockKind::kGated: {
      GatedBlockConfig block = read_convolution(GatedBlockConfig{});
      if (block.kernel.height == 1)
        section.fail("kernel",
                     "found a height of 1, accepted: 3 or more (the vertical stack reads rows above)");
      block.skip = section.boolean("skip", block.skip);
      config.block = block;
      break;
    }
    case BlockKind::kRowLstm: {
      RowLstmBlockConfig block;
      block.columns = read_columns(section, block.columns);
      block.filters = read_filters(section, block.filters);
      config.block = block;
      break;
    }
    case BlockKind::kDiagonalLstm: {
      DiagonalLstmBlockConfig block;
      block.filters = read_filters(section, block.filters);
      config.block = block;
      break;
    }
    case BlockKind::kAttention:
      config.block = read_attention(section);
  }
  refuse_keys_of_others(section, kind);
  return config;
}

// ELU's alpha and leaky ReLU's factor share one key; the other activations have none.
float read_slope(const ConfigNode& section, Activation activation) {
  section.governs("activation", {"slope"});
  if (activation == Activation::kLeakyRelu)
    return static_cast<float>(section.real("slope", 0.01, ConfigRange::between(0.0, 1.0)));
  if (activation == Activation::kElu)
    return static_cast<float>(section.real("slope", 1.0, ConfigRange::above_up_to(0.0, kMaxSlope)));
  if (section.has("slope")) section.fail("slope", "only leaky_relu and elu have a slope");
  return 0.0f;
}

HeadConfig read_head(const ConfigNode& section) {
  HeadConfig config;
  config.kind = section.choice<HeadKind>("head", config.kind,
                                         {{"bernoulli", HeadKind::kBernoulli},
                                          {"softmax", HeadKind::kSoftmax},
                                          {"logistic_mixture", HeadKind::kLogisticMixture}});
  if (config.kind == HeadKind::kBernoulli) section.governs("head", {"levels"});
  if (config.kind != HeadKind::kLogisticMixture) section.governs("head", {"mixtures"});
  const int most_levels = config.kind == HeadKind::kLogisticMixture ? kMaxMixtureLevels : kMaxLevels;
  if (config.kind != HeadKind::kBernoulli)
    config.levels = static_cast<int>(section.integer("levels", 256, ConfigRange::between(2, most_levels)));
  else if (section.has("levels"))
    section.fail("levels", "the Bernoulli head has two");
  if (config.kind == HeadKind::kLogisticMixture)
    config.mixtures =
        static_cast<int>(section.integer("mixtures", config.mixtures, ConfigRange::between(1, kMaxMixtures)));
  else if (section.has("mixtures"))
    section.fail("mixtures", "only the logistic_mixture head has any");
  return config;
}

// Nothing where there is no forecast.
std::optional<Kernel> read_forecast(const ConfigNode& model, HeadKind head) {
  const ConfigNode section = model.section("forecast");
  if (head != HeadKind::kLogisticMixture) {
    model.governs("head", section, {"kernel"});
    if (section.has("kernel"))
      section.fail("kernel", fmt::format("head: {} has no forecast, accepted: head: logistic_mixture",
                                         head == HeadKind::kSoftmax ? "softmax" : "bernoulli"));
    return {};
  }
  const auto sides = section.optional_integers("kernel", ConfigRange::between(3, kMaxKernel));
  return sides ? std::optional(kernel_of(section, *sides)) : std::nullopt;
}

// At most one of the keys.
Condition read_condition(const ConfigNode& section) {
  const auto read = [](const ConfigNode& of, const char* key, int most) {
    return static_cast<int>(of.optional_integer(key, ConfigRange::between(1, most)).value_or(0));
  };
  const ConfigNode map = section.section("map");
  Condition condition{.classes = read(section, "classes", kMaxClasses),
                      .vector = read(section, "vector", kMaxVector),
                      .maps = read(map, "channels", kMaxGivenMaps)};
  if (condition.classes > 0 && condition.vector > 0)
    section.fail("vector", fmt::format("found {} beside classes: {}, accepted: one of the two",
                                       condition.vector, condition.classes));
  if (condition.maps > 0 && condition.classes + condition.vector > 0)
    section.fail("map", fmt::format("found one beside {}, accepted: one of the two",
                                    condition.classes > 0 ? fmt::format("classes: {}", condition.classes)
                                                          : fmt::format("vector: {}", condition.vector)));
  map.governs("channels", {"kernel"});
  if (condition.maps == 0 && map.has("kernel"))
    map.fail("kernel", "map.channels is null, and no map is read");
  if (condition.maps > 0) {
    const Kernel kernel = read_kernel(map, {3, 3});
    condition.kernel_height = kernel.height;
    condition.kernel_width = kernel.width;
  }
  return condition;
}

}  // namespace

ModelConfig read_model_config(const ConfigNode& section) {
  ModelConfig config;
  config.activation = section.choice<Activation>("activation", config.activation,
                                                 {{"relu", Activation::kRelu},
                                                  {"leaky_relu", Activation::kLeakyRelu},
                                                  {"elu", Activation::kElu},
                                                  {"tanh", Activation::kTanh},
                                                  {"sigmoid", Activation::kSigmoid}});
  config.slope = read_slope(section, config.activation);
  config.initialisation = section.choice<Initialisation>("initialisation", config.initialisation,
                                                         {{"glorot_normal", Initialisation::kGlorotNormal},
                                                          {"glorot_uniform", Initialisation::kGlorotUniform},
                                                          {"he_normal", Initialisation::kHeNormal},
                                                          {"he_uniform", Initialisation::kHeUniform}});
  config.head_init = section.choice<HeadStart>("head_init", config.head_init,
                                               {{"random", HeadStart::kRandom}, {"data", HeadStart::kData}});
  config.condition = read_condition(section.section("condition"));
  config.dropout = section.real("dropout", config.dropout, ConfigRange::from_below(0.0, 1.0));
  const ConfigNode input = section.section("input");
  config.input_kernel = read_kernel(input, config.input_kernel);
  config.input_filters = read_filters(input, config.input_filters);
  config.input_embedding =
      static_cast<int>(input.optional_integer("embedding", ConfigRange::between(1, kMaxFilters)).value_or(0));
  config.input_activation = input.boolean("activation", config.input_activation);
  if (live_tap_count(MaskType::kA, config.input_kernel.height, config.input_kernel.width) == 0)
    input.fail("kernel", "found 1, accepted: a kernel above 1x1 (mask A leaves a 1x1 kernel no live tap)");

  const std::vector<ConfigNode> blocks = section.sections("blocks");
  for (const ConfigNode& block : blocks) {
    config.blocks.push_back(read_block(block));
    if (std::holds_alternative<GatedBlockConfig>(config.blocks.back().block) &&
        config.blocks.back().repeat > 0 && config.input_kernel.height == 1)
      input.fail("kernel",
                 "found a height of 1, accepted: 3 or more where blocks are gated (the vertical stack "
                 "reads rows above)");
  }

  const std::vector<std::int64_t> filters =
      section.section("output").integers("filters", {64}, ConfigRange::between(1, kMaxFilters));
  config.output_filters.assign(filters.begin(), filters.end());
  config.head = read_head(section);
  if (const std::optional<Kernel> kernel = read_forecast(section, config.head.kind)) {
    config.head.forecast = true;
    config.forecast_kernel = *kernel;
  }
  return config;
}

}  // namespace pcnn
