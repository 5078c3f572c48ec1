#pragma once

namespace pcnn {

[[nodiscard]] const char* version();  // "0.1.0"

}  // namespace pcnn
