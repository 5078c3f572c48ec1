#include "engine/core/parallel.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl_config.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_scheduler_observer.h>
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

// The OpenMP runtime that oneDNN brought into the process, whichever it is. Looking it up at run time keeps
// one runtime in the process also where the compiler would link another (clang with libomp beside libgomp).
struct OpenMp {
  int (*get_max_threads)() = nullptr;
  void (*set_num_threads)(int) = nullptr;
};

const OpenMp& open_mp() {
  static const OpenMp runtime = [] {
    OpenMp found;
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
    found.get_max_threads = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_max_threads"));
    found.set_num_threads = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "omp_set_num_threads"));
#endif
    return found;
  }();
  return runtime;
}

}  // namespace

int available_threads() {
  return cores_within(cpu_quota(), tbb::this_task_arena::max_concurrency());  // honours the affinity mask
}

void flush_denormals_to_zero() {
  _mm_setcsr(_mm_getcsr() | 0x8040u);  // FTZ (bit 15) and DAZ (bit 6)
}

SingleThreadedCompute::SingleThreadedCompute() {
  if (!open_mp().set_num_threads || !open_mp().get_max_threads) return;
  previous_ = open_mp().get_max_threads();
  open_mp().set_num_threads(1);
}

SingleThreadedCompute::~SingleThreadedCompute() {
  if (previous_ > 0) open_mp().set_num_threads(previous_);
}

// Each TBB worker is an OpenMP initial thread with its own thread count, so it is set on entry, per thread.
class OneThreadPerCall : public tbb::task_scheduler_observer {
 public:
  explicit OneThreadPerCall(tbb::task_arena& arena) : tbb::task_scheduler_observer(arena) { observe(true); }
  ~OneThreadPerCall() override { observe(false); }
  void on_scheduler_entry(bool) override {
    if (open_mp().set_num_threads) open_mp().set_num_threads(1);
  }
};

// TBB starts no more threads than there are cores unless it is told to, before it starts any.
std::optional<tbb::global_control> allow(int threads) {
  const auto limit = tbb::global_control::max_allowed_parallelism;
  const auto wanted = static_cast<std::size_t>(threads);
  if (wanted <= tbb::global_control::active_value(limit)) return std::nullopt;
  return std::optional<tbb::global_control>(std::in_place, limit, wanted);
}

struct Workers::Impl {
  explicit Impl(int count) : threads(count), more_threads(allow(count)), arena(count), observer(arena) {}
  int threads;
  std::optional<tbb::global_control> more_threads;
  mutable tbb::task_arena arena;
  OneThreadPerCall observer;
};

namespace {

constexpr std::chrono::milliseconds kStartWait{200};

// oneTBB starts its threads when there is work for them, and ends the process where it gets none. So that
// they are there before anything else takes their place, each waits here for the others, for a while.
void start_all(const Workers& workers) {
  std::atomic<int> there = 0;
  const auto latest = std::chrono::steady_clock::now() + kStartWait;
  workers.parallel_for(static_cast<std::size_t>(workers.threads()), [&](std::size_t) {
    ++there;
    while (there < workers.threads() && std::chrono::steady_clock::now() < latest) std::this_thread::yield();
  });
}

}  // namespace

Workers::Workers(int threads) : impl_(std::make_unique<Impl>(std::max(1, threads))) {
  require_threads(this->threads(), tbb::global_control::active_value(tbb::global_control::thread_stack_size));
  start_all(*this);
}
Workers::~Workers() = default;

int Workers::threads() const {
  return impl_->threads;
}

namespace {

// Places of handoff.h: of all work alike, because a thread that takes over reads nothing before it has.
char work_begins, work_ends;

}  // namespace

void Workers::run(const std::function<void()>& function) const {
  const SingleThreadedCompute guard;  // the calling thread joins the arena; give its setting back afterwards
  const auto work = [&] {
    take_over(&work_begins);
    function();
    hand_over(&work_ends);
  };
  hand_over(&work_begins);
  impl_->arena.execute(work);
  take_over(&work_ends);
}

int Workers::current() {
  return tbb::this_task_arena::current_thread_index();
}

void Workers::parallel_for(std::size_t count, const std::function<void(std::size_t)>& body) const {
  run([&] {
    const auto piece = [&](std::size_t i) {
      take_over(&work_begins);
      body(i);
      hand_over(&work_ends);
    };
    hand_over(&work_begins);
    tbb::parallel_for(std::size_t{0}, count, piece, tbb::simple_partitioner());
    take_over(&work_ends);
  });
}

}  // namespace pcnn
