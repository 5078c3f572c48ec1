#include "engine/sample/chain_batch.h"

#include <algorithm>
#include <limits>

#include "engine/core/index.h"

namespace pcnn {

ChainBatch::ChainBatch(const PixelProgram& program, const Shape& image, int first, IncrementalState& state,
                       PixelDraws& draws, Guesser* guesser)
    : program_(program),
      image_(image),
      group_channels_(image.c / program.groups()),
      first_(first),
      state_(state),
      draws_(draws),
      guesser_(guesser),
      rows_ahead_(rows_ahead()),
      values_(to_index(state.chains()) * to_index(state.max_columns()) * to_index(image.c)) {}

void ChainBatch::draw() {
  for (int row = 0; row < image_.h; ++row)
    for (int column = 0; column < image_.w;) {
      const int done = guesser_ ? draw_guesses(row, column) : draw_columns(row, column);
      draws_.count_pixels(state_.chains() * done);
      column += done;
    }
}

int ChainBatch::draw_columns(int row, int column) {
  const int most = std::min(state_.max_columns(), image_.w - column);
  int skipped = 0;
  while (skipped < most && is_skipped(row, column + skipped)) ++skipped;
  return skipped > 0 ? keep_pixels(row, column, skipped) : draw_pixel(row, column);
}

int ChainBatch::draw_guesses(int row, int column) {
  const int columns = guesser_->guess(row, column, std::min(state_.max_columns(), image_.w - column));
  if (columns == 1 && !is_skipped(row, column)) return draw_pixel(row, column);
  set_pixels(row, column, columns);
  for (int i = 0; i < columns; ++i)
    for (int chain = 0; chain < state_.chains(); ++chain)
      counts_.guessed += !draws_.is_known(first_ + chain, row, column + i);
  for (int i = 0; i < columns; ++i) {
    if (is_skipped(row, column + i)) continue;
    for (int group = 0; group < program_.groups(); ++group) {
      const std::span<const float> logits = program_.span_logits(state_, group);
      const std::size_t per_column = logits.size() / to_index(columns);
      if (draw_group(row, column + i, group, logits.subspan(to_index(i) * per_column, per_column))) continue;
      program_.set_pixel(state_, row, column + i, group, drawn());
      if (group + 1 < program_.groups()) draw_pixel(row, column + i, group + 1);
      return i + 1;
    }
    for (int chain = 0; chain < state_.chains(); ++chain)
      counts_.kept += !draws_.is_known(first_ + chain, row, column + i);
  }
  return columns;
}

int ChainBatch::keep_pixels(int row, int column, int columns) {
  set_pixels(row, column, columns);
  return columns;
}

int ChainBatch::draw_pixel(int row, int column, int first_group) {
  ++counts_.passes;
  for (int group = first_group; group < program_.groups(); ++group) {
    (void)draw_group(row, column, group, program_.logits(state_, row, column, group));
    program_.set_pixel(state_, row, column, group, drawn());
  }
  return 1;
}

bool ChainBatch::is_skipped(int row, int column) const {
  for (int chain = 0; chain < state_.chains(); ++chain)
    if (!draws_.skips(first_ + chain, row, column)) return false;
  return true;
}

std::vector<int> ChainBatch::rows_ahead() const {
  std::vector<int> ahead(to_index(image_.h));
  int next = std::numeric_limits<int>::max();
  for (int row = image_.h - 1; row >= 0; --row) {
    if (next < std::numeric_limits<int>::max()) ++next;
    for (int column = 0; column < image_.w && next > 0; ++column)
      if (!is_skipped(row, column)) next = 0;
    ahead[to_index(row)] = next;
  }
  return ahead;
}

void ChainBatch::set_pixels(int row, int column, int columns) {
  ++counts_.passes;
  float* value = values_.data();
  for (int group = 0; group < program_.groups(); ++group)
    for (int i = 0; i < columns; ++i)
      for (int chain = 0; chain < state_.chains(); ++chain)
        for (int channel = 0; channel < group_channels_; ++channel)
          *value++ = draws_.image(
              first_ + chain)[image_.offset(0, group * group_channels_ + channel, row, column + i)];
  program_.set_pixels(state_, row, column, columns, {values_.data(), value}, rows_ahead_[to_index(row)]);
}

std::span<const float> ChainBatch::drawn() const {
  return std::span(values_).first(to_index(state_.chains()) * to_index(group_channels_));
}

bool ChainBatch::draw_group(int row, int column, int group, std::span<const float> logits) {
  const std::size_t chains = to_index(state_.chains()), channels = to_index(group_channels_),
                    per_chain = logits.size() / chains;
  bool same = true;
  for (std::size_t i = 0; i < chains; ++i) {
    const int chain = first_ + static_cast<int>(i);
    const std::span<float> values = std::span(values_).subspan(i * channels, channels);
    same &= draws_.draw(chain, row, column, group, logits.subspan(i * per_chain, per_chain), values);
    if (!guesser_ || draws_.is_known(chain, row, column)) continue;
    for (std::size_t channel = 0; channel < channels; ++channel)
      guesser_->learn(static_cast<int>(i), row, column, group * group_channels_ + static_cast<int>(channel),
                      values[channel]);
  }
  return same;
}

}  // namespace pcnn
