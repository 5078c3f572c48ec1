#include "engine/sample/guess_table.h"

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"

namespace pcnn {
namespace {

// How many draws in finer surroundings weigh as much as all of the coarser ones; and what the first guesses
// go by: the pixels beside.
constexpr float kCoarseWeight = 2.0f, kAnyLevel = 0.1f;

// Lower bounds of the margins' classes, in log-odds, and how often a guess is right before any was made.
constexpr std::array kLeastMargin{0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0};
constexpr std::array kRightAtFirst{0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98};
constexpr double kWeightAtFirst = 8.0;

double log_odds(double probability) {
  constexpr double kLeast = 1e-7;
  const double p = std::clamp(probability, kLeast, 1.0 - kLeast);
  return std::log(p / (1.0 - p));
}

int class_of(double margin) {
  return static_cast<int>(std::ranges::upper_bound(kLeastMargin, margin) - kLeastMargin.begin()) - 1;
}

}  // namespace

LevelRows::LevelRows(int chains, int channels, int width)
    : channels_(channels),
      stride_(width + 2 * kMargin),
      levels_(to_index(chains) * to_index(channels) * kRows * to_index(stride_)) {}

GuessTable::GuessTable(const OutputHead& head, double temperature, bool after_channel)
    : levels_(head.levels()),
      takes_mode_(temperature < kLeastTemperature),
      ones_first_(head.probability_count() == 1),
      after_channel_(after_channel),
      code_bits_(levels_ == 2 ? 1 : 2) {
  if (levels_ <= kMostLevels) {
    const int fine_places = (levels_ == 2 ? 10 : 4) + after_channel,
              coarse_places = (levels_ == 2 ? 4 : 2) + after_channel;
    fine_sums_.resize(std::size_t{1} << (fine_places * code_bits_));
    coarse_sums_.resize(std::size_t{1} << (coarse_places * code_bits_));
    fine_.resize(fine_sums_.size() * to_index(levels_));
    coarse_.resize(coarse_sums_.size() * to_index(levels_));
  }
  for (std::size_t i = 0; i < tallies_.size(); ++i)
    tallies_[i] = {kWeightAtFirst * kRightAtFirst[i], kWeightAtFirst};
}

// Two levels as they are; of more the ends, where clipped pixels are, and the halves between.
std::uint32_t GuessTable::code(int level) const {
  if (levels_ == 2) return static_cast<std::uint32_t>(level);
  if (level == 0) return 0;
  return level == levels_ - 1 ? 3 : level < levels_ / 2 ? 1 : 2;
}

Surroundings GuessTable::surroundings(const LevelRows& rows, int chain, int channel, int row,
                                      int column) const {
  const int *here = rows.row(chain, channel, row) + column, *up = rows.row(chain, channel, row - 1) + column;
  Surroundings around{.left = here[-1], .above = up[0]};
  const auto add = [&](std::uint32_t& codes, int level) { codes = codes << code_bits_ | code(level); };
  for (const int level : {here[-1], up[0]}) add(around.coarse, level);
  if (levels_ == 2)
    for (const int level : {up[-1], up[1]}) add(around.coarse, level);
  if (after_channel_) add(around.coarse, rows.row(chain, channel - 1, row)[column]);
  around.fine = around.coarse;
  if (levels_ > 2) {
    for (const int level : {up[-1], up[1]}) add(around.fine, level);
    return around;
  }
  const int* top = rows.row(chain, channel, row - 2) + column;
  for (const int level : {here[-2], up[-2], up[2], top[-1], top[0], top[1]}) add(around.fine, level);
  return around;
}

float GuessTable::share(const Surroundings& around, int level) const {
  const auto beside = static_cast<float>((level == around.left) + (level == around.above));
  const float first = kAnyLevel / static_cast<float>(levels_) + (1.0f - kAnyLevel) * 0.5f * beside;
  const std::size_t fine = around.fine, coarse = around.coarse, count = to_index(levels_);
  const float rough = (coarse_[coarse * count + to_index(level)] + kCoarseWeight * first) /
                      (coarse_sums_[coarse] + kCoarseWeight);
  return (fine_[fine * count + to_index(level)] + kCoarseWeight * rough) / (fine_sums_[fine] + kCoarseWeight);
}

Guess GuessTable::guess(const Surroundings& around, float uniform) const {
  if (levels_ > kMostLevels) return {around.left, 0};
  if (takes_mode_) {
    int mode = 0;
    float most = 0.0f;
    for (int level = 0; level < levels_; ++level)
      if (const float p = share(around, level); p > most) {
        most = p;
        mode = level;
      }
    return {mode, class_of(std::max(0.0, log_odds(most)))};
  }
  double below = 0.0, here = 0.0;
  int level = ones_first_ ? levels_ - 1 : 0;
  for (int i = 0; i < levels_; ++i) {
    level = ones_first_ ? levels_ - 1 - i : i;
    here = double{share(around, level)};
    if (uniform < below + here) break;
    if (i + 1 < levels_) below += here;
  }
  const double number = log_odds(uniform);
  double margin = kLeastMargin.back();
  if (below > 0.0) margin = std::min(margin, number - log_odds(below));
  if (below + here < 1.0 - 1e-6) margin = std::min(margin, log_odds(below + here) - number);
  return {level, class_of(std::max(0.0, margin))};
}

double GuessTable::right(const Guess& guess) const {
  const Tally& tally = tallies_[to_index(guess.margin)];
  return tally.right / tally.all;
}

void GuessTable::learn(const Surroundings& around, const Guess& guess, int drawn) {
  Tally& tally = tallies_[to_index(guess.margin)];
  tally.right += guess.level == drawn;
  tally.all += 1.0;
  if (levels_ > kMostLevels) return;
  const std::size_t count = to_index(levels_);
  fine_[around.fine * count + to_index(drawn)] += 1.0f;
  fine_sums_[around.fine] += 1.0f;
  coarse_[around.coarse * count + to_index(drawn)] += 1.0f;
  coarse_sums_[around.coarse] += 1.0f;
}

}  // namespace pcnn
