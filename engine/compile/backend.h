#pragma once

#include <string>

namespace pcnn {

// What computes the networks here.
struct Backend {
  std::string library;          // "oneDNN 2.6.3"
  std::string runtime;          // of its threads: "OpenMP", "TBB", "sequential"
  std::string instruction_set;  // the best it may use, ONEDNN_MAX_CPU_ISA heeded: "AVX-512 with bf16"
};
[[nodiscard]] Backend backend();

}  // namespace pcnn
