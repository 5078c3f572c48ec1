#pragma once

// Whole sweeps of tiny runs.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/sweep/sweep.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"

namespace pcnn {

using Texts = std::vector<std::string>;

class TinySweep : public TinyRun {
 protected:
  // A sweep of the tiny config with these arguments; what it says when it fails.
  [[nodiscard]] std::string sweep_error(const Texts& arguments, bool retry_failed = false) const {
    return error_of([&] {
      sweep({.config = config(),
             .arguments = arguments,
             .program = programs() / "pcnn-run",
             .retry_failed = retry_failed});
    });
  }
  [[nodiscard]] std::string text_of(const std::string& file, const std::string& name = "tiny") const {
    return slurp(directory(name) + "/" + file);
  }
  [[nodiscard]] Texts states(const std::string& name = "tiny") const {
    Texts states;
    const nlohmann::json all = nlohmann::json::parse(text_of("sweep.json", name));
    for (const auto& trial : all.at("trials")) states.push_back(trial.at("state"));
    return states;
  }
};

}  // namespace pcnn
