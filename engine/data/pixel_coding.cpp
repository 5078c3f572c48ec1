#include "engine/data/pixel_coding.h"

#include "engine/data/binarise.h"
#include "engine/data/data_config.h"
#include "engine/data/quantise.h"

namespace pcnn {

std::unique_ptr<const PixelCoding> make_pixel_coding(const DataConfig& config) {
  if (config.levels == 0) return std::make_unique<const Binariser>(config.binarisation);
  return std::make_unique<const Quantiser>(config.levels, config.quantised ? config.levels : 256);
}

}  // namespace pcnn
