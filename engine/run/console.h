#pragma once

// What a run tells its user: lines, which also go to log.txt, and live ones on a terminal.

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

namespace pcnn {

// What a program says beside its results; the log of a run has all of it in any case.
enum class Verbosity {
  kQuiet,    // warnings
  kNormal,   // what happens
  kVerbose,  // and how
};

// One thread at a time.
class Console {
 public:
  // Lines go to standard output, and the live ones too where that is a terminal.
  explicit Console(Verbosity verbosity = Verbosity::kNormal);
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // From now on lines are appended to this file as well, with the time; first those shown before. Throws
  // FileError. `called`: its name in messages, where it is to be renamed.
  void log_to(const std::string& path) { log_to(path, path); }
  void log_to(const std::string& path, const std::string& called);

  // One line (no newline at its end); replaces the live lines. Not shown when quiet.
  void line(const std::string& text);
  // A line that is shown when quiet too, then on standard error: what the user would not expect.
  void warning(const std::string& text);
  // A line shown when verbose alone.
  void detail(const std::string& text);

  // A line for the log alone.
  void log(const std::string& text);

  // Redraws the live line, or lines (none of them empty). On a terminal at most ten times a second, and no
  // more lines than it has; elsewhere plain lines, at most every plain interval.
  void live(const std::string& text);
  // Where standard output is no terminal: the time between live lines (30 seconds).
  void set_plain_interval(std::chrono::seconds interval) { plain_interval_ = interval; }
  [[nodiscard]] bool is_terminal() const { return terminal_; }
  // Whether live() would show anything now: ask before composing the text.
  [[nodiscard]] bool wants_live() const;
  // Ends the life of what is live, leaving the terminal's line empty.
  void clear_live();

 private:
  static constexpr std::chrono::milliseconds kTerminalInterval{100};

  void show(const std::string& text, std::FILE* where);

  Verbosity verbosity_;
  bool terminal_;
  int live_lines_ = 0;  // on the terminal now
  std::chrono::seconds plain_interval_{30};
  std::chrono::steady_clock::time_point last_live_;
  std::shared_ptr<spdlog::logger> log_;
  std::vector<std::string> unlogged_;  // shown before there was a log
  bool log_is_cut_ = false;
};

}  // namespace pcnn
