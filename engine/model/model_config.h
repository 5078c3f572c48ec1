#pragma once

// The `model` section of a config: which network to build.

#include <string>
#include <variant>
#include <vector>

#include "engine/config/config.h"
#include "engine/model/initialise.h"
#include "engine/model/network.h"
#include "engine/model/output_head.h"

namespace pcnn {

// Height and width of a kernel, both odd: only an odd kernel has a centre to mask around.
struct Kernel {
  int height = 3;
  int width = 3;
};

// Pixels between neighbouring taps of a kernel.
struct Dilation {
  int height = 1;
  int width = 1;
};

// 1x1 to `reduce` maps, kernel to `filters`, 1x1 back to the width it came from, skip added at the end; mask
// B throughout.
struct ResidualBlockConfig {
  Kernel kernel{3, 3};
  int filters = 64;
  Dilation dilation{};
  int reduce = 0;  // 0: as many as filters
};

// One masked convolution (mask B) to `filters`.
struct MaskedConvBlockConfig {
  Kernel kernel{3, 3};
  int filters = 128;
  Dilation dilation{};
};

// A vertical stack, which sees the rows above and has no blind spot, beside a horizontal one, which sees the
// row so far; each a convolution to twice the filters and a gate.
struct GatedBlockConfig {
  Kernel kernel{3, 3};  // vertical; the horizontal one has one row of it
  int filters = 64;     // behind a gate
  Dilation dilation{};
  bool skip = false;  // the gate's maps also go to the output's layers, through a 1x1 convolution
};

// Every pixel looks at all pixels before it; what it finds is added.
struct AttentionBlockConfig {
  int heads = 4;
  int key = 16;  // maps of each head, here and below
  int value = 16;
};

// An LSTM that reads the image row by row: gates from a masked convolution of one row, states from the row
// above; and 1x1 back to the width it came from, added.
struct RowLstmBlockConfig {
  int columns = 3;   // of the kernels, odd
  int filters = 64;  // of the states
};

// Two LSTMs that read it by diagonals, from the left edge and from the right one; and 1x1 back, added.
struct DiagonalLstmBlockConfig {
  int filters = 64;  // of the states of each
};

struct BlockConfig {
  int repeat = 1;
  std::variant<ResidualBlockConfig, MaskedConvBlockConfig, GatedBlockConfig, RowLstmBlockConfig,
               DiagonalLstmBlockConfig, AttentionBlockConfig>
      block;
};

// What the convolution to the logits begins with: as all others do, or with biases that are counted from the
// training images, see OutputHead::first_logits().
enum class HeadStart { kRandom, kData };

struct ModelConfig {
  Activation activation = Activation::kRelu;
  float slope = 0.0f;
  Initialisation initialisation = Initialisation::kGlorotNormal;
  HeadStart head_init = HeadStart::kRandom;
  Condition condition;
  double dropout = 0.0;  // rate, in every block, in training; in [0, 1)
  Kernel input_kernel{7, 7};
  int input_filters = 128;
  int input_embedding = 0;  // maps of each channel's embedding; 0: the network reads the values themselves
  // false: blocks read the input's convolutions themselves, without an activation or, rows above, a gate.
  bool input_activation = true;
  Kernel forecast_kernel{7, 7};  // where the head has a forecast
  std::vector<BlockConfig> blocks;
  std::vector<int> output_filters{64};  // 1x1 layers between the blocks and the logits
  HeadConfig head;
};

// Throws ConfigError with the place of the offending key.
[[nodiscard]] ModelConfig read_model_config(const ConfigNode& section);

}  // namespace pcnn
