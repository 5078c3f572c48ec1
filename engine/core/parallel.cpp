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
#include <optional>

#include "engine/core/cgroup.h"
#include "engine/core/handoff.h"

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
  return cores_within(cpu_quota(), tbb::this_task_arena::max_concurrency());  // honours the affinity mask
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
    hand_over(&work_begins);
    arena.execute([&] {
      take_over(&work_begins);
      hand_over(&work_begins);
      work();
      take_over(&work_ends);
      hand_over(&work_ends);
    });
    take_over(&work_ends);
  }

  int threads;
  std::optional<tbb::global_control> more_threads;
  tbb::task_arena arena;
};

Workers::Workers(int threads) : impl_(std::make_unique<Impl>(std::max(1, threads))) {}
Workers::~Workers() = default;

int Workers::threads() const {
  return impl_->threads;
}

// Without the isolation a thread that waits inside a body, in a library's parallel loop for one, would run
// another body meanwhile, between two halves of this one.
void Workers::parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const {
  impl_->execute([&] {
    const auto piece = [&](std::size_t i) {
      take_over(&work_begins);
      tbb::this_task_arena::isolate([&] { body(i); });
      hand_over(&work_ends);
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
  Row(Row& other, tbb::split) : Row(taken_over(other)) { hand_over(this); }

  void operator()(const tbb::blocked_range<std::size_t>& one) {  // TBB halves down to single pieces
    take_over(this);
    first_ = one.begin();
    tbb::this_task_arena::isolate([&] { (*compute_)(first_); });
    hand_over(this);
  }

  void join(Row& right) {
    take_over(this);
    take_over(&right);
    (*join_)(first_, right.first_);
    hand_over(this);
  }

 private:
  static const Row& taken_over(Row& other) {
    take_over(&other);
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
    hand_over(&all);
    tbb::parallel_deterministic_reduce(tbb::blocked_range<std::size_t>(0, count, 1), all);
    take_over(&all);
  });
}

}  // namespace pcnn
