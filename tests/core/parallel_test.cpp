#include "engine/core/parallel.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

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

// While a body runs, no other runs under the same index.
TEST(Workers, HaveTheirIndexToThemselves) {
  for (const int threads : {1, 2, 5}) {
    const Workers workers(threads);
    std::vector<std::atomic<int>> inside(static_cast<std::size_t>(threads));
    std::atomic<int> outside_range = 0, shared = 0;
    workers.parallel_for(500, [&](std::size_t) {
      const int worker = Workers::current();
      if (worker < 0 || worker >= threads) {
        ++outside_range;
        return;
      }
      std::atomic<int>& here = inside[static_cast<std::size_t>(worker)];
      if (++here != 1) ++shared;
      std::this_thread::yield();
      --here;
    });
    EXPECT_EQ(outside_range, 0);
    EXPECT_EQ(shared, 0);
  }
}

TEST(Workers, MayBeMoreThanTheCores) {
  const int threads = 4 * available_threads() + 1;
  const Workers workers(threads);
  EXPECT_EQ(workers.threads(), threads);
  std::atomic<std::size_t> sum = 0;
  std::atomic<int> outside_range = 0;
  workers.parallel_for(2000, [&](std::size_t index) {
    sum += index;
    if (Workers::current() < 0 || Workers::current() >= threads) ++outside_range;
  });
  EXPECT_EQ(sum, 1999000u);
  EXPECT_EQ(outside_range, 0);
}

TEST(Workers, AreAtLeastOne) {
  EXPECT_EQ(Workers(0).threads(), 1);
  EXPECT_EQ(Workers(-3).threads(), 1);
}

TEST(Workers, LetExceptionsThroughAndGoOn) {
  const Workers workers(2);
  EXPECT_THROW(workers.run([] { throw std::runtime_error("run"); }), std::runtime_error);
  EXPECT_THROW(workers.parallel_for(100,
                                    [](std::size_t index) {
                                      if (index == 42) throw std::out_of_range("42");
                                    }),
               std::out_of_range);
  std::atomic<int> visits = 0;
  workers.parallel_for(100, [&](std::size_t) { ++visits; });
  EXPECT_EQ(visits, 100);
}

TEST(Workers, RunInsideTheArenaAndWait) {
  const Workers workers(2);
  for (int round = 0; round < 20; ++round) {
    int worker = -1;
    bool done = false;
    workers.run([&] {
      worker = Workers::current();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // run() may not return before
      done = true;
    });
    EXPECT_TRUE(done);
    EXPECT_TRUE(worker == 0 || worker == 1) << worker;
  }
}

TEST(Workers, HoldComputeToOneThreadAndGiveTheSettingBack) {
  const auto max_threads = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
  const auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
  if (!max_threads || !set_threads) GTEST_SKIP() << "oneDNN is built without OpenMP";
  const int before = max_threads();
  set_threads(3);
  std::atomic<int> more_than_one = 0;
  Workers(3).parallel_for(100, [&](std::size_t) {
    more_than_one += max_threads() != 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // long enough for the others to join in
  });
  EXPECT_EQ(more_than_one, 0);
  EXPECT_EQ(max_threads(), 3);
  {
    const SingleThreadedCompute guard;
    EXPECT_EQ(max_threads(), 1);
  }
  EXPECT_EQ(max_threads(), 3);
  set_threads(before);
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
