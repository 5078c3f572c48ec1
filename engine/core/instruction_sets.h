#pragma once

#include <vector>

namespace pcnn {

enum class InstructionSet { kAvx, kAvx2, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmx };

// Whether oneDNN finds these instructions here, with what they build on, and ONEDNN_MAX_CPU_ISA allows them.
[[nodiscard]] bool may_use(InstructionSet set);

// The builds of some kernels that this processor can run and ONEDNN_MAX_CPU_ISA allows, the best one last.
// Each function is compiled for its own instruction set, so it is called only where that is to be had.
template <typename Kernels>
std::vector<Kernels> kernels_that_run(Kernels (*sse2)(), Kernels (*avx2)(), Kernels (*avx512)()) {
  std::vector<Kernels> found{sse2()};
  if (may_use(InstructionSet::kAvx2) && __builtin_cpu_supports("fma")) found.push_back(avx2());
  if (may_use(InstructionSet::kAvx512)) found.push_back(avx512());
  return found;
}

}  // namespace pcnn
