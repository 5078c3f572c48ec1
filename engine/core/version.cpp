#include "engine/core/version.h"

namespace pcnn {

const char* version() {
  return PCNN_VERSION;
}

}  // namespace pcnn
