#include "engine/core/instruction_sets.h"

#include <oneapi/dnnl/dnnl.h>

namespace pcnn {
namespace {

dnnl_cpu_isa_t onednn_name(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx:
      return dnnl_cpu_isa_avx;
    case InstructionSet::kAvx2:
      return dnnl_cpu_isa_avx2;
    case InstructionSet::kAvx512:
      return dnnl_cpu_isa_avx512_core;
    case InstructionSet::kAvx512Vnni:
      return dnnl_cpu_isa_avx512_core_vnni;
    case InstructionSet::kAvx512Bf16:
      return dnnl_cpu_isa_avx512_core_bf16;
    case InstructionSet::kAmx:
      break;
  }
  return dnnl_cpu_isa_avx512_core_amx;
}

}  // namespace

// Each set of oneDNN's list holds the bits of those it includes.
bool may_use(InstructionSet set) {
  const auto wanted = static_cast<unsigned>(onednn_name(set));
  return (static_cast<unsigned>(dnnl_get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace pcnn
