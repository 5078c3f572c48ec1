#pragma once

#include <string>

namespace pcnn {

// "AMD EPYC 9R14", as the system names it; "unknown processor" where it does not.
[[nodiscard]] std::string processor_name();

}  // namespace pcnn
