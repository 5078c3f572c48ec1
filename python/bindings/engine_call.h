#pragma once

#include <pybind11/pybind11.h>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/api/pcnn.h"

namespace pcnn::python {

// What the engine threw, on its way to pcnn.Error or pcnn.InputError.
class EngineError : public std::runtime_error {
 public:
  EngineError(const std::string& message, bool is_input_error)
      : std::runtime_error(message), is_input_error_(is_input_error) {}
  [[nodiscard]] bool is_input_error() const { return is_input_error_; }

 private:
  bool is_input_error_;
};

// Throws EngineError in a process that was forked from one that had called the engine: the engine's threads
// are not in it, and a call would wait for them for ever.
void refuse_forked_process();

// Whether this process was forked from one that had called the engine.
[[nodiscard]] bool is_forked();

// call() without the GIL, which the caller holds. Throws EngineError, or what a callback threw.
template <typename Call>
auto call_engine(Call&& call) {
  refuse_forked_process();
  const pybind11::gil_scoped_release released;
  try {
    return std::forward<Call>(call)();
  } catch (const pybind11::error_already_set&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw EngineError(error.what(), api::is_input_error(error));
  }
}

}  // namespace pcnn::python
