#pragma once

// What rank 0 asks the others to do, and how work is shared out. Work is cut by its own size alone, so that
// results have the same bits for any number of ranks.

#include <cstddef>
#include <cstdint>

#include "engine/ranks/message.h"
#include "engine/ranks/ranks.h"

namespace pcnn {

// The first value of a message from rank 0, with the model that it is about.
enum class Job : std::uint32_t {
  kEnd,       // of the program
  kModel,     // a config and a size
  kTraining,  // parameters and state to train from
  kStep,      // a part of a batch
  kScore,     // a part of some images
  kDraw,      // a part of some chains
  kTrials,    // trials of a sweep, from now on until the end of the program
  kCompare,   // nothing: a checksum of the state is wanted
};

// The ranks that compute with a model, which each of them has. Where `ranks` is null this process computes
// alone.
struct Team {
  Ranks* ranks = nullptr;
  std::uint32_t model = 0;

  [[nodiscard]] int size() const { return ranks ? ranks->size() : 1; }
  [[nodiscard]] int rank() const { return ranks ? ranks->rank() : 0; }
  [[nodiscard]] MessageWriter begin(Job job) const {
    MessageWriter message;
    message.put(job);
    message.put(model);
    return message;
  }
  // On rank 0: posts the job to each of the others, in the order of their ranks, with what put(message, rank)
  // adds.
  template <typename Put>
  void hand_out(Job job, const Put& put) const {
    for (int other = 1; other < size(); ++other) {
      MessageWriter message = begin(job);
      put(message, other);
      ranks->post(other, message.bytes());
    }
  }
  // On rank 0: take(message, rank) for what each of the others posted, in the order of their ranks.
  template <typename Take>
  void collect(const Take& take) const {
    for (int other = 1; other < size(); ++other) {
      MessageReader message(ranks->take(other));
      take(message, other);
    }
  }
};

struct Range {
  std::size_t begin = 0, end = 0;
  [[nodiscard]] std::size_t size() const { return end - begin; }
  friend bool operator==(const Range&, const Range&) = default;
};

// Of so many pieces in a row, those of a rank: their numbers differ by at most one, and rank 0 has no fewer
// than any other.
[[nodiscard]] inline Range share_of(std::size_t pieces, int rank, int ranks) {
  const auto all = static_cast<std::size_t>(ranks);
  const auto at = [&](int r) { return (pieces * static_cast<std::size_t>(r) + all - 1) / all; };
  return {at(rank), at(rank + 1)};
}

// The same of `count` values that come in pieces of `size`, the last of which may be a part.
[[nodiscard]] inline Range share_of(std::size_t count, std::size_t size, int rank, int ranks) {
  const Range pieces = share_of((count + size - 1) / size, rank, ranks);
  const auto at = [&](std::size_t piece) { return piece * size < count ? piece * size : count; };
  return {at(pieces.begin), at(pieces.end)};
}

}  // namespace pcnn
