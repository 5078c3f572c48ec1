// What each step of the sampler's program computes, for a span of one row.

#include <algorithm>
#include <cmath>

#include "engine/compile/pixel/pixel_program.h"
#include "engine/core/index.h"

namespace pcnn {

float* PixelProgram::at(IncrementalState& state, int node, const PixelSpan& span) const {
  return state.values_.data() +
         layout_.offset(node, span, 0, 0, span.group, state.chains_, state.max_columns_);
}

void PixelProgram::round(int node, IncrementalState& state, const PixelSpan& span) const {
  kernel_.round(count(node, state, span), at(state, node, span),
                reinterpret_cast<std::uint16_t*>(state.rounded_.data()) +
                    rounded_layout_.offset(node, span, 0, 0, span.group, state.chains_, state.max_columns_));
}

std::size_t PixelProgram::count(int node, const IncrementalState& state, const PixelSpan& span) const {
  return to_index(layout_.channels(node)) * to_index(state.chains_) * to_index(span.columns);
}

int PixelProgram::gather_taps(const PackedConv& group, int node, IncrementalState& state,
                              const PixelSpan& span) const {
  const auto* const rounded =
      is_rounded(node) ? reinterpret_cast<const std::uint16_t*>(state.rounded_.data()) : nullptr;
  int taps = 0;
  for (const PackedConv::GroupTap& tap : group.taps) {
    const int first = span.column + tap.right, row = span.row + tap.down;
    if (row < 0 || (tap.down > 0 && row >= network_.image_height)) continue;
    if (first + span.columns <= 0 || first >= network_.image_width) continue;
    const auto offset_in = [&](const RowLayout& layout) {
      return layout.offset(node, span, tap.down, tap.right, tap.from, state.chains_, state.max_columns_);
    };
    state.taps_[to_index(taps++)] = {.src = state.values_.data() + offset_in(layout_),
                                     .packed_offset = tap.offset,
                                     .rounded = rounded ? rounded + offset_in(rounded_layout_) : nullptr};
  }
  return taps;
}

void PixelProgram::run(const PackedConvStep& packed, IncrementalState& state, const PixelSpan& span) const {
  const ConvStep& step = packed.step;
  const PackedConv& group = packed.groups[to_index(span.group)];
  const int taps = gather_taps(group, step.op.src, state, span);
  kernel_of(step).run({.rows = state.chains_ * span.columns,
                       .depth = layout_.channels(step.op.src),
                       .filters = layout_.channels(step.dst),
                       .taps = state.taps_.data(),
                       .tap_count = taps,
                       .weights = group.weights.data(),
                       .panel_words = group.panel_words,
                       .scratch = reinterpret_cast<std::uint16_t*>(state.scratch_.data()),
                       .bias = group.bias.data(),
                       .activation = step.activation ? &*step.activation : nullptr,
                       .skip = step.skip < 0 ? nullptr : at(state, step.skip, span),
                       .dst = at(state, step.dst, span)});
}

void PixelProgram::run(const ActivationStep& step, IncrementalState& state, const PixelSpan& span) const {
  kernel_.activate(step.op, count(step.dst, state, span), at(state, step.op.src, span),
                   at(state, step.dst, span));
}

void PixelProgram::run(const AddStep& step, IncrementalState& state, const PixelSpan& span) const {
  kernel_.sum(count(step.dst, state, span), at(state, step.op.a, span), at(state, step.op.b, span),
              at(state, step.dst, span));
}

void PixelProgram::run(const GateStep& step, IncrementalState& state, const PixelSpan& span) const {
  kernel_.gate(to_index(state.chains_) * to_index(span.columns), to_index(layout_.channels(step.dst)),
               at(state, step.op.src, span), at(state, step.dst, span));
}

void PixelProgram::run(const ConcatenationStep& step, IncrementalState& state, const PixelSpan& span) const {
  const std::size_t maps_a = to_index(layout_.channels(step.op.a)),
                    maps_b = to_index(layout_.channels(step.op.b));
  const float *a = at(state, step.op.a, span), *b = at(state, step.op.b, span);
  float* dst = at(state, step.dst, span);
  for (int row = 0; row < state.chains_ * span.columns; ++row, a += maps_a, b += maps_b)
    dst = std::copy_n(b, maps_b, std::copy_n(a, maps_a, dst));
}

float* PixelProgram::cache_of(IncrementalState& state, const AttentionCache& cache) const {
  return reinterpret_cast<float*>(state.caches_.data()) + cache.offset * to_index(state.chains_);
}

void PixelProgram::run(const KeepStep& keep, IncrementalState& state, const PixelSpan& span) const {
  const AttentionCache& cache = keep.cache;
  float* const to = cache_of(state, cache);
  const std::size_t heads = cache.heads / to_index(groups()), first = to_index(span.group) * heads;
  const float* from = at(state, keep.node, span);
  for (int column = 0; column < span.columns; ++column) {
    const std::size_t pixel = to_index(span.row * network_.image_width + span.column + column);
    for (std::size_t chain = 0; chain < to_index(state.chains_); ++chain)
      for (std::size_t head = first; head < first + heads; ++head)
        if (keep.is_key) {
          cache.write_key(from, pixel, to + cache.keys_at(chain, head));
          from += cache.key;
        } else {
          cache.write_value(from, pixel, to + cache.values_at(chain, head));
          from += cache.value;
        }
  }
}

void PixelProgram::run(const PackedAttentionStep& packed, IncrementalState& state,
                       const PixelSpan& span) const {
  const AttentionCache& cache = packed.cache;
  const float* const kept = cache_of(state, cache);
  const std::size_t heads = cache.heads / to_index(groups()), first = to_index(span.group) * heads;
  const std::size_t chains = to_index(state.chains_), columns = to_index(span.columns),
                    pixel = to_index(span.row * network_.image_width + span.column);
  const float* const query = at(state, packed.step.op.query, span);
  float* const dst = at(state, packed.step.dst, span);
  // Columns together: what they read of a head comes from memory once.
  for (std::size_t chain = 0; chain < chains; ++chain)
    for (std::size_t head = 0; head < heads; ++head)
      for (std::size_t column = 0; column < columns; column += kAttentionQueries) {
        const std::size_t place = (column * chains + chain) * heads + head;
        kernel_.attend({.queries = std::min(columns - column, kAttentionQueries),
                        .count = pixel + column,
                        .key = cache.key,
                        .value = cache.value,
                        .scale = 1.0f / std::sqrt(static_cast<float>(cache.key)),
                        .query = query + place * cache.key,
                        .query_stride = chains * heads * cache.key,
                        .keys = kept + cache.keys_at(chain, first + head),
                        .values = kept + cache.values_at(chain, first + head),
                        .scratch = state.attention_scratch_.data(),
                        .dst = dst + place * cache.value,
                        .dst_stride = chains * heads * cache.value});
      }
}

void PixelProgram::run(const PositionsStep& step, IncrementalState& state, const PixelSpan& span) const {
  float* dst = at(state, step.dst, span);
  const float row = PositionsOp::place(span.row, network_.image_height);
  for (int column = 0; column < span.columns; ++column)
    for (int chain = 0; chain < state.chains_; ++chain) {
      *dst++ = row;
      *dst++ = PositionsOp::place(span.column + column, network_.image_width);
    }
}

void PixelProgram::run(const PackedLstmStep& packed, IncrementalState& state, const PixelSpan& span) const {
  const LstmStep& step = packed.step;
  const LstmOp& op = step.op;
  const PackedConv& group = packed.groups[to_index(span.group)];
  const int cells = layout_.cells_of(step.dst), maps = layout_.channels(step.dst);
  if (span.row < op.down) {  // what is moved down comes from above the image
    std::fill_n(at(state, step.dst, span), count(step.dst, state, span), 0.0f);
    return;
  }
  const auto kept = [&](int node, int down, int right) {
    return state.values_.data() +
           layout_.offset(node, span, down, right, span.group, state.chains_, state.max_columns_);
  };
  const int taps = gather_taps(group, step.dst, state, span);
  kernel_.run({.rows = state.chains_ * span.columns,
               .depth = maps,
               .filters = 4 * maps,
               .taps = state.taps_.data(),
               .tap_count = taps,
               .weights = group.weights.data(),
               .panel_words = group.panel_words,
               .scratch = reinterpret_cast<std::uint16_t*>(state.scratch_.data()),
               .bias = group.bias.data(),
               .skip = kept(op.src, -op.down, 0),
               .dst = state.gates_.data()});
  const Tap before = op.cell_before();
  kernel_.lstm({.rows = to_index(state.chains_) * to_index(span.columns),
                .maps = to_index(maps),
                .gates = state.gates_.data(),
                .cell_before = span.row + before.down < 0 ? nullptr : kept(cells, before.down, before.right),
                .cell = kept(cells, 0, 0),
                .hidden = kept(step.dst, 0, 0)});
}

void PixelProgram::run(const PackedEmbeddingStep& packed, IncrementalState& state,
                       const PixelSpan& span) const {
  const EmbeddingOp& op = packed.step.op;
  const std::size_t maps = to_index(
                        layout_.channels(packed.step.dst)),  // of the group, and of each channel in it
      channels = to_index(layout_.channels(op.src)), of_channel = maps / channels;
  const float* src = at(state, op.src, span);
  float* dst = at(state, packed.step.dst, span);
  const std::size_t values = count(op.src, state, span);
  for (std::size_t i = 0; i < values; ++i, dst += of_channel) {
    const std::size_t first = to_index(span.group) * maps + i % channels * of_channel;
    std::copy_n(packed.table.data() + to_index(op.level(src[i])) * maps * to_index(groups()) + first,
                of_channel, dst);
  }
}

void PixelProgram::run(const PackedConditionStep& packed, IncrementalState& state,
                       const PixelSpan& span) const {
  const std::size_t maps = to_index(layout_.channels(packed.step.dst));  // of the group
  const float* const vectors =
      state.vectors_.data() + packed.earlier_vectors * to_index(state.chains_) + to_index(span.group) * maps;
  const float* src = at(state, packed.step.op.src, span);
  float* const dst = at(state, packed.step.dst, span);
  float* to = dst;
  for (int column = 0; column < span.columns; ++column)
    for (int chain = 0; chain < state.chains_; ++chain, src += maps, to += maps)
      kernel_.sum(maps, src, vectors + to_index(chain) * packed.maps, to);
  if (packed.step.activation)
    kernel_.activate(*packed.step.activation, count(packed.step.dst, state, span), dst, dst);
}

void PixelProgram::run(const PixelStep& step, IncrementalState& state, const PixelSpan& span) const {
  std::visit([&](const auto& work) { run(work, state, span); }, step.work);
  if (step.dst >= 0 && is_rounded(step.dst)) round(step.dst, state, span);
}

}  // namespace pcnn
