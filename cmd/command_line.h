#pragma once

// What all programs have in common: --help, --version, --man, -q and -v, options that are refused in one
// line, and errors.

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ranks/ranks.h"
#include "engine/run/console.h"

namespace pcnn {

class CommandLine {
 public:
  // First in main(): makes the process ready. about: what it does, in a line, and examples.
  CommandLine(std::string name, const std::string& about);
  // Lets the other ranks end.
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  [[nodiscard]] CLI::App& options() { return app_; }
  // An option that was called `before`, which is still taken for it, and not beside it: "--flock" and
  // "--chain-batch". Before parse().
  void rename(std::string before, std::string now);
  // The exit code where that is all: --help, --version, --man, or a mistake, of which one line is on standard
  // error; or where this process is not the first of several, once it has done all that the first asked of
  // it.
  [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);
  [[nodiscard]] Verbosity verbosity() const;
  // The processes that an MPI launcher started; null where this one is alone.
  [[nodiscard]] Ranks* ranks() const { return ranks_.get(); }

  // One line on standard error; the exit code of a mistake in the command line.
  [[nodiscard]] int refuse(const std::string& message) const;
  // Does the program's work: its exit code, after one line on standard error where it failed.
  [[nodiscard]] int run(const std::function<void()>& work) const;

 private:
  struct Rename {
    std::string before, now;
  };

  void note(const std::string& line) const;
  void say(const std::string& message) const;
  // The words, with the options of former names under those of now. Adds a word about each to `notes`.
  [[nodiscard]] std::vector<std::string> follow_renames(std::vector<std::string> words,
                                                        std::string& notes) const;

  std::string name_;
  CLI::App app_;
  std::vector<Rename> renames_;
  bool quiet_ = false, verbose_ = false;
  std::unique_ptr<Ranks> ranks_;
  mutable int exit_code_ = 0;
};

// For check() of an option that names a file to read or to write: what is wrong with it, or nothing.
[[nodiscard]] std::string refuse_empty(const std::string& name);

// To standard output, as long as somebody reads it. Throws FileError where that cannot be written to.
void print(const std::string& text);

// The path of a program that lies beside this one.
[[nodiscard]] std::string beside_this_program(const std::string& name);

}  // namespace pcnn
