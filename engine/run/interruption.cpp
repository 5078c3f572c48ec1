#include "engine/run/interruption.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace pcnn {
namespace {

// What a signal handler may touch: a lock-free atomic, and _exit().
std::atomic<int> noted{0};
static_assert(std::atomic<int>::is_always_lock_free);

struct sigaction before_int, before_term;

void note(int signal) {
  if (noted.exchange(signal) != 0) _exit(128 + signal);
}

}  // namespace

InterruptionGuard::InterruptionGuard() {
  noted = 0;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &before_int);
  sigaction(SIGTERM, &action, &before_term);
  // What whoever started this wants ignored stays so: nohup, background jobs of scripts.
  if (before_int.sa_handler == SIG_IGN) sigaction(SIGINT, &before_int, nullptr);
  if (before_term.sa_handler == SIG_IGN) sigaction(SIGTERM, &before_term, nullptr);
}

InterruptionGuard::~InterruptionGuard() {
  sigaction(SIGINT, &before_int, nullptr);
  sigaction(SIGTERM, &before_term, nullptr);
}

int InterruptionGuard::signal() {
  return noted;
}

}  // namespace pcnn
