#include "engine/core/parallel.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>
#include <xmmintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "engine/core/cgroup.h"
#include "engine/core/handoff.h"
#include "engine/core/thread_limit.h"

namespace pcnn {
namespace {

// Of the library that is loaded, which need not be the one compiled against.
bool onednn_threads_are(unsigned runtime) {
  return dnnl_version()->cpu_runtime == runtime;
}

// The OpenMP runtime that oneDNN brought into the process, whichever it is. Looking it up at run time keeps
// one runtime in the process also where the compiler would link another (clang with libomp beside libgomp).
struct OpenMp {
  int (*get_max_threads)() = nullptr;
  void (*set_num_threads)(int) = nullptr;
};

const OpenMp& open_mp() {
  static const OpenMp runtime = [] {
    OpenMp found;
    if (onednn_threads_are(DNNL_RUNTIME_OMP)) {
      found.get_max_threads = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
      found.set_num_threads = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
    }
    return found;
  }();
  return runtime;
}

// Holds the calling thread, which may be any of TBB's, each an OpenMP initial thread with its own count.
class OneOpenMpThread {
 public:
  OneOpenMpThread() {
    if (!open_mp().set_num_threads || !open_mp().get_max_threads) return;
    previous_ = open_mp().get_max_threads();
    open_mp().set_num_threads(1);
  }
  ~OneOpenMpThread() {
    if (previous_ > 0) open_mp().set_num_threads(previous_);
  }
  OneOpenMpThread(const OneOpenMpThread&) = delete;
  OneOpenMpThread& operator=(const OneOpenMpThread&) = delete;

 private:
  int previous_ = 0;
};

}  // namespace

int available_threads() {
  const int cores = tbb::this_task_arena::max_concurrency();  // honours the affinity mask
  return shared_cores(cores, cpu_quota());
}

void flush_denormals_to_zero() {
  _mm_setcsr(_mm_getcsr() | 0x8040u);  // FTZ (bit 15) and DAZ (bit 6)
}

// oneDNN asks the arena it is called in for the number of threads: here one, the caller's.
struct SingleThreadedCompute::Arena {
  tbb::task_arena arena{1, 1};
};

SingleThreadedCompute::SingleThreadedCompute()
    : arena_(onednn_threads_are(DNNL_RUNTIME_TBB) ? std::make_unique<Arena>() : nullptr) {}
SingleThreadedCompute::~SingleThreadedCompute() = default;
SingleThreadedCompute::SingleThreadedCompute(SingleThreadedCompute&&) noexcept = default;

void SingleThreadedCompute::run(const std::function<void()>& calls) const {
  const OneOpenMpThread one;
  if (arena_)
    arena_->arena.execute([&] { calls(); });
  else
    calls();
}

namespace {

// TBB starts no more threads than there are cores unless it is told to, before it starts any.
std::optional<tbb::global_control> allow(int threads) {
  const auto limit = tbb::global_control::max_allowed_parallelism;
  const auto wanted = static_cast<std::size_t>(threads);
  if (wanted <= tbb::global_control::active_value(limit)) return std::nullopt;
  return std::optional<tbb::global_control>(std::in_place, limit, wanted);
}

// Places of handoff.h: of all work alike, because a thread that takes over reads nothing before it has.
char work_begins, work_ends;

}  // namespace

struct Workers::Impl {
  explicit Impl(int count) : threads(count), more_threads(allow(count)), arena(count) {}

  // Work whose pieces take over what comes before it from work_begins and hand over to work_ends.
  void execute(const std::function<void()>& work) {
    tsan_release(&work_begins);
    arena.execute([&] {
      tsan_acquire(&work_begins);
      tsan_release(&work_begins);
      work();
      tsan_acquire(&work_ends);
      tsan_release(&work_ends);
    });
    tsan_acquire(&work_ends);
  }

  int threads;
  std::optional<tbb::global_control> more_threads;
  tbb::task_arena arena;
};

namespace {

constexpr std::chrono::milliseconds kStartWait{200};

}  // namespace

// Each waits for the others, for a while.
void Workers::on_each_thread(const std::function<void()>& body) const {
  std::atomic<int> there = 0;
  const auto latest = std::chrono::steady_clock::now() + kStartWait;
  parallel_for(static_cast<std::size_t>(threads()), [&](std::size_t) {
    ++there;
    while (there < threads() && std::chrono::steady_clock::now() < latest) std::this_thread::yield();
    body();
  });
}

Workers::Workers(int threads) : impl_(std::make_unique<Impl>(std::max(1, threads))) {
  require_threads(this->threads(), tbb::global_control::active_value(tbb::global_control::thread_stack_size));
  // oneTBB starts its threads when there is work for them, and ends the process where it gets none: they are
  // to be there before anything else takes their place.
  on_each_thread([] {});
}
Workers::~Workers() = default;

int Workers::threads() const {
  return impl_->threads;
}

// Without the isolation a thread that waits inside a body, in a library's parallel loop for one, would run
// another body meanwhile, between two halves of this one.
void Workers::parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const {
  impl_->execute([&] {
    const auto piece = [&](std::size_t i) {
      tsan_acquire(&work_begins);
      tbb::this_task_arena::isolate([&] { body(i); });
      tsan_release(&work_ends);
    };
    tbb::parallel_for(std::size_t{0}, count, piece, tbb::simple_partitioner());
  });
}

namespace {

// What TBB splits and joins: some pieces in a row, of which the first stands for all once they are joined.
class Row {
 public:
  using Compute = std::function<void(std::size_t)>;
  using Join = std::function<void(std::size_t, std::size_t)>;

  Row(const Compute& compute, const Join& join) : compute_(&compute), join_(&join) {}
  Row(Row& other, tbb::split) : Row(acquired(other)) { tsan_release(this); }

  void operator()(const tbb::blocked_range<std::size_t>& one) {  // TBB halves down to single pieces
    tsan_acquire(this);
    first_ = one.begin();
    tbb::this_task_arena::isolate([&] { (*compute_)(first_); });
    tsan_release(this);
  }

  void join(Row& right) {
    tsan_acquire(this);
    tsan_acquire(&right);
    (*join_)(first_, right.first_);
    tsan_release(this);
  }

 private:
  static const Row& acquired(Row& other) {
    tsan_acquire(&other);
    return other;
  }

  const Compute* compute_;
  const Join* join_;
  std::size_t first_ = 0;
};

}  // namespace

void Workers::parallel_reduce(std::size_t count, const std::function<void(std::size_t)>& compute,
                              const std::function<void(std::size_t, std::size_t)>& join) const {
  if (count == 0) return;
  Row all(compute, join);
  impl_->execute([&] {
    tsan_release(&all);
    tbb::parallel_deterministic_reduce(tbb::blocked_range<std::size_t>(0, count, 1), all);
    tsan_acquire(&all);
  });
}

}  // namespace pcnn
