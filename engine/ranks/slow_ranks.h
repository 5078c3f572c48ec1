#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace pcnn {

// Says which rank is waited for where that takes long, so that a user sees who hangs: one line for a wait,
// and one when it is over. A rank that was named is named again only where it takes twice as long as then.
// One thread at a time.
class SlowRanks {
 public:
  using Note = std::function<void(const std::string& line)>;
  using Clock = std::chrono::steady_clock;

  // names: by rank.
  SlowRanks(std::vector<std::string> names, Note note, Clock::duration patience = std::chrono::seconds(10));

  // From its beginning to its end. One at a time.
  class Wait {
   public:
    explicit Wait(SlowRanks& ranks) : ranks_(ranks), begin_(Clock::now()) {}
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

    // Whether it is time to name the rank that is waited for.
    [[nodiscard]] bool is_long() const;
    void name(std::size_t rank);

   private:
    SlowRanks& ranks_;
    Clock::time_point begin_;
    std::string named_;
  };

 private:
  std::vector<std::string> names_;
  Note note_;
  Clock::duration patience_;
  std::vector<Clock::duration> limits_;  // by rank: what is no longer passed over
};

}  // namespace pcnn
