#pragma once

#include <gtest/gtest.h>

#include <string>

namespace pcnn::testing {

inline void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "no \"" << part << "\" in: " << text;
}

}  // namespace pcnn::testing
