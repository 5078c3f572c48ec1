#include "engine/sample/naive_sampler.h"

#include "engine/compile/program.h"
#include "engine/core/random.h"

namespace pcnn {

std::vector<float> sample_naively(const Network& network, const OutputHead& head,
                                  std::span<const float> parameters, int chains, std::uint64_t seed,
                                  const Workers& workers) {
  const RandomStream stream(seed, Stream::kSample);
  const Program program(network, 1, Purpose::kScoring);
  PackedWeights packed = program.new_packed_weights();
  workers.run([&] { program.pack(parameters, packed); });

  const Shape image = network.shape(0, 1), maps = network.shape(network.logits, 1);
  const int logits_per_channel = maps.c / image.c;
  std::vector<float> samples(static_cast<std::size_t>(chains) * image.size(), 0.0f);
  workers.parallel_for(static_cast<std::size_t>(chains), [&](std::size_t chain) {
    Workspace workspace(program, packed);
    std::vector<float> logits(maps.size());
    std::vector<float> pixel_logits(static_cast<std::size_t>(logits_per_channel));
    const std::span<float> canvas = std::span(samples).subspan(chain * image.size(), image.size());
    for (int pixel = 0; pixel < image.h * image.w; ++pixel)
      for (int channel = 0; channel < image.c; ++channel) {
        const int row = pixel / image.w, column = pixel % image.w;
        program.forward(workspace, canvas, logits);
        for (int k = 0; k < logits_per_channel; ++k)
          pixel_logits[static_cast<std::size_t>(k)] =
              logits[maps.offset(0, channel * logits_per_channel + k, row, column)];
        canvas[image.offset(0, channel, row, column)] = head.draw(
            pixel_logits, stream.uniform(static_cast<std::uint32_t>(chain), static_cast<std::uint32_t>(pixel),
                                         static_cast<std::uint32_t>(channel)));
      }
  });
  return samples;
}

}  // namespace pcnn
