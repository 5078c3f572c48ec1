// One fuzzer of libFuzzer: PCNN_FUZZ_TARGET is the name of its target.

#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pcnn::fuzz::PCNN_FUZZ_TARGET(std::as_bytes(std::span(data, size)));
  return 0;
}
