#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/run/eval_run.h"
#include "tests/run/tiny_run.h"
#include "tests/support/text.h"

namespace pcnn {

namespace fs = std::filesystem;
using testing::expect_contains;

// Scores by a tiny trained run.
class EvalRun : public TinyRun {
 protected:
  void SetUp() override {
    TinyRun::SetUp();
    run({.config = config()});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return root_ + "/" + name; }
  [[nodiscard]] EvalOptions options(const std::string& split = "") const {
    return {.model = directory(), .split = split, .live = false};
  }
  [[nodiscard]] EvalOptions own(const std::string& images) const {
    return {.model = directory(), .images = file(images), .live = false};
  }
  [[nodiscard]] nlohmann::json results(const std::string& name = "tiny") const {
    return nlohmann::json::parse(slurp(directory(name) + "/results.json"));
  }
  static std::string message(const EvalOptions& options) {
    return error_of([&] { (void)evaluate(options); });
  }
  static bool has_note(const Evaluation& evaluation, const std::string& part) {
    for (const std::string& note : evaluation.notes)
      if (note.find(part) != std::string::npos) return true;
    return false;
  }
};

}  // namespace pcnn
