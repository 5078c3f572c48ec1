#pragma once

// The processes that compute together, as an MPI launcher started them. Rank 0 is the program: it alone reads
// what the user gave, draws numbers, and writes files. The others serve it (run/serve.h).

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

namespace pcnn {

using Bytes = std::vector<std::byte>;

// All methods on one thread of each process; what one rank sends, another has to receive.
class Ranks {
 public:
  struct Outgoing {
    int to;
    std::span<const float> values;
  };
  struct Incoming {
    int from;
    std::span<float> values;
  };

  Ranks() = default;
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  [[nodiscard]] virtual int rank() const = 0;  // from 0
  [[nodiscard]] virtual int size() const = 0;
  // What calls this rank in a message: "rank 3 on host b".
  [[nodiscard]] virtual std::string name() const = 0;

  // A message of any size, to one rank. May wait for who is to take it.
  virtual void post(int to, std::span<const std::byte> message) = 0;
  // The next message of that rank. Waits without keeping a core busy for long.
  [[nodiscard]] virtual Bytes take(int from) = 0;
  // Whether there is one to take.
  [[nodiscard]] virtual bool has_message(int from) = 0;
  // Sends and receives all of these at once; between two ranks in their order.
  virtual void transfer(std::span<const Outgoing> sends, std::span<const Incoming> receives) = 0;
  // From rank 0 to all.
  virtual void broadcast(std::span<float> values) = 0;

  // Ends every rank at once, this one included, with that exit code.
  [[noreturn]] virtual void abort(int exit_code) = 0;

  // On rank 0: another number for each model that it sends to the others.
  [[nodiscard]] std::uint32_t number_model() { return models_++; }
  // Whether rank 0 left a job that the others are still at: nothing more can be asked of them, and they are
  // ended with abort().
  [[nodiscard]] bool has_unfinished_job() const { return has_unfinished_job_; }
  void leave_job_unfinished() { has_unfinished_job_ = true; }

 private:
  std::uint32_t models_ = 0;
  bool has_unfinished_job_ = false;
};

// On rank 0, for the time of a job. Where an exception leaves it the job stays unfinished. ranks may be null.
class UnfinishedWhereThrown {
 public:
  explicit UnfinishedWhereThrown(Ranks* ranks) : ranks_(ranks), exceptions_(std::uncaught_exceptions()) {}
  ~UnfinishedWhereThrown() {
    if (ranks_ && std::uncaught_exceptions() > exceptions_) ranks_->leave_job_unfinished();
  }
  UnfinishedWhereThrown(const UnfinishedWhereThrown&) = delete;
  UnfinishedWhereThrown& operator=(const UnfinishedWhereThrown&) = delete;

 private:
  Ranks* ranks_;
  int exceptions_;
};

}  // namespace pcnn
