#include "engine/api/pcnn.h"
#include "engine/core/error.h"

namespace pcnn::api {

bool is_input_error(const std::exception& error) {
  const auto* const ours = dynamic_cast<const Error*>(&error);
  return ours && ours->exit_code() == 2;
}

}  // namespace pcnn::api
