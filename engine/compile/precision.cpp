#include "engine/compile/precision.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace pcnn {
namespace {

// Each set of instructions of oneDNN's list holds the bits of those it includes.
bool has(dnnl::cpu_isa isa) {
  const auto wanted = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace

bool can_compute(Precision precision) {
  return precision == Precision::kF32 || has(dnnl::cpu_isa::avx512_core);
}

bool has_hardware_for(Precision precision) {
  return precision == Precision::kF32 || has(dnnl::cpu_isa::avx512_core_bf16);
}

const char* name_of(Precision precision) {
  return precision == Precision::kBf16 ? "bf16" : "f32";
}

}  // namespace pcnn
