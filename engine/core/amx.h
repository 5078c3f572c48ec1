#pragma once

// The tile registers of AMX, and the one instruction that multiplies bf16 in them. Assembly, so that no
// compiler flag is needed, and no other code of the file can come to need AMX.

#include <cstddef>
#include <cstdint>

namespace pcnn {

// Whether this processor multiplies tiles of bf16 and the system lets this process use them. Linux keeps
// their 8 KB of state for those that ask: the first call asks, once, for all threads of the process.
// Thread-safe.
[[nodiscard]] bool has_amx();

// The eight tiles of this thread, of 16 rows of 64 bytes each, for as long as it lives; only where has_amx().
// One at a time on a thread, not across anything that may itself use tiles (oneDNN) or go on on another
// thread.
class AmxTiles {
 public:
  AmxTiles() : AmxTiles(kMostRows) {}
  // Tiles 0 to 5 have so many rows, up to 16: an instruction takes about a cycle for each of them.
  explicit AmxTiles(int rows) {
    struct alignas(64) Configuration {
      std::uint8_t palette = 1;
      std::uint8_t start_row = 0;
      std::uint8_t reserved[14] = {};
      std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      std::uint8_t rows[16] = {};
    };
    Configuration configuration;
    for (int tile = 0; tile < 8; ++tile)
      configuration.rows[tile] = static_cast<std::uint8_t>(tile < 6 ? rows : kMostRows);
    asm volatile("ldtilecfg %0" : : "m"(configuration));
  }
  // Also gives the processor back the power that tiles in use take, and the kernel the state it would have to
  // save.
  ~AmxTiles() { asm volatile("tilerelease"); }
  AmxTiles(const AmxTiles&) = delete;
  AmxTiles& operator=(const AmxTiles&) = delete;

  template <int kTile>
  void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  // stride: bytes from one row to the next.
  template <int kTile>
  void load(const void* rows, std::size_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(rows), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  void store(void* rows, std::size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(rows), "r"(stride), "i"(kTile) : "memory");
  }
  // sums[row][column] += sum over k < 16 of the two products of a[row]'s and b[k]'s pairs of bf16:
  //     a[row][2k] * b[k][2 column] + a[row][2k + 1] * b[k][2 column + 1]
  template <int kSums, int kA, int kB>
  void multiply() {
    static_assert(kSums < 6 && kA < 6);  // b has 16 rows: with fewer in the others, one of tiles 6 and 7
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSums), "i"(kA), "i"(kB));
  }

 private:
  static constexpr int kMostRows = 16;
};

}  // namespace pcnn
