#include "engine/sample/speculation.h"

#include <algorithm>
#include <cmath>

#include "engine/core/index.h"

namespace pcnn {
namespace {

// Spans of one pixel, one after the other, before guessing rests, and the pixels it rests for at first.
constexpr int kPatience = 64, kFirstRest = 64, kLongestRest = 1 << 16;

}  // namespace

Guesser::Guesser(std::vector<GuessTable>& tables, const OutputHead& head, const Shape& image, int first,
                 int chains, const SpanPolicy& policy, PixelDraws& draws)
    : tables_(tables),
      head_(head),
      image_(image),
      first_(first),
      chains_(chains),
      policy_(policy),
      draws_(draws),
      rows_(chains, image.c, image.w),
      guesses_(to_index(image.w) * to_index(chains) * to_index(image.c)),
      next_rest_(kFirstRest) {}

Guess& Guesser::at(int chain, int column, int channel) {
  return guesses_[to_index((column * chains_ + chain) * image_.c + channel)];
}

bool Guesser::all_know(int row, int column) const {
  for (int chain = 0; chain < chains_; ++chain)
    if (!draws_.is_known(first_ + chain, row, column)) return false;
  return true;
}

bool Guesser::rests(int row, int column) {
  for (int chain = 0; chain < chains_; ++chain)
    if (draws_.is_known(first_ + chain, row, column)) return false;
  return rest_ > 0 && rest_-- > 0;
}

void Guesser::note_length(int columns) {
  spans_of_one_ = columns == 1 ? spans_of_one_ + 1 : 0;
  if (columns > 1) next_rest_ = kFirstRest;
  if (policy_.column_cost == 0.0 || spans_of_one_ < kPatience) return;
  spans_of_one_ = 0;
  rest_ = next_rest_;
  next_rest_ = std::min(2 * next_rest_, kLongestRest);
}

// A column more is worth its cost as long as it brings more pixels for its time than the span has so far.
int Guesser::guess(int row, int column, int most) {
  is_resting_ = rests(row, column);
  if (is_resting_) return 1;
  const double cost = policy_.column_cost;
  double reached = 1.0, expected = 0.0;  // the next column; columns that are kept
  int columns = 0;
  for (; columns < most; ++columns) {
    const bool pays = columns < policy_.columns && reached * (1.0 + columns * cost) >= expected * cost;
    if (columns > 0 && !pays && !all_know(row, column + columns)) break;
    expected += reached;
    for (int chain = 0; chain < chains_; ++chain) reached *= guess_pixel(chain, row, column + columns);
  }
  note_length(columns);
  return columns;
}

double Guesser::guess_pixel(int chain, int row, int column) {
  const bool known = draws_.is_known(first_ + chain, row, column);
  double right = 1.0;
  for (int channel = 0; channel < image_.c; ++channel) {
    float& value = draws_.image(first_ + chain)[image_.offset(0, channel, row, column)];
    if (!known) {
      const GuessTable& table = tables_[to_index(channel)];
      Guess& guess = at(chain, column, channel);
      guess = table.guess(table.surroundings(rows_, chain, channel, row, column),
                          draws_.uniform(first_ + chain, row, column, channel));
      right *= table.right(guess);
      value = head_.value(guess.level);
    }
    rows_.set(chain, channel, row, column, head_.level(value));
  }
  return right;
}

void Guesser::learn(int chain, int row, int column, int channel, float drawn) {
  GuessTable& table = tables_[to_index(channel)];
  const int level = std::isfinite(drawn) ? head_.level(drawn) : 0;
  if (!is_resting_)
    table.learn(table.surroundings(rows_, chain, channel, row, column), at(chain, column, channel), level);
  rows_.set(chain, channel, row, column, level);
}

}  // namespace pcnn
