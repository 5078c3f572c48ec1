#pragma once

// What a run tells its user: lines, which also go to log.txt, and one live line on a terminal.

#include <chrono>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace pcnn {

class Console {
 public:
  // Lines go to standard output, and the live line too where that is a terminal.
  Console();
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // From now on lines are appended to this file as well, with the time. Throws FileError.
  void log_to(const std::string& path);

  // One line (no newline at its end); replaces the live line.
  void line(const std::string& text);

  // Redraws the live line. On a terminal at most ten times a second; elsewhere a plain line, at most every
  // kPlainInterval.
  void live(const std::string& text);
  // Whether live() would show anything now: ask before composing the text.
  [[nodiscard]] bool wants_live() const;
  // Ends the live line's life, leaving the terminal's line empty.
  void clear_live();

 private:
  static constexpr std::chrono::milliseconds kTerminalInterval{100};
  static constexpr std::chrono::seconds kPlainInterval{30};

  bool terminal_;
  bool live_shown_ = false;
  std::chrono::steady_clock::time_point last_live_;
  std::shared_ptr<spdlog::logger> log_;
};

}  // namespace pcnn
