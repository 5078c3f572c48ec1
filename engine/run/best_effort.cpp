#include "engine/run/best_effort.h"

#include <fmt/format.h>

#include "engine/core/error.h"

namespace pcnn {

void BestEffort::operator()(const std::function<void()>& write) {
  try {
    write();
  } catch (const LostDirectory&) {
    throw;
  } catch (const Error& error) {
    lock_.check();  // which may be why
    if (reported_failures_.insert(error.what()).second)
      console_.warning(fmt::format("{}; it is left out", error.what()));
  }
}

}  // namespace pcnn
