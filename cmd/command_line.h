#pragma once

// What all programs have in common: --help, --version, -q and -v, options that are refused in one line, and
// errors.

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>

#include "engine/run/console.h"

namespace pcnn {

class CommandLine {
 public:
  // First in main(): makes the process ready. about: what it does, in a line, and examples.
  CommandLine(std::string name, const std::string& about);

  [[nodiscard]] CLI::App& options() { return app_; }
  // The exit code where that is all: --help, --version, or a mistake, of which one line is on standard error.
  [[nodiscard]] std::optional<int> parse(int argc, const char* const* argv);
  [[nodiscard]] Verbosity verbosity() const;

  // One line on standard error; the exit code of a mistake in the command line.
  [[nodiscard]] int refuse(const std::string& message) const;
  // Does the program's work: its exit code, after one line on standard error where it failed.
  [[nodiscard]] int run(const std::function<void()>& work) const;

 private:
  void say(const std::string& message) const;

  std::string name_;
  CLI::App app_;
  bool quiet_ = false, verbose_ = false;
};

// To standard output, as long as somebody reads it. Throws FileError where that cannot be written to.
void print(const std::string& text);

// The path of a program that lies beside this one.
[[nodiscard]] std::string beside_this_program(const std::string& name);

}  // namespace pcnn
