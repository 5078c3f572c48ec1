#include "engine/run/console.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/standard_files.h"
#include "engine/core/terminal.h"
#include "engine/core/text.h"
#include "engine/io/file.h"

namespace pcnn {
namespace {

struct TerminalSize {
  std::size_t columns = 79, rows = 23;
};

// One less than there are, so that no live line wraps or scrolls, which could not be taken back.
TerminalSize room_on_terminal() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2 || size.ws_row < 2) return {};
  return {size.ws_col - 1u, size.ws_row - 1u};
}

// The first `columns` characters of UTF-8 text.
std::string_view cut(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  for (; end < text.size(); ++end)
    if ((text[end] & 0xC0) != 0x80 && columns-- == 0) break;
  return text.substr(0, end);
}

}  // namespace

Console::Console(Verbosity verbosity)
    : verbosity_(verbosity),
      terminal_(isatty(STDOUT_FILENO) != 0),
      last_live_(std::chrono::steady_clock::now()) {}

Console::~Console() {
  clear_live();
}

void Console::log_to(const std::string& path, const std::string& called) {
  append_bytes(path, "");  // or says why that cannot be
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
    sink->set_pattern("%Y-%m-%d %H:%M:%S  %v");
    log_ = std::make_shared<spdlog::logger>("run", std::move(sink));
    log_->flush_on(spdlog::level::info);
    log_->set_error_handler([this, called](const std::string&) {
      if (std::exchange(log_is_cut_, true)) return;
      show(called + ": cannot be written; the run goes on without", stderr);
    });
    for (const std::string& text : std::exchange(unlogged_, {})) log(text);
  } catch (const spdlog::spdlog_ex& error) {
    throw FileError(path, error.what());
  }
}

void Console::show(const std::string& text, std::FILE* where) {
  clear_live();
  show_text(where, text + "\n");
}

void Console::line(const std::string& text) {
  if (verbosity_ != Verbosity::kQuiet) show(escape_controls_by_line(text), stdout);
  log(text);
}

void Console::warning(const std::string& text) {
  std::FILE* const where = verbosity_ == Verbosity::kQuiet ? stderr : stdout;
  show(coloured(escape_controls(text), Colour::kYellow, wants_colour(fileno(where))), where);
  log(text);
}

void Console::detail(const std::string& text) {
  if (verbosity_ == Verbosity::kVerbose) show(escape_controls_by_line(text), stdout);
  log(text);
}

void Console::log(const std::string& text) {
  if (log_)
    log_->info("{}", escape_controls_by_line(text));
  else
    unlogged_.push_back(text);
}

bool Console::wants_live() const {
  if (verbosity_ == Verbosity::kQuiet) return false;
  const auto elapsed = std::chrono::steady_clock::now() - last_live_;
  return terminal_ ? elapsed >= kTerminalInterval : elapsed >= plain_interval_;
}

void Console::live(const std::string& text) {
  if (!wants_live()) return;
  last_live_ = std::chrono::steady_clock::now();
  if (terminal_) {
    clear_live();
    const TerminalSize room = room_on_terminal();
    std::istringstream lines(escape_controls_by_line(text));
    std::string shown;
    for (std::string line; static_cast<std::size_t>(live_lines_) < room.rows && std::getline(lines, line);
         ++live_lines_)
      shown.append(live_lines_ > 0 ? "\n" : "").append(cut(line, room.columns));
    show_text(stdout, shown);
  } else {
    show_text(stdout, text + "\n");
  }
}

void Console::clear_live() {
  if (live_lines_ == 0) return;
  const std::string up = live_lines_ > 1 ? "\033[" + std::to_string(live_lines_ - 1) + "A" : "";
  show_text(stdout, "\r" + up + "\033[J");
  live_lines_ = 0;
}

}  // namespace pcnn
