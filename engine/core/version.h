#pragma once

namespace pcnn {

[[nodiscard]] const char* version();  // "0.1.0"
// Of the sources, "82197270f4", with "-dirty" behind it where they were changed since; empty where that is not known.
[[nodiscard]] const char* commit();

}  // namespace pcnn
