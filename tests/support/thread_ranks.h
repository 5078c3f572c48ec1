#pragma once

// Ranks that are threads of the test: what they say to each other goes through queues.

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "engine/ranks/ranks.h"

namespace pcnn::testing {

class ThreadRanks final : public Ranks {
 public:
  class Hub {
   public:
    void push(int from, int to, char kind, Bytes bytes) {
      const std::lock_guard lock(mutex_);
      queues_[{from, to, kind}].push_back(std::move(bytes));
      changed_.notify_all();
    }
    Bytes pop(int from, int to, char kind) {
      std::unique_lock lock(mutex_);
      std::deque<Bytes>& queue = queues_[{from, to, kind}];
      changed_.wait(lock, [&] { return !queue.empty() || is_aborted_; });
      if (queue.empty()) throw std::runtime_error("aborted by another rank");
      Bytes bytes = std::move(queue.front());
      queue.pop_front();
      return bytes;
    }
    bool has(int from, int to, char kind) {
      const std::lock_guard lock(mutex_);
      return !queues_[{from, to, kind}].empty() || is_aborted_;
    }
    void abort() {
      const std::lock_guard lock(mutex_);
      is_aborted_ = true;
      changed_.notify_all();
    }
    // Whether all that was sent was received.
    bool is_empty() {
      const std::lock_guard lock(mutex_);
      return std::ranges::all_of(queues_, [](const auto& queue) { return queue.second.empty(); });
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::tuple<int, int, char>, std::deque<Bytes>> queues_;
    bool is_aborted_ = false;
  };

  // damage: of what this rank receives in transfers, as a faulty link or memory does it.
  using Damage = std::function<void(int rank, std::span<float> received)>;
  ThreadRanks(Hub& hub, int rank, int size, const Damage& damage = {})
      : hub_(hub), rank_(rank), size_(size), damage_(damage) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }
  [[nodiscard]] std::string name() const override { return "rank " + std::to_string(rank_); }
  void post(int to, std::span<const std::byte> message) override {
    hub_.push(rank_, to, 'm', {message.begin(), message.end()});
  }
  [[nodiscard]] Bytes take(int from) override { return hub_.pop(from, rank_, 'm'); }
  [[nodiscard]] bool has_message(int from) override { return hub_.has(from, rank_, 'm'); }
  void transfer(std::span<const Outgoing> sends, std::span<const Incoming> receives) override {
    for (const Outgoing& send : sends) {
      const auto bytes = std::as_bytes(send.values);
      hub_.push(rank_, send.to, 't', {bytes.begin(), bytes.end()});
    }
    for (const Incoming& receive : receives) {
      copy(hub_.pop(receive.from, rank_, 't'), receive.values);
      if (damage_) damage_(rank_, receive.values);
    }
  }
  void broadcast(std::span<float> values) override {
    const auto bytes = std::as_bytes(values);
    for (int to = 1; to < size_ && rank_ == 0; ++to) hub_.push(0, to, 'b', {bytes.begin(), bytes.end()});
    if (rank_ > 0) copy(hub_.pop(0, rank_, 'b'), values);
  }
  [[noreturn]] void abort(int exit_code) override {
    hub_.abort();
    throw std::runtime_error("aborted with " + std::to_string(exit_code));
  }

 private:
  static void copy(const Bytes& from, std::span<float> to) {
    if (from.size() != to.size_bytes())
      throw std::runtime_error("a message of " + std::to_string(from.size()) + " bytes where " +
                               std::to_string(to.size_bytes()) + " are received");
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size());
  }
  Hub& hub_;
  int rank_, size_;
  Damage damage_;
};

// Runs `work` on so many ranks, each a thread, and throws what the first of them threw. Throws where a
// message was left that nobody took.
inline void run_ranks(int size, const std::function<void(Ranks&)>& work,
                      const ThreadRanks::Damage& damage = {}) {
  ThreadRanks::Hub hub;
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      try {
        ThreadRanks ranks(hub, rank, size, damage);
        work(ranks);
      } catch (...) {
        failures[static_cast<std::size_t>(rank)] = std::current_exception();
        hub.abort();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  if (!hub.is_empty()) throw std::runtime_error("a message was left that nobody took");
}

}  // namespace pcnn::testing
