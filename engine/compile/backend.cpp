#include "engine/compile/backend.h"

#include <oneapi/dnnl/dnnl.hpp>

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

// Each set of instructions of oneDNN's list holds the bits of those it includes.
bool has(dnnl::cpu_isa isa) {
  const auto wanted = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

// Names grow with what they include; oneDNN 3 has sets that 2.6 does not know, which get the name of
// their nearest.
std::string instruction_set_text() {
  using dnnl::cpu_isa;
  if (has(cpu_isa::avx512_core_amx)) return "AVX-512 with bf16 and AMX";
  if (has(cpu_isa::avx512_core_bf16)) return "AVX-512 with bf16";
  if (has(cpu_isa::avx512_core_vnni)) return "AVX-512 with VNNI";
  if (has(cpu_isa::avx512_core)) return "AVX-512";
  if (has(cpu_isa::avx2)) return "AVX2";
  if (has(cpu_isa::avx)) return "AVX";
  return "SSE4.1";
}

}  // namespace

Backend backend() {
  return {.library = library_text(), .runtime = runtime_text(), .instruction_set = instruction_set_text()};
}

bool can_compute(Precision precision) {
  return precision == Precision::kF32 || has(dnnl::cpu_isa::avx512_core);
}

bool has_hardware_for(Precision precision) {
  return precision == Precision::kF32 || has(dnnl::cpu_isa::avx512_core_bf16);
}

bool may_use_avx2() {
  return has(dnnl::cpu_isa::avx2);
}

bool may_use_avx512() {
  return has(dnnl::cpu_isa::avx512_core);
}

bool may_use_amx() {
  return has(dnnl::cpu_isa::avx512_core_amx);
}

const char* name_of(Precision precision) {
  return precision == Precision::kBf16 ? "bf16" : "f32";
}

}  // namespace pcnn
