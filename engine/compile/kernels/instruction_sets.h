#pragma once

#include <vector>

#include "engine/compile/backend.h"

namespace pcnn {

// The builds of some kernels that this processor can run and ONEDNN_MAX_CPU_ISA allows, the best one last.
// Each function is compiled for its own instruction set, so it is called only where that is to be had.
template <typename Kernels>
std::vector<Kernels> kernels_that_run(Kernels (*sse2)(), Kernels (*avx2)(), Kernels (*avx512)()) {
  std::vector<Kernels> found{sse2()};
  if (may_use_avx2() && __builtin_cpu_supports("fma")) found.push_back(avx2());
  if (may_use_avx512()) found.push_back(avx512());
  return found;
}

}  // namespace pcnn
