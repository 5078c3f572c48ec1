#pragma once

// Things that tasks borrow, such as workspaces: each is one task's until the task gives it back. A thread's
// slot would not do: a thread that waits inside a task may be given another task meanwhile.

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace pcnn {

// Thread-safe. Must outlive its loans.
template <typename T>
class Pool {
 public:
  // Owns one thing for its lifetime.
  class Loan {
   public:
    Loan(Loan&& other) noexcept : pool_(other.pool_), thing_(std::move(other.thing_)) {}
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (thing_) pool_->take_back(std::move(thing_));
    }
    [[nodiscard]] T& operator*() const { return *thing_; }
    [[nodiscard]] T* operator->() const { return thing_.get(); }

   private:
    friend class Pool;
    Loan(Pool* pool, std::unique_ptr<T> thing) : pool_(pool), thing_(std::move(thing)) {}
    Pool* pool_;
    std::unique_ptr<T> thing_;
  };

  // make: called whenever none is free, by the thread that borrows, from several at once.
  explicit Pool(std::function<T()> make) : make_(std::move(make)) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Makes one ahead, as if this thread had just given it back. Memory lies near the thread that first writes
  // to it, so each thread that is to borrow adds its own (Workers::on_each_thread).
  void add() { take_back(make_new()); }

  // The one this thread gave back last, whose memory is near it, or else any that is free.
  [[nodiscard]] Loan borrow() {
    if (std::unique_ptr<T> thing = take_free()) return Loan(this, std::move(thing));
    return Loan(this, make_new());
  }

 private:
  struct Free {
    std::unique_ptr<T> thing;
    std::thread::id last_user;
  };

  std::unique_ptr<T> make_new() {
    auto thing = std::make_unique<T>(make_());
    const std::lock_guard lock(mutex_);
    free_.reserve(made_ + 1);  // so that giving back cannot fail
    ++made_;
    return thing;
  }

  std::unique_ptr<T> take_free() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return nullptr;
    std::size_t chosen = free_.size() - 1;
    for (std::size_t i = free_.size(); i-- > 0;)
      if (free_[i].last_user == std::this_thread::get_id()) {
        chosen = i;
        break;
      }
    std::swap(free_[chosen], free_.back());
    std::unique_ptr<T> thing = std::move(free_.back().thing);
    free_.pop_back();
    return thing;
  }

  void take_back(std::unique_ptr<T> thing) noexcept {
    const std::lock_guard lock(mutex_);
    free_.push_back({std::move(thing), std::this_thread::get_id()});
  }

  std::function<T()> make_;
  std::mutex mutex_;
  std::vector<Free> free_;
  std::size_t made_ = 0;
};

}  // namespace pcnn
