#pragma once

// What the fuzzers feed bytes to: each reads them as one of our inputs. Bytes that are refused with a
// pcnn::Error are fine; anything else that is thrown, and whatever a sanitizer sees, is a finding. The same
// functions read the seeds in the ordinary tests (replay_test.cpp).

#include <cstddef>
#include <span>
#include <string_view>

namespace pcnn::fuzz {

using Target = void (*)(std::span<const std::byte> bytes);

void config(std::span<const std::byte> bytes);       // a run's config, its sweep, and the config in effect
void idx(std::span<const std::byte> bytes);          // plain or gzip
void npy(std::span<const std::byte> bytes);          // header and values as every type
void png(std::span<const std::byte> bytes);          // as a picture, and as stored
void safetensors(std::span<const std::byte> bytes);  // and as a checkpoint

struct NamedTarget {
  std::string_view name;  // of the corpus' folder, too
  Target run;
};
inline constexpr NamedTarget kTargets[]{
    {"config", config}, {"idx", idx}, {"npy", npy}, {"png", png}, {"safetensors", safetensors}};

}  // namespace pcnn::fuzz
