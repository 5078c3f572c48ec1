#include "engine/run/precision_choice.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

namespace pcnn {
namespace {

constexpr Bf16Support kEverySupport[]{Bf16Support::kNone, Bf16Support::kEmulated, Bf16Support::kHardware};

TEST(PrecisionChoice, F32IsTakenInSilenceEverywhere) {
  for (const Bf16Support support : kEverySupport) {
    EXPECT_EQ(choose_precision(Precision::kF32, support).precision, Precision::kF32);
    EXPECT_EQ(choose_precision(Precision::kF32, support).note, "");
  }
}

TEST(PrecisionChoice, AutoTakesBf16InHardwareAloneAndSaysNothing) {
  EXPECT_EQ(choose_precision({}, Bf16Support::kNone).precision, Precision::kF32);
  EXPECT_EQ(choose_precision({}, Bf16Support::kEmulated).precision, Precision::kF32) << "it would be slower";
  EXPECT_EQ(choose_precision({}, Bf16Support::kHardware).precision, Precision::kBf16);
  for (const Bf16Support support : kEverySupport) EXPECT_EQ(choose_precision({}, support).note, "");
}

TEST(PrecisionChoice, Bf16IsTakenWhereItCanBeHadAndSaysWhatItCosts) {
  const ChosenPrecision none = choose_precision(Precision::kBf16, Bf16Support::kNone),
                        emulated = choose_precision(Precision::kBf16, Bf16Support::kEmulated),
                        hardware = choose_precision(Precision::kBf16, Bf16Support::kHardware);
  EXPECT_EQ(none.precision, Precision::kF32);
  EXPECT_EQ(
      none.note,
      "precision: bf16 needs AVX-512 (F, BW, VL and DQ), which is not to be had here; computing in f32");
  EXPECT_EQ(emulated.precision, Precision::kBf16);
  EXPECT_EQ(emulated.note,
            "precision: this processor has no bf16 instructions and emulates them; f32 is faster here");
  EXPECT_EQ(hardware.precision, Precision::kBf16);
  EXPECT_EQ(hardware.note, "");
}

// By the kernel's list of what the processor has.
TEST(Bf16Support, IsWhatTheProcessorsFlagsSay) {
  if (std::getenv("ONEDNN_MAX_CPU_ISA") || std::getenv("DNNL_MAX_CPU_ISA"))
    GTEST_SKIP() << "oneDNN is told to use less than there is";
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> flags;
  for (std::string line; flags.empty() && std::getline(file, line);)
    if (line.starts_with("flags")) {
      std::istringstream words(line.substr(line.find(':') + 1));
      for (std::string word; words >> word;) flags.insert(word);
    }
  if (flags.empty()) GTEST_SKIP() << "no flags in /proc/cpuinfo";
  bool wide = true;
  for (const char* flag : {"avx512f", "avx512bw", "avx512vl", "avx512dq"})
    wide = wide && flags.contains(flag);
  const bool hardware = wide && flags.contains("avx512_bf16");
  EXPECT_EQ(bf16_support(), hardware ? Bf16Support::kHardware
                            : wide   ? Bf16Support::kEmulated
                                     : Bf16Support::kNone);
}

}  // namespace
}  // namespace pcnn
