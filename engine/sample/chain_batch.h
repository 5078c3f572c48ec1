#pragma once

// The images of a few chains that move from pixel to pixel together.

#include <span>
#include <vector>

#include "engine/compile/pixel/pixel_program.h"
#include "engine/core/shape.h"
#include "engine/sample/sampling.h"
#include "engine/sample/speculation.h"

namespace pcnn {

// One thread at a time; all that is given must outlive it.
class ChainBatch {
 public:
  // Of the chains first, first + 1, ...: as many as the state has. image: the shape of one. guesser: null
  // where nothing is guessed.
  ChainBatch(const PixelProgram& program, const Shape& image, int first, IncrementalState& state,
             PixelDraws& draws, Guesser* guesser);

  // All images.
  void draw();
  [[nodiscard]] const SpeculationCounts& counts() const { return counts_; }

 private:
  // All return the number of columns that are done then.
  int draw_columns(int row, int column);
  int draw_guesses(int row, int column);
  int keep_pixels(int row, int column, int columns);
  // A pixel's channel groups from this one on.
  int draw_pixel(int row, int column, int first_group = 0);

  [[nodiscard]] bool is_skipped(int row, int column) const;
  // By row: how many rows below it the next pixel is that is not skipped, 0 for itself.
  [[nodiscard]] std::vector<int> rows_ahead() const;
  // Gives what the images hold to the program.
  void set_pixels(int row, int column, int columns);
  // Draws a channel group of a pixel for all chains from their logits, into values_; whether nothing that
  // the images hold changed.
  bool draw_group(int row, int column, int group, std::span<const float> logits);
  [[nodiscard]] std::span<const float> drawn() const;

  const PixelProgram& program_;
  Shape image_;
  int group_channels_;  // image channels of a channel group
  int first_;
  IncrementalState& state_;
  PixelDraws& draws_;
  Guesser* guesser_;
  SpeculationCounts counts_;
  std::vector<int> rows_ahead_;
  std::vector<float> values_;  // of the pixels given last
};

}  // namespace pcnn
