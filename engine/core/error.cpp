#include "engine/core/error.h"

#include "engine/core/text.h"

namespace pcnn {

Error::Error(const std::string& message) : std::runtime_error(escape_controls(message)) {}

}  // namespace pcnn
