#pragma once

// Speculative sampling of few chains. One pixel of one chain takes as long to stream all weights as a span of
// pixels does, so that what is computed is a span of guesses:
//
//     guess    1 1 0 0 1 1     from a table (guess_table.h), cheap
//     verify                   one pass of the network over the span
//     draw     1 1 0 1         each pixel with its own number, up to the first that is not its guess
//
// Every value is drawn from logits that saw the right pixels: a guess changes the time a sample takes and no
// bit of it.

#include <cstdint>
#include <vector>

#include "engine/model/output_head.h"
#include "engine/sample/guess_table.h"
#include "engine/sample/sampling.h"
#include "engine/sample/speculate.h"

namespace pcnn {

// How long spans are.
struct SpanPolicy {
  int columns = 1;           // guessed, at most; 1: none are
  double column_cost = 0.0;  // time of a column more, over that of a pass of none: spans end where the next
                             // column would not pay; 0: spans are as long as they may be
};

// Guesses for a batch of chains. One thread at a time; all that is given must outlive it.
class Guesser {
 public:
  // tables: one for each image channel. image: the shape of one. The batch's chains are first, first + 1, ...
  Guesser(std::vector<GuessTable>& tables, const OutputHead& head, const Shape& image, int first, int chains,
          const SpanPolicy& policy, PixelDraws& draws);

  // Gives the columns of a span that begins at this pixel, 1 to `most`, and writes guesses into the images
  // where its pixels are not known. Known ones may lengthen it beyond the policy. Every pixel before must
  // have been learnt, or have been in a span and known.
  int guess(int row, int column, int most);
  // What was drawn where a guess was.
  void learn(int chain, int row, int column, int channel, float drawn);

 private:
  // Whether no span has paid for so long that guesses are not worth their own time.
  bool rests(int row, int column);
  void note_length(int columns);
  // Of all channels; how likely the guess is right.
  double guess_pixel(int chain, int row, int column);
  [[nodiscard]] Guess& at(int chain, int column, int channel);
  [[nodiscard]] bool all_know(int row, int column) const;

  std::vector<GuessTable>& tables_;
  const OutputHead& head_;
  Shape image_;
  int first_, chains_;
  SpanPolicy policy_;
  PixelDraws& draws_;
  LevelRows rows_;
  std::vector<Guess> guesses_;  // [column][chain][channel], of the span
  bool is_resting_ = false;
  int spans_of_one_ = 0, rest_ = 0, next_rest_;
};

}  // namespace pcnn
