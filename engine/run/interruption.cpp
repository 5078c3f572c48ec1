#include "engine/run/interruption.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>

#include "engine/io/leftovers.h"

namespace pcnn {
namespace {

// What a signal handler may touch: lock-free atomics, what does not change any more, system calls, and
// arithmetic on its own stack.
std::atomic<int> noted{0}, noted_cause{0};
std::atomic<bool> is_told{false};  // by SIGINT or SIGTERM
std::atomic<const LastWords*> last_words{nullptr};
std::chrono::seconds from_utc{0};  // to local time
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<const LastWords*>::is_always_lock_free);

// The ones before stay a while: a handler on another thread may still read them.
std::unique_ptr<const LastWords> words_now, words_before;

struct Handled {
  int signal;
  std::string_view name;
  struct sigaction before;  // what became of it outside of a guard
};
std::array<Handled, 4> handled{
    {{SIGHUP, "SIGHUP", {}}, {SIGINT, "SIGINT", {}}, {SIGTERM, "SIGTERM", {}}, {SIGUSR1, "SIGUSR1", {}}}};

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The time as the log of a run has it; no library call that takes a lock or allocates.
std::string_view time_text(std::array<char, 32>& room) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + from_utc;
  const auto midnight = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day day{midnight};
  const std::chrono::hh_mm_ss clock{now - midnight};
  const auto end = fmt::format_to_n(room.data(), room.size(), "{}-{:02}-{:02} {:02}:{:02}:{:02}  ",
                                    static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                                    static_cast<unsigned>(day.day()), clock.hours().count(),
                                    clock.minutes().count(), clock.seconds().count());
  return {room.data(), end.size};
}

void leave(const LastWords& words) {
  if (const int log = ::openat(words.directory_fd, "log.txt", O_WRONLY | O_APPEND | O_CLOEXEC); log >= 0) {
    std::array<char, 32> room{};
    write_all(log, time_text(room));
    write_all(log, words.line);
    write_all(log, "\n");
  }
  constexpr const char* kNext = "results.json.part0-0";
  const int results = ::openat(words.directory_fd, kNext, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (results < 0) return;
  write_all(results, words.results);
  ::renameat(words.directory_fd, kNext, words.directory_fd, "results.json");
}

void note(int signal, siginfo_t* info, void*) {
  int none = 0;
  if (noted.compare_exchange_strong(none, signal) && info && info->si_code == SI_QUEUE)
    noted_cause = info->si_value.sival_int;
  if (signal == SIGHUP || signal == SIGUSR1 || !is_told.exchange(true)) return;
  if (const LastWords* const words = last_words.exchange(nullptr)) leave(*words);
  remove_unfinished_file();
  _exit(128 + signal);
}

void tidy_and_end(int signal) {
  remove_unfinished_file();
  ::raise(signal);  // with its own effect, which SA_RESETHAND has put back
}

}  // namespace

std::string_view name_of_signal(int signal) {
  const auto found = std::ranges::find(handled, signal, &Handled::signal);
  return found == handled.end() ? "a signal" : found->name;
}

void tidy_up_on_signals() {
  struct sigaction action {
  }, before{};
  action.sa_handler = tidy_and_end;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  for (const Handled& each : handled)
    if (sigaction(each.signal, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
      sigaction(each.signal, &action, nullptr);
}

InterruptionGuard::InterruptionGuard() {
  noted = noted_cause = 0;
  is_told = false;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  if (::localtime_r(&now, &local)) from_utc = std::chrono::seconds(local.tm_gmtoff);
  struct sigaction action {};
  action.sa_sigaction = note;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  for (Handled& each : handled) {
    sigaction(each.signal, &action, &each.before);
    const bool is_others = each.signal == SIGUSR1 && each.before.sa_handler != SIG_DFL &&
                           each.before.sa_handler != tidy_and_end;
    if (each.before.sa_handler == SIG_IGN || is_others) sigaction(each.signal, &each.before, nullptr);
  }
}

InterruptionGuard::~InterruptionGuard() {
  for (const Handled& each : handled) sigaction(each.signal, &each.before, nullptr);
  clear_last_words();
}

int InterruptionGuard::signal() {
  return noted;
}

InterruptionCause InterruptionGuard::cause() {
  return noted_cause == static_cast<int>(InterruptionCause::kOutrun) ? InterruptionCause::kOutrun
                                                                     : InterruptionCause::kNone;
}

void InterruptionGuard::set_last_words(LastWords words) {
  auto next = std::make_unique<const LastWords>(std::move(words));
  last_words = next.get();
  words_before = std::exchange(words_now, std::move(next));
}

void InterruptionGuard::clear_last_words() {
  last_words = nullptr;
}

}  // namespace pcnn
