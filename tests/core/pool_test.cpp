#include "engine/core/pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <new>
#include <optional>
#include <thread>
#include <vector>

#include "engine/core/parallel.h"

namespace pcnn {
namespace {

struct Counter {
  explicit Counter(int given) : number(given) {}
  int number;
  int users = 0;
};

TEST(Pool, LendsEachThingToOneAtATime) {
  int made = 0;
  Pool<Counter> pool([&] { return Counter(made++); });
  const auto first = pool.borrow();
  const auto second = pool.borrow();
  EXPECT_NE(first->number, second->number);
  EXPECT_EQ(made, 2);
}

TEST(Pool, LendsAgainWhatWasGivenBack) {
  int made = 0;
  Pool<Counter> pool([&] { return Counter(made++); });
  for (int i = 0; i < 10; ++i) pool.borrow()->users += 1;
  EXPECT_EQ(made, 1);
  EXPECT_EQ(pool.borrow()->users, 10);
}

TEST(Pool, MakesAheadWhatIsAdded) {
  int made = 0;
  Pool<Counter> pool([&] { return Counter(made++); });
  for (int i = 0; i < 3; ++i) pool.add();
  EXPECT_EQ(made, 3);
  std::vector<Pool<Counter>::Loan> loans;
  for (int i = 0; i < 3; ++i) loans.push_back(pool.borrow());
  EXPECT_EQ(made, 3);
  loans.push_back(pool.borrow());
  EXPECT_EQ(made, 4);
}

TEST(Pool, PrefersWhatTheThreadHadBefore) {
  int made = 0;
  Pool<Counter> pool([&] { return Counter(made++); });
  std::optional<Pool<Counter>::Loan> mine(pool.borrow());
  const int number = (*mine)->number;
  std::promise<void> both_lent, mine_is_back;
  std::thread other([&] {
    const auto its = pool.borrow();
    both_lent.set_value();
    mine_is_back.get_future().wait();
  });
  both_lent.get_future().wait();
  mine.reset();
  mine_is_back.set_value();
  other.join();  // what it had was given back last
  EXPECT_EQ(made, 2);
  EXPECT_EQ(pool.borrow()->number, number);
}

// So that memory is near the thread that works in it. On a busy machine a thread may come too late.
TEST(Pool, LendsEachThreadWhatItAdded) {
  const Workers workers(4);
  int own_at_best = 0;
  for (int attempt = 0; attempt < 50 && own_at_best < 4; ++attempt) {
    Pool<std::thread::id> pool([] { return std::this_thread::get_id(); });
    workers.on_each_thread([&] { pool.add(); });
    std::atomic<int> own = 0;
    workers.on_each_thread([&] { own += *pool.borrow() == std::this_thread::get_id(); });
    own_at_best = std::max(own_at_best, own.load());
  }
  EXPECT_EQ(own_at_best, 4);
}

TEST(Pool, SurvivesAThingThatCannotBeMade) {
  bool fails = true;
  Pool<Counter> pool([&] {
    if (fails) throw std::bad_alloc();
    return Counter(7);
  });
  EXPECT_THROW((void)pool.borrow(), std::bad_alloc);
  fails = false;
  EXPECT_EQ(pool.borrow()->number, 7);
}

TEST(Pool, KeepsBodiesApart) {
  const Workers workers(4);
  Pool<Counter> pool([] { return Counter(0); });
  for (int i = 0; i < 4; ++i) pool.add();
  std::atomic<int> shared = 0;
  workers.parallel_for(300, [&](std::size_t) {
    const auto counter = pool.borrow();
    if (++counter->users != 1) ++shared;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    --counter->users;
  });
  EXPECT_EQ(shared, 0);
}

}  // namespace
}  // namespace pcnn
