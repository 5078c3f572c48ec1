#include "engine/compile/pixel/row_layout.h"

#include <algorithm>

#include "engine/compile/arena_plan.h"
#include "engine/core/index.h"

namespace pcnn {

RowLayout::RowLayout(const Network& network)
    : width_(network.image_width),
      groups_(network.groups),
      buffers_(network.nodes.size()),
      cells_(network.nodes.size(), -1) {}

RowLayout::RowLayout(const Network& network, const std::vector<Step>& steps) : RowLayout(network) {
  note_reads(network, steps);
  add_cells(steps);
  place_rows();
  share_span(network, steps);
}

RowLayout::RowLayout(const Network& network, const std::vector<Step>& steps,
                     const std::vector<bool>& has_room)
    : RowLayout(network) {
  note_reads(network, steps);
  for (std::size_t node = 0; node < buffers_.size(); ++node)
    if (!has_room[node]) buffers_[node] = {};
  place_rows();
  share_span(network, steps);
}

void RowLayout::note_reads(const Network& network, const std::vector<Step>& steps) {
  for (std::size_t node = 0; node < buffers_.size(); ++node)
    buffers_[node].channels = channels_of_group(network.nodes[node].channels, groups_);
  buffers_[0].rows = 1;  // the caller writes the image after its pixel's steps
  if (const int given = given_maps_node(network); given >= 0)
    buffers_[to_index(given)].rows =
        network.image_height;  // the caller writes all of them before the first pixel
  for (const Step& step : steps) {
    // Computed for the whole row before its first pixel.
    if (sight_of(step) <= Sight::kAbove) buffers_[to_index(dst_of(step))].rows = 1;
  }
  for (const Step& step : steps) {
    for (const Reads& input : reads(step))
      if (!input.all_earlier)
        for (const Tap& tap : input.taps) note_read(input.node, tap);
    for (const Tap& tap : own_taps(step)) note_read(dst_of(step), tap);
  }
}

void RowLayout::note_read(int node, const Tap& tap) {
  if (tap.down == 0 && tap.right == 0) return;
  RowBuffer& buffer = buffers_[to_index(node)];
  buffer.rows = std::max(buffer.rows, 1 - tap.down);
  buffer.padding = std::max({buffer.padding, tap.right, -tap.right});
}

// Kept as the states are.
void RowLayout::add_cells(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (!std::holds_alternative<LstmStep>(step)) continue;
    cells_[to_index(dst_of(step))] = static_cast<int>(buffers_.size());
    buffers_.push_back(RowBuffer(buffers_[to_index(dst_of(step))]));
  }
}

void RowLayout::place_rows() {
  for (RowBuffer& buffer : buffers_) {
    buffer.offset = rows_values_;
    rows_values_ +=
        to_index(buffer.rows) * to_index(groups_) * to_index(row_columns(buffer)) * to_index(buffer.channels);
  }
}

void RowLayout::share_span(const Network& network, const std::vector<Step>& steps) {
  const auto last_step = static_cast<int>(steps.size());
  // Steps of several groups, and those that see the pixel itself, run in passes of their own: what the first
  // pass leaves is read in the others.
  const bool one_pass = groups_ == 1 && std::ranges::none_of(steps, [](const Step& step) {
                          return sight_of(step) >= Sight::kItself;
                        });
  std::vector<TensorLife> lives(buffers_.size(), {.bytes = 0, .first_step = -1, .last_step = -1});
  const auto touch = [&](int node, int step) {
    const RowBuffer& buffer = buffers_[to_index(node)];
    if (buffer.rows > 0 || buffer.channels == 0) return;
    TensorLife& life = lives[to_index(node)];
    life.bytes = to_index(groups_) * to_index(buffer.channels) * sizeof(float);
    if (life.first_step < 0) life.first_step = one_pass ? step : 0;
    life.last_step = one_pass ? step : last_step;
  };
  for (int i = 0; i < last_step; ++i) {
    for (const Reads& input : reads(steps[to_index(i)])) touch(input.node, i);
    touch(dst_of(steps[to_index(i)]), i);
  }
  touch(network.logits, last_step);

  const ArenaPlan arena = plan_arena(lives);
  for (std::size_t node = 0; node < lives.size(); ++node)
    if (lives[node].bytes > 0) buffers_[node].offset = arena.offsets[node] / sizeof(float);
  span_values_ = arena.bytes / sizeof(float);
}

int RowLayout::max_channels() const {
  return std::ranges::max(buffers_, {}, &RowBuffer::channels).channels;
}

std::size_t RowLayout::values(int chains, int max_columns) const {
  return (rows_values_ + span_values_ * to_index(max_columns)) * to_index(chains);
}

std::size_t RowLayout::offset(int node, const PixelSpan& span, int down, int right, int group, int chains,
                              int max_columns) const {
  const RowBuffer& buffer = buffers_[to_index(node)];
  const std::size_t channels = to_index(buffer.channels);
  if (buffer.rows == 0)
    return (rows_values_ + buffer.offset * to_index(max_columns) +
            (to_index(group) * to_index(max_columns) + to_index(span.place)) * channels) *
           to_index(chains);
  const std::size_t row = to_index((span.row + down) % buffer.rows) * to_index(groups_) + to_index(group);
  const std::size_t column =
      row * to_index(row_columns(buffer)) + to_index(buffer.padding + span.column + right);
  return (buffer.offset + column * channels) * to_index(chains);
}

}  // namespace pcnn
