#pragma once

// What the tests of configs share.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/config.h"
#include "engine/core/error.h"

namespace pcnn {

// The message of the ConfigError `action` throws.
template <typename Action>
std::string config_error(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

inline ConfigDocument load(std::string_view yaml, const std::vector<std::string>& overrides = {}) {
  return ConfigDocument::from_string(yaml, "x.yaml", overrides);
}

inline std::string load_error(std::string_view yaml, const std::vector<std::string>& overrides = {}) {
  return config_error([&] { (void)load(yaml, overrides); });
}

}  // namespace pcnn
