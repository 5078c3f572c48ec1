#include "engine/run/score_images.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/core/index.h"
#include "engine/run/console.h"
#include "engine/run/progress_line.h"

namespace pcnn {
namespace {

void check_finite(const std::vector<double>& nats, const TrainedModel& model, const EvalData& data) {
  for (std::size_t i = 0; i < nats.size(); ++i)
    if (!std::isfinite(nats[i]))
      refuse_too_large(model, fmt::format("{}: the score of image {}", data.description, i));
}

}  // namespace

FillImage fill_from(const EvalData& data) {
  return [&data](int position, std::span<float> image) {
    data.coding->encode_for_evaluation(data.images, position, image);
  };
}

// In parts, to say how far it is. Parts are whole shards, so that no image is computed in another company
// than without them.
std::vector<double> score_images(Scorer& scorer, const TrainedModel& model, const EvalData& data,
                                 const Given& given, int threads, const std::string& what) {
  Console console;
  const int count = data.images.count, part = scorer.program().images() * 64 * threads * scorer.team().size();
  const FillImage fill = fill_from(data);
  std::vector<double> nats;
  const auto start = std::chrono::steady_clock::now();
  for (int first = 0; first < count; first += part) {
    const int images = std::min(part, count - first);
    const std::vector<double> scores = scorer.nats(
        model.parameters, images,
        [&](int position, std::span<float> image) { fill(first + position, image); },
        given.part(to_index(count), to_index(first), to_index(images)));
    nats.insert(nats.end(), scores.begin(), scores.end());
    if (what.empty() || !console.wants_live()) continue;
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const auto done = static_cast<double>(nats.size());
    console.live(fmt::format("{} {:.0f} %  {:.1f} images/s  {} left", what, 100.0 * done / count,
                             done / seconds, clock_text(seconds * (count - done) / done)));
  }
  check_finite(nats, model, data);
  return nats;
}

}  // namespace pcnn
