#include "engine/compile/pixel/pixel_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <ranges>
#include <stdexcept>

#include "engine/compile/given_vectors.h"
#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/model/sight.h"

namespace pcnn {
namespace {

void check_size(std::size_t given, std::size_t expected) {
  if (given != expected)
    throw ComputeError(fmt::format("{} values of the image given where {} are due", given, expected));
}

constexpr int kEveryRow = std::numeric_limits<int>::max() / 2;  // rows ahead, to which some may be added

// By node: how many rows below it the furthest logits are that depend on it; -1: none do.
std::vector<int> rows_ahead_of(const Network& network, const std::vector<Step>& steps) {
  std::vector<int> ahead(network.nodes.size(), -1);
  ahead[to_index(network.logits)] = 0;
  for (const Step& step : steps | std::views::reverse) {
    int& of_result = ahead[to_index(dst_of(step))];
    if (of_result < 0) continue;
    if (std::ranges::any_of(own_taps(step), [](const Tap& tap) { return tap.down < 0; }))
      of_result = kEveryRow;
    for (const Reads& input : reads(step))
      for (const Tap& tap : input.taps)
        ahead[to_index(input.node)] = std::max(
            ahead[to_index(input.node)],
            input.all_earlier ? std::max(of_result, network.image_height - 1) : of_result - tap.down);
  }
  return ahead;
}

// By node: whether it is kept in bf16, too. It is where products read it, a step computes it from other
// nodes, and a group has an even number of channels: they are multiplied in pairs.
std::vector<bool> rounded_nodes(const Network& network, const std::vector<Step>& steps,
                                const PixelKernel& kernel) {
  std::vector<bool> is_rounded(network.nodes.size());
  const auto note = [&](int node) {
    is_rounded[to_index(node)] = kernel.round && !inputs(network.node(node).op).empty() &&
                                 channels_of_group(network.node(node).channels, network.groups) % 2 == 0;
  };
  for (const Step& step : steps) {
    if (const auto* conv = std::get_if<ConvStep>(&step); conv && !conv->op.exact) note(conv->op.src);
    if (const auto* lstm = std::get_if<LstmStep>(&step)) note(lstm->dst);
  }
  return is_rounded;
}

}  // namespace

PixelProgram::Order PixelProgram::order_of(const Step& step) {
  for (const Tap& tap : own_taps(step))
    if (tap.down == 0) return tap.right < 0 ? Order::kLeftToRight : Order::kRightToLeft;
  return Order::kAtOnce;
}

struct PixelProgram::Inference {
  explicit Inference(const Network& trained)
      : network(without_dropout(trained)), steps(fuse_steps(network, true)) {}

  Network network;
  std::vector<Step> steps;
};

PixelProgram::PixelProgram(const Network& network, std::span<const float> parameters,
                           const PixelKernel& kernel)
    : PixelProgram(Inference(network), parameters, kernel) {}

PixelProgram::PixelProgram(const Inference& inference, std::span<const float> parameters,
                           const PixelKernel& kernel)
    : network_(inference.network),
      given_maps_(given_maps_node(network_)),
      counts_rows_(given_maps_ >= 0),
      kernel_(kernel),
      exact_kernel_(kernel.precision == Precision::kF32 ? kernel : pixel_kernel(Precision::kF32)),
      layout_(network_, inference.steps),
      rounded_layout_(network_, inference.steps, rounded_nodes(network_, inference.steps, kernel_)) {
  const std::vector<Sight> sights_of_nodes = sights(network_);
  if (sights_of_nodes[to_index(network_.logits)] > Sight::kBefore)
    throw ComputeError("the network is not causal: its logits read the pixel they are to predict");
  const std::vector<int> rows_ahead = rows_ahead_of(network_, inference.steps);
  for (const Step& step : inference.steps) {
    for (const Reads& input : reads(step))
      if (input.node != given_maps_ &&
          std::ranges::any_of(input.taps, [](const Tap& tap) { return tap.down > 0; }))
        throw ComputeError("the network reads rows below the pixel, which are not there yet");
    Work work = std::visit([&](const auto& any) { return pack(any, parameters); }, step);
    add_keep_steps(work, sights_of_nodes, rows_ahead);
    steps_.push_back({.work = std::move(work),
                      .phase = phase_of(sight_of(step)),
                      .order = order_of(step),
                      .rows_ahead = rows_ahead[to_index(dst_of(step))],
                      .dst = dst_of(step)});
  }
  if (std::ranges::any_of(steps_, [](const PixelStep& step) { return step.phase == Phase::kRow; }))
    row_columns_ = network_.image_width;
}

PixelProgram::Phase PixelProgram::phase_of(Sight sight) {
  return sight <= Sight::kAbove ? Phase::kRow : sight == Sight::kBefore ? Phase::kLogits : Phase::kPixel;
}

void PixelProgram::add_keep_steps(const Work& work, const std::vector<Sight>& sights,
                                  const std::vector<int>& rows_ahead) {
  const auto* attention = std::get_if<PackedAttentionStep>(&work);
  if (!attention) return;
  const AttentionOp& op = attention->step.op;
  for (const bool is_key : {true, false}) {
    const int node = is_key ? op.key : op.value;
    steps_.push_back({.work = KeepStep{attention->cache, node, is_key},
                      .phase = phase_of(sights[to_index(node)]),
                      .rows_ahead = rows_ahead[to_index(node)]});
  }
}

PixelProgram::Work PixelProgram::pack(const ConvStep& step, std::span<const float> parameters) {
  PackedConvStep packed{step, pack_conv(step, network_, parameters, kernel_of(step))};
  note_products(packed.groups, step.op.src);
  return packed;
}

PixelProgram::Work PixelProgram::pack(const LstmStep& step, std::span<const float> parameters) {
  PackedLstmStep packed{step, pack_states(step, network_, parameters, kernel_)};
  note_products(packed.groups, step.dst);
  max_gates_ = std::max(max_gates_, to_index(layout_.channels(step.op.src)));
  return packed;
}

void PixelProgram::note_products(std::span<const PackedConv> groups, int src) {
  const std::size_t words = depth_words(precision(), layout_.channels(src));
  for (const PackedConv& group : groups) {
    max_taps_ = std::max(max_taps_, group.taps.size());
    max_tap_words_ = std::max(max_tap_words_, group.taps.size() * words);
    weight_bytes_ += (group.weights.size() + group.bias.size()) * sizeof(float);
  }
}

std::vector<float> PixelProgram::pack_table(int parameter, std::span<const float> parameters) {
  const Parameter& table = network_.parameters[to_index(parameter)];
  const std::span<const float> values = parameters.subspan(table.offset, table.size);
  weight_bytes_ += values.size_bytes();
  return {values.begin(), values.end()};
}

PixelProgram::Work PixelProgram::pack(const AttentionStep& step, std::span<const float>) {
  const std::size_t heads = to_index(step.op.heads);
  const AttentionCache cache{.pixels = to_index(network_.image_height) * to_index(network_.image_width),
                             .heads = heads,
                             .key = to_index(network_.node(step.op.key).channels) / heads,
                             .value = to_index(network_.node(step.op.value).channels) / heads,
                             .offset = cache_floats_};
  cache_floats_ += cache.floats();
  attention_scratch_ = std::max(attention_scratch_, attention_scratch_floats(cache.pixels, cache.value));
  counts_rows_ = true;
  return PackedAttentionStep{step, cache};
}

PixelProgram::Work PixelProgram::pack(const DropoutStep&, std::span<const float>) {
  throw std::logic_error("dropout in a network that is to be sampled from");
}

PixelProgram::Work PixelProgram::pack(const EmbeddingStep& step, std::span<const float> parameters) {
  return PackedEmbeddingStep{step, pack_table(step.op.table, parameters)};
}

PixelProgram::Work PixelProgram::pack(const ConditionStep& step, std::span<const float> parameters) {
  PackedConditionStep packed{.step = step,
                             .table = pack_table(step.op.table, parameters),
                             .maps = to_index(network_.node(step.dst).channels),
                             .earlier_vectors = vector_floats_};
  vector_floats_ += packed.maps;
  return packed;
}

IncrementalState::IncrementalState(const PixelProgram& program, int chains, int max_columns,
                                   const Given& given)
    : chains_(chains),
      max_columns_(max_columns),
      values_(program.layout_.values(chains, max_columns)),
      // Rows that fill up the kernel's last block are read behind the last node's.
      rounded_((program.rounded_layout_.values(chains, max_columns) +
                to_index((program.kernel_.block - 1) * program.rounded_layout_.max_channels())) *
               sizeof(std::uint16_t)),
      caches_(program.cache_floats_ * to_index(chains) * sizeof(float)),
      attention_scratch_(program.attention_scratch_),
      taps_(program.max_taps_),
      scratch_(scratch_words(program.kernel_,
                             to_index(chains) * to_index(std::max(max_columns, program.row_columns_)),
                             program.max_tap_words_) *
               sizeof(std::uint32_t)),
      gates_(program.max_gates_ * to_index(chains) * to_index(std::max(max_columns, program.row_columns_))) {
  check_given(given, program.network_, to_index(chains));
  vectors_ = program.vectors_of(given, chains);
  if (program.given_maps_ >= 0) program.write_given_maps(given, *this);
}

void PixelProgram::write_given_maps(const Given& given, IncrementalState& state) const {
  const int of_group = layout_.channels(given_maps_);
  const float* value = given.values.data();
  for (int chain = 0; chain < state.chains_; ++chain)
    for (int map = 0; map < network_.condition.maps; ++map)
      for (int row = 0; row < network_.image_height; ++row)
        for (int column = 0; column < network_.image_width; ++column)
          at(state, given_maps_,
             {.row = row, .column = column, .group = map / of_group})[chain * of_group + map % of_group] =
              *value++;
}

std::vector<float> PixelProgram::vectors_of(const Given& given, int chains) const {
  const std::size_t count = to_index(chains);
  std::vector<float> vectors(vector_floats_ * count);
  for (const PixelStep& step : steps_) {
    const auto* packed = std::get_if<PackedConditionStep>(&step.work);
    if (!packed) continue;
    float* const to = vectors.data() + packed->earlier_vectors * count;
    if (packed->step.op.vector > 0)
      make_given_vectors(count, to_index(packed->step.op.vector), packed->maps, given.values.data(),
                         packed->table.data(), to);
    else
      for (std::size_t chain = 0; chain < count; ++chain)
        std::copy_n(packed->table.data() + to_index(given.classes[chain]) * packed->maps, packed->maps,
                    to + chain * packed->maps);
  }
  return vectors;
}

// Step by step: a column reads what the steps before made at the columns beside it, in all groups. Where it
// reads there what its own step made, columns are computed one after the other.
void PixelProgram::run_all_groups(std::initializer_list<Phase> phases, IncrementalState& state,
                                  const PixelSpan& span, int rows_ahead) const {
  for (const PixelStep& step : steps_) {
    if (step.rows_ahead < rows_ahead || std::ranges::find(phases, step.phase) == phases.end()) continue;
    PixelSpan part = span;
    if (step.order != Order::kAtOnce) part.columns = 1;
    for (int done = 0; done < span.columns; done += part.columns) {
      const int column = step.order == Order::kRightToLeft ? span.columns - 1 - done : done;
      part.column = span.column + column;
      part.place = span.place + column;
      for (part.group = 0; part.group < groups(); ++part.group) run(step, state, part);
    }
  }
}

void PixelProgram::begin_row(IncrementalState& state, int row, int rows_ahead) const {
  if (row_columns_ > 0)
    run_all_groups({Phase::kRow}, state, {.row = row, .columns = row_columns_}, rows_ahead);
}

PixelSpan PixelProgram::pixel(IncrementalState& state, int row, int column, int group) const {
  PixelSpan span{.row = row, .column = column, .group = group};
  check(state, span);
  PixelSpan& last = state.last_;
  if (row != last.row || column < last.column || column >= last.column + last.columns) last = span;
  span.place = column - last.column;
  return span;
}

std::span<const float> PixelProgram::logits(IncrementalState& state, int row, int column, int group) const {
  const PixelSpan span = pixel(state, row, column, group);
  if (column == 0 && group == 0) begin_row(state, row, 0);
  for (const PixelStep& step : steps_)
    if (step.phase == Phase::kLogits) run(step, state, span);
  return {at(state, network_.logits, span), count(network_.logits, state, span)};
}

void PixelProgram::set_pixel(IncrementalState& state, int row, int column, int group,
                             std::span<const float> values) const {
  const PixelSpan span = pixel(state, row, column, group);
  check_size(values.size(), count(0, state, span));
  std::ranges::copy(values, at(state, 0, span));
  for (const PixelStep& step : steps_)
    if (step.phase == Phase::kPixel) run(step, state, span);
}

void PixelProgram::set_pixels(IncrementalState& state, int row, int column, int columns,
                              std::span<const float> values, int rows_ahead) const {
  PixelSpan span{.row = row, .column = column, .columns = columns};
  check(state, span);
  const std::size_t of_group = count(0, state, span);
  check_size(values.size(), of_group * to_index(groups()));
  state.last_ = span;
  for (span.group = 0; span.group < groups(); ++span.group)
    std::ranges::copy(values.subspan(to_index(span.group) * of_group, of_group), at(state, 0, span));
  if (column == 0) begin_row(state, row, rows_ahead);
  run_all_groups({Phase::kLogits, Phase::kPixel}, state, span, rows_ahead);
}

std::span<const float> PixelProgram::span_logits(IncrementalState& state, int group) const {
  PixelSpan span = state.last_;
  span.group = group;
  check(state, span);
  return {at(state, network_.logits, span), count(network_.logits, state, span)};
}

void PixelProgram::check(const IncrementalState& state, const PixelSpan& span) const {
  const bool inside = span.row >= 0 && span.column >= 0 && span.columns >= 1 &&
                      span.columns <= network_.image_width - span.column && span.group >= 0 &&
                      span.group < groups() && (!counts_rows_ || span.row < network_.image_height);
  if (!inside || span.columns > state.max_columns_)
    throw ComputeError(fmt::format(
        "row {}, columns {} to {}, channel group {}: not inside rows of {} columns and {} groups, or above "
        "the {} columns of the state",
        span.row, span.column, span.column + span.columns - 1, span.group, network_.image_width, groups(),
        state.max_columns_));
}

}  // namespace pcnn
