#include "engine/compile/backend.h"

#include <oneapi/dnnl/dnnl.hpp>

#include "engine/core/instruction_sets.h"

namespace pcnn {
namespace {

std::string library_text() {
  const dnnl_version_t* version = dnnl_version();
  return "oneDNN " + std::to_string(version->major) + "." + std::to_string(version->minor) + "." +
         std::to_string(version->patch);
}

std::string runtime_text() {
  switch (dnnl_version()->cpu_runtime) {
    case DNNL_RUNTIME_OMP:
      return "OpenMP";
    case DNNL_RUNTIME_TBB:
      return "TBB";
    case DNNL_RUNTIME_SEQ:
      return "sequential";
    default:
      return "another";
  }
}

// Names grow with what they include; oneDNN 3 has sets that 2.6 does not know, which get the name of
// their nearest.
std::string instruction_set_text() {
  if (may_use(InstructionSet::kAmx)) return "AVX-512 with bf16 and AMX";
  if (may_use(InstructionSet::kAvx512Bf16)) return "AVX-512 with bf16";
  if (may_use(InstructionSet::kAvx512Vnni)) return "AVX-512 with VNNI";
  if (may_use(InstructionSet::kAvx512)) return "AVX-512";
  if (may_use(InstructionSet::kAvx2)) return "AVX2";
  if (may_use(InstructionSet::kAvx)) return "AVX";
  return "SSE4.1";
}

}  // namespace

Backend backend() {
  return {.library = library_text(), .runtime = runtime_text(), .instruction_set = instruction_set_text()};
}

bool can_compute(Precision precision) {
  return precision == Precision::kF32 || may_use(InstructionSet::kAvx512);
}

bool has_hardware_for(Precision precision) {
  return precision == Precision::kF32 || may_use(InstructionSet::kAvx512Bf16);
}

const char* name_of(Precision precision) {
  return precision == Precision::kBf16 ? "bf16" : "f32";
}

}  // namespace pcnn
