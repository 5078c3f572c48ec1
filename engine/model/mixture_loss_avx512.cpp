// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/model/mixture_loss_tile.h"

namespace pcnn {

MixtureLossKernel mixture_loss_avx512() {
  return mixture_nats<16>;
}

}  // namespace pcnn
