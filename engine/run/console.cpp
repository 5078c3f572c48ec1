#include "engine/run/console.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "engine/core/error.h"

namespace pcnn {
namespace {

// So that the live line never wraps, which a carriage return could not take back.
std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1u : 79u;
}

}  // namespace

Console::Console() : terminal_(isatty(STDOUT_FILENO) != 0), last_live_(std::chrono::steady_clock::now()) {}

Console::~Console() {
  clear_live();
}

void Console::log_to(const std::string& path) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
    sink->set_pattern("%Y-%m-%d %H:%M:%S  %v");
    log_ = std::make_shared<spdlog::logger>("run", std::move(sink));
    log_->flush_on(spdlog::level::info);
  } catch (const spdlog::spdlog_ex& error) {
    throw FileError(path, error.what());
  }
}

void Console::line(const std::string& text) {
  clear_live();
  std::fputs((text + "\n").c_str(), stdout);
  std::fflush(stdout);
  if (log_) log_->info("{}", text);
}

bool Console::wants_live() const {
  const auto elapsed = std::chrono::steady_clock::now() - last_live_;
  return terminal_ ? elapsed >= kTerminalInterval : elapsed >= kPlainInterval;
}

void Console::live(const std::string& text) {
  if (!wants_live()) return;
  last_live_ = std::chrono::steady_clock::now();
  if (terminal_) {
    std::fputs(("\r\033[K" + text.substr(0, terminal_width())).c_str(), stdout);
    live_shown_ = true;
  } else {
    std::fputs((text + "\n").c_str(), stdout);
  }
  std::fflush(stdout);
}

void Console::clear_live() {
  if (!live_shown_) return;
  std::fputs("\r\033[K", stdout);
  std::fflush(stdout);
  live_shown_ = false;
}

}  // namespace pcnn
