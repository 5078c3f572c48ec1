#include "tests/support/source_directory.h"

namespace pcnn::testing {

std::string source_directory() {
  return PCNN_SOURCE_DIR;
}

}  // namespace pcnn::testing
