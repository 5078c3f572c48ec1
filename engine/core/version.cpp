#include "engine/core/version.h"

#if __has_include("pcnn_commit.h")
#include "pcnn_commit.h"
#else
#define PCNN_COMMIT ""
#endif

namespace pcnn {

const char* version() {
  return PCNN_VERSION;
}

const char* commit() {
  return PCNN_COMMIT;
}

}  // namespace pcnn
