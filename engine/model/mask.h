#pragma once

// The one definition of causality. Pixels are ordered by rows, left to right; a feature at pixel k may depend
// on pixels before k, and (past the first layer) on features at k. For a 5x5 kernel:
//
//     mask A  1 1 1 1 1      mask B  1 1 1 1 1        1 = live tap, 0 = dead tap
//             1 1 1 1 1              1 1 1 1 1
//             1 1 0 0 0              1 1 1 0 0        The rows below the centre are dead in both: a compiled
//             0 0 0 0 0              0 0 0 0 0        kernel stores only the live_rows() above and at it.
//             0 0 0 0 0              0 0 0 0 0
//
// Source: van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016, section 3.4.

namespace pcnn {

enum class MaskType {
  kA,  // the centre is dead: a pixel never sees itself; for the layer that reads the image
  kB,  // the centre is live: features at a pixel already exclude the pixel; for every later layer
};

// True when a kernel of this size, both sides odd, may read its tap in `row`, `column` (0-based).
[[nodiscard]] constexpr bool is_live(MaskType mask, int kernel_height, int kernel_width, int row,
                                     int column) {
  const int centre_row = kernel_height / 2, centre_column = kernel_width / 2;
  if (row != centre_row) return row < centre_row;
  return mask == MaskType::kA ? column < centre_column : column <= centre_column;
}

// Rows of the kernel that hold any live tap: those above the centre and the centre's own.
[[nodiscard]] constexpr int live_rows(int kernel_height) {
  return kernel_height / 2 + 1;
}

[[nodiscard]] constexpr int live_taps(MaskType mask, int kernel_height, int kernel_width) {
  int taps = 0;
  for (int row = 0; row < kernel_height; ++row)
    for (int column = 0; column < kernel_width; ++column)
      taps += is_live(mask, kernel_height, kernel_width, row, column);
  return taps;
}

}  // namespace pcnn
