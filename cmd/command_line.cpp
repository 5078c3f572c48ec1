#include "cmd/command_line.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <new>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "cmd/manual_page.h"
#include "cmd/mpi_ranks.h"
#include "engine/compile/backend.h"
#include "engine/config/nearest.h"
#include "engine/core/error.h"
#include "engine/core/machine.h"
#include "engine/core/parallel.h"
#include "engine/core/standard_files.h"
#include "engine/core/terminal.h"
#include "engine/core/text.h"
#include "engine/core/version.h"
#include "engine/run/interruption.h"
#include "engine/run/serve.h"
#include "engine/sweep/remote_trials.h"

namespace pcnn {
namespace {

constexpr int kUsersMistake = 2, kOurs = 1;

std::string version_text() {
  const Backend here = backend();
  const std::string of = commit();
  return std::string("pcnn ") + version() + (of.empty() ? "" : " (" + of + ")") + "\n" + here.library +
         ", threads: " + here.runtime + ", instructions: " + here.instruction_set +
         (has_hardware_for(Precision::kBf16) ? "" : ", bf16 not in hardware") + "\n" + processor_name() +
         ", threads to use: " + std::to_string(available_threads()) +
         (mpi_library().empty() ? "" : "\n" + mpi_library());
}

// Of an option nobody knows, the one that was probably meant.
std::string unknown_option(const CLI::App& app, const std::string& given) {
  const std::string word = given.substr(0, given.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  const auto near = config_detail::nearest(word, known);
  return word + ": unknown option; " + (near ? "did you mean " + *near + "?" : "--help lists them");
}

std::string one_line(const CLI::App& app, const CLI::ParseError& error) {
  // First what cannot be an argument: it may be why another is missing.
  for (const std::string& extra : app.remaining())
    if (extra.starts_with('-')) return unknown_option(app, extra);
  for (const std::string& extra : app.remaining()) return extra + ": one argument too many; see --help";
  std::string line = error.what();
  return line.substr(0, line.find('\n'));
}

void check_standard_output() {
  if (const std::string failure = standard_output_failure(); !failure.empty())
    throw FileError("standard output", "cannot be written to: " + failure);
}

}  // namespace

CommandLine::CommandLine(std::string name, const std::string& about)
    : name_(std::move(name)), app_(about, name_) {
  prepare_standard_files();
  tidy_up_on_signals();
  flush_denormals_to_zero();
  ranks_ = join_ranks([this](const std::string& line) { note(line); });
  if (ranks_ && ranks_->rank() == 0) begin_service(*ranks_);
  CLI::Option* quiet = app_.add_flag("-q,--quiet", quiet_, "print results, warnings and errors only");
  app_.add_flag("-v,--verbose", verbose_, "print more")->excludes(quiet);
  app_.set_version_flag("--version", version_text, "print versions, and the instructions and threads in use");
  app_.add_flag_callback(
      "--man", [this] { throw CLI::CallForVersion(manual_page(app_, version()), 0); },
      "print the manual page, as man(1) reads it");
}

CommandLine::~CommandLine() {
  if (!ranks_ || ranks_->rank() > 0) return;
  try {
    end_service(*ranks_, exit_code_);
  } catch (const std::exception&) {  // no memory for a message
    ranks_->abort(kOurs);
  }
}

void CommandLine::rename(std::string before, std::string now) {
  renames_.push_back({std::move(before), std::move(now)});
}

std::vector<std::string> CommandLine::follow_renames(std::vector<std::string> words,
                                                     std::string& notes) const {
  const std::size_t end = static_cast<std::size_t>(std::ranges::find(words, "--") - words.begin());
  const auto is_option = [](const std::string& word, const std::string& option) {
    return word == option || word.starts_with(option + "=");
  };
  for (const Rename& rename : renames_) {
    bool has_before = false, has_now = false;
    for (std::string& word : std::span(words).first(end)) {
      has_now = has_now || is_option(word, rename.now);
      if (!is_option(word, rename.before)) continue;
      has_before = true;
      word.replace(0, rename.before.size(), rename.now);
    }
    if (has_before && has_now)
      throw CLI::ArgumentMismatch(rename.before + " is what " + rename.now +
                                  " was called: give one of the two");
    if (has_before) notes += "; " + rename.before + " is called " + rename.now + " now";
  }
  return words;
}

std::optional<int> CommandLine::parse(int argc, const char* const* argv) {
  if (ranks_ && ranks_->rank() > 0) {
    // Launchers send them to all ranks: rank 0 knows what to do, and says when this is the end.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) std::signal(signal, SIG_IGN);
    serve(*ranks_, name_, [&](MessageReader& message) { serve_trials(*ranks_, message); });
    return 0;
  }
  std::string notes;
  try {
    std::vector<std::string> words = follow_renames({argv + 1, argv + argc}, notes);
    std::ranges::reverse(words);  // as CLI11 takes them
    app_.parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream text;
      (void)app_.exit(error, text, text);
      return run([&] { print(text.str()); });
    }
    return refuse(one_line(app_, error) + notes);
  }
}

Verbosity CommandLine::verbosity() const {
  return quiet_ ? Verbosity::kQuiet : verbose_ ? Verbosity::kVerbose : Verbosity::kNormal;
}

void CommandLine::note(const std::string& line) const {
  constexpr const char* kClearLine = "\r\x1b[K";  // of what is live there
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  show_text(stderr, (is_terminal ? kClearLine : "") + name_ + ": " + line + "\n");
}

void CommandLine::say(const std::string& message) const {
  show_text(stderr, coloured(name_ + ":", Colour::kRed, wants_colour(STDERR_FILENO)) + " " +
                        escape_controls(message) + "\n");
}

int CommandLine::refuse(const std::string& message) const {
  say(message);
  return exit_code_ = kUsersMistake;
}

int CommandLine::run(const std::function<void()>& work) const {
  try {
    work();
    check_standard_output();
    return 0;
  } catch (const Error& error) {
    say(error.what());
    return exit_code_ = error.exit_code();
  } catch (const std::bad_alloc&) {
    return refuse("out of memory: fewer or smaller images, threads or batches of chains need less");
  } catch (const std::exception& error) {
    say(std::string("unexpected: ") + error.what());
    return exit_code_ = kOurs;
  }
}

std::string refuse_empty(const std::string& name) {
  return name.empty() ? "empty, accepted: the name of a file" : "";
}

void print(const std::string& text) {
  show_text(stdout, text);
  check_standard_output();
}

std::string beside_this_program(const std::string& name) {
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? name : (own.parent_path() / name).string();
}

}  // namespace pcnn
