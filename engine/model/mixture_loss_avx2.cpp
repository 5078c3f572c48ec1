// Compiled with flags of its own: see CMakeLists.txt.

#include "engine/model/mixture_loss_tile.h"

namespace pcnn {

MixtureLossKernel mixture_loss_avx2() {
  return mixture_nats<8>;
}

}  // namespace pcnn
