#include "engine/core/amx.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace pcnn {
namespace {

bool processor_has_tiles_of_bf16() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return false;  // the system saves extended state
  unsigned low = 0, high = 0;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  constexpr unsigned kTiles = 3u << 17;  // their configuration and their data
  if ((low & kTiles) != kTiles) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1);
}

bool is_permitted() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, as of Linux 5.16
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

}  // namespace

bool has_amx() {
  static const bool found = processor_has_tiles_of_bf16() && is_permitted();
  return found;
}

}  // namespace pcnn
