#pragma once

// Guesses what a head is about to draw, from counts of what it drew before in like surroundings:
//
//     two levels    . # # # .      more    . . . . .      # looked at
//                   # # # # #              . # # # .      x guessed
//                   # # x                  . # x
//
// Where surroundings were met seldom, coarser ones help out. A guess is drawn from the counts with the very
// number that its pixel will be drawn with, so that the two differ only where that number falls between the
// two distributions.

#include <array>
#include <cstdint>
#include <vector>

#include "engine/model/output_head.h"

namespace pcnn {

// Levels of the last rows of some chains' images, as far as guesses look at them; 0 outside the images.
class LevelRows {
 public:
  LevelRows(int chains, int channels, int width);

  void set(int chain, int channel, int row, int column, int level) {
    at(chain, channel, row)[column] = level;
  }
  // Of column 0; columns -2 to width + 1 may be read. row - 2 to row are there, if they were set.
  [[nodiscard]] const int* row(int chain, int channel, int row) const {
    return levels_.data() + offset(chain, channel, row);
  }

 private:
  static constexpr int kRows = 3, kMargin = 2;
  [[nodiscard]] std::size_t offset(int chain, int channel, int row) const {
    const int ring = (row + kRows) % kRows;
    return static_cast<std::size_t>(((chain * channels_ + channel) * kRows + ring) * stride_ + kMargin);
  }
  [[nodiscard]] int* at(int chain, int channel, int row) {
    return levels_.data() + offset(chain, channel, row);
  }

  int channels_, stride_;
  std::vector<int> levels_;
};

// Of one pixel: which counts speak of it.
struct Surroundings {
  std::uint32_t fine = 0;
  std::uint32_t coarse = 0;
  int left = 0, above = 0;  // levels
};

struct Guess {
  int level = 0;
  int margin = 0;  // class of the distance to the next level's share: the larger the surer
};

// The counts of one image channel. One thread at a time.
class GuessTable {
 public:
  // Of more, nothing is counted, and the guess is the pixel to the left.
  static constexpr int kMostLevels = 256;

  // Of a head at a temperature; head must outlive this. after_channels: whether the channel before it, at the
  // same pixel, is looked at.
  GuessTable(const OutputHead& head, double temperature, bool after_channel);

  // channel: of the rows; its level at the pixel itself and to the right of it is not looked at.
  [[nodiscard]] Surroundings surroundings(const LevelRows& rows, int chain, int channel, int row,
                                          int column) const;
  // uniform: the number that the head's draw will be given.
  [[nodiscard]] Guess guess(const Surroundings& around, float uniform) const;
  // How often guesses of this margin were right.
  [[nodiscard]] double right(const Guess& guess) const;
  void learn(const Surroundings& around, const Guess& guess, int drawn);

 private:
  static constexpr int kMargins = 8;
  struct Tally {
    double right = 0.0, all = 0.0;
  };

  [[nodiscard]] std::uint32_t code(int level) const;
  // Shares of all levels, which add up to one.
  [[nodiscard]] float share(const Surroundings& around, int level) const;

  int levels_;
  bool takes_mode_;  // temperature 0
  bool ones_first_;  // small numbers draw level 1
  bool after_channel_;
  int code_bits_;                               // of one level looked at
  std::vector<float> fine_, coarse_;            // [surroundings][level]
  std::vector<float> fine_sums_, coarse_sums_;  // [surroundings]
  std::array<Tally, kMargins> tallies_;
};

}  // namespace pcnn
