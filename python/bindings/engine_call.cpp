#include "python/bindings/engine_call.h"

#include <sys/types.h>
#include <unistd.h>

#include <atomic>

namespace pcnn::python {

namespace {

std::atomic<pid_t> called_in{0};  // the process that called the engine first

}  // namespace

bool is_forked() {
  const pid_t first = called_in;
  return first != 0 && first != ::getpid();
}

void refuse_forked_process() {
  pid_t nobody = 0;
  called_in.compare_exchange_strong(nobody, ::getpid());
  if (is_forked())
    throw EngineError(
        "this process was forked from one that had used pcnn, whose threads are not in it, accepted: a "
        "process "
        "of its own, as multiprocessing's \"spawn\" starts it",
        false);
}

}  // namespace pcnn::python
