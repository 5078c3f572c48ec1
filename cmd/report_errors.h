#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <new>

#include "engine/core/error.h"

namespace pcnn {

// Runs a program's work: its exit code, after one line on standard error where it failed.
inline int report_errors(const char* program, const std::function<void()>& work) {
  try {
    work();
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: out of memory: fewer or smaller images, threads or flocks need less\n",
                 program);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: unexpected: %s\n", program, error.what());
    return 1;
  }
}

}  // namespace pcnn
