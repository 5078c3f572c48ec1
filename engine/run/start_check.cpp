#include "engine/run/start_check.h"

#include "engine/model/network_builder.h"
#include "engine/model/output_head.h"
#include "engine/run/grid_of_samples.h"
#include "engine/run/pictures.h"

namespace pcnn {

Network checked_network(const RunConfig& config, const Shape& image, int validation_images) {
  Network network = build_network(config.model, image.c, image.h, image.w);
  (void)make_output_head(config.model.head, image.c);
  const SampleConfig& sample = config.sample;
  if (sample.count > 0) {
    const GridOfSamples grid = grid_of_samples(sample, network, validation_images);
    check_picture("sample", grid.images(), network.shape(0, 1), grid.columns, kGridGap, sample.scale,
                  "take a smaller sample.scale, or other sample.columns");
  }
  return network;
}

}  // namespace pcnn
