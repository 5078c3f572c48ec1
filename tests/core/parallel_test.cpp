#include "engine/core/parallel.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/compile/backend.h"
#include "engine/core/cgroup.h"
#include "tests/run/program.h"
#include "tests/support/shell.h"

namespace pcnn {
namespace {

TEST(Workers, VisitEveryIndexOnce) {
  for (const int threads : {1, 2, 3}) {
    const Workers workers(threads);
    EXPECT_EQ(workers.threads(), threads);
    for (const std::size_t count : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> visits(count);
      workers.parallel_for(count, [&](std::size_t index) { ++visits[index]; });
      for (const std::atomic<int>& visit : visits) EXPECT_EQ(visit, 1);
    }
  }
}

// A library's parallel loop inside a body waits; the waiting thread must not begin another body meanwhile.
TEST(Workers, GiveABodyThatWaitsNoOtherBodyMeanwhile) {
  for (const int threads : {2, 4}) {
    const Workers workers(threads);
    std::mutex mutex;
    std::set<std::thread::id> inside;
    int begun_inside_another = 0;
    std::size_t most = 0;
    const auto body = [&](std::size_t) {
      {
        const std::lock_guard lock(mutex);
        begun_inside_another += !inside.insert(std::this_thread::get_id()).second;
        most = std::max(most, inside.size());
      }
      tbb::parallel_for(0, 4, [](int) { std::this_thread::sleep_for(std::chrono::microseconds(300)); });
      const std::lock_guard lock(mutex);
      inside.erase(std::this_thread::get_id());
    };
    workers.parallel_for(64, body);
    workers.parallel_reduce(64, body, [](std::size_t, std::size_t) {});
    EXPECT_EQ(begun_inside_another, 0) << threads << " threads";
    EXPECT_LE(most, static_cast<std::size_t>(threads));
  }
}

// "((0 1) (2 (3 4)))": how pieces [begin, end) are to be joined.
std::string tree_of(std::size_t begin, std::size_t end) {
  if (end - begin == 1) return std::to_string(begin);
  const std::size_t middle = begin + (end - begin) / 2;
  return "(" + tree_of(begin, middle) + " " + tree_of(middle, end) + ")";
}

TEST(Workers, JoinAlongATreeThatFollowsFromTheCountAlone) {
  for (const int threads : {1, 2, 5}) {
    const Workers workers(threads);
    for (const std::size_t count : {1, 2, 5, 16, 100}) {
      std::vector<std::string> texts(count);
      workers.parallel_reduce(
          count, [&](std::size_t i) { texts[i] = std::to_string(i); },
          [&](std::size_t left, std::size_t right) {
            texts[left] = "(" + texts[left] + " " + texts[right] + ")";
          });
      EXPECT_EQ(texts[0], tree_of(0, count)) << threads << " threads";
    }
    const auto never = [](auto...) { FAIL(); };
    workers.parallel_reduce(0, never, never);
  }
}

TEST(Workers, MayBeMoreThanTheCores) {
  const int threads = 4 * available_threads() + 1;
  const Workers workers(threads);
  EXPECT_EQ(workers.threads(), threads);
  std::atomic<std::size_t> sum = 0;
  workers.parallel_for(2000, [&](std::size_t index) { sum += index; });
  EXPECT_EQ(sum, 1999000u);
}

TEST(Workers, DoAThingOnceOnEachThread) {
  for (const int threads : {1, 2, 5}) {
    const Workers workers(threads);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    // On a busy machine one may come too late.
    for (int attempt = 0; attempt < 50 && std::ssize(seen) < threads; ++attempt) {
      seen.clear();
      int calls = 0;
      workers.on_each_thread([&] {
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
        ++calls;
      });
      EXPECT_EQ(calls, threads);
    }
    EXPECT_EQ(std::ssize(seen), threads);
    EXPECT_THROW(workers.on_each_thread([] { throw std::out_of_range("no"); }), std::out_of_range);
  }
}

TEST(Workers, AreAtLeastOne) {
  EXPECT_EQ(Workers(0).threads(), 1);
  EXPECT_EQ(Workers(-3).threads(), 1);
}

TEST(Workers, LetExceptionsThroughAndGoOn) {
  const Workers workers(2);
  const auto throws_at_42 = [](std::size_t index) {
    if (index == 42) throw std::out_of_range("42");
  };
  EXPECT_THROW(workers.parallel_for(100, throws_at_42), std::out_of_range);
  EXPECT_THROW(workers.parallel_reduce(100, throws_at_42, [](std::size_t, std::size_t) {}),
               std::out_of_range);
  std::atomic<int> visits = 0;
  workers.parallel_for(100, [&](std::size_t) { ++visits; });
  EXPECT_EQ(visits, 100);
}

TEST(SingleThreadedCompute, HoldsOpenMpToOneThreadAndGivesTheSettingBack) {
  const auto max_threads = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  const auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (backend().runtime != "OpenMP") GTEST_SKIP() << "oneDNN is built without OpenMP";
  ASSERT_TRUE(max_threads && set_threads);
  const int before = max_threads();
  std::atomic<int> more_than_one = 0, kept = 0;
  Workers(3).parallel_for(100, [&](std::size_t) {
    set_threads(3);
    SingleThreadedCompute().run([&] { more_than_one += max_threads() != 1; });
    kept += max_threads() == 3;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // long enough for the others to join in
  });
  EXPECT_EQ(more_than_one, 0);
  EXPECT_EQ(kept, 100);
  set_threads(before);
}

TEST(SingleThreadedCompute, HoldsTbbToOneThread) {
  if (backend().runtime != "TBB") GTEST_SKIP() << "oneDNN is built without TBB";
  const Workers workers(3);
  std::atomic<int> more_than_one = 0, elsewhere = 0;
  workers.parallel_for(100, [&](std::size_t) {
    const std::thread::id here = std::this_thread::get_id();
    SingleThreadedCompute().run([&] {
      more_than_one += tbb::this_task_arena::max_concurrency() != 1;
      tbb::parallel_for(0, 100, [&](int) { elsewhere += std::this_thread::get_id() != here; });
    });
  });
  EXPECT_EQ(more_than_one, 0);
  EXPECT_EQ(elsewhere, 0);
}

TEST(SingleThreadedCompute, LetsExceptionsThrough) {
  const SingleThreadedCompute compute;
  EXPECT_THROW(compute.run([] { throw std::runtime_error("inside"); }), std::runtime_error);
  bool ran = false;
  compute.run([&] { ran = true; });
  EXPECT_TRUE(ran);
}

// oneTBB counts the cores once in a process, so a program tells what they are under another mask.
TEST(AvailableThreads, AreTheCoresOfTheAffinityMaskWithinTheQuota) {
  cpu_set_t allowed, one;
  ASSERT_EQ(::sched_getaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_EQ(available_threads(), cores_within(cpu_quota(), CPU_COUNT(&allowed)));
  int first = 0;
  while (!CPU_ISSET(first, &allowed)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  const testing::Outcome version = testing::shell(programs().string() + "/pcnn-run --version");
  ASSERT_EQ(::sched_setaffinity(0, sizeof allowed, &allowed), 0);
  EXPECT_NE(version.output.find("threads to use: 1\n"), std::string::npos) << version.output;
}

TEST(FlushDenormals, TurnsThemIntoZeroOnTheCallingThreadOnly) {
  const volatile float smallest_normal = std::numeric_limits<float>::min();
  const volatile float denormal = std::numeric_limits<float>::denorm_min();
  float made = -1.0f, read = -1.0f;
  std::thread([&] {
    flush_denormals_to_zero();
    made = smallest_normal * 0.5f;
    read = denormal * 0x1.0p100f;
  }).join();
  EXPECT_EQ(made, 0.0f);
  EXPECT_EQ(read, 0.0f);
  EXPECT_GT(smallest_normal * 0.5f, 0.0f);
  EXPECT_GT(denormal * 0x1.0p100f, 0.0f);
}

}  // namespace
}  // namespace pcnn
