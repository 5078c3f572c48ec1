#include "engine/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>

#include "engine/core/digits.h"
#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/batches.h"

namespace pcnn {
namespace {

// How many images `key` takes out of `available`, fewer than `limit` of them; `reason` says what the limit
// is.
int checked_size(std::string_view key, const std::optional<double>& size, int available, int limit,
                 std::string_view reason) {
  const int count = size ? images_of_size(*size, available) : images_by_default(available);
  if (count < limit) return count;
  std::string found = fmt::format("found {}", count);
  if (!size)
    found = fmt::format("the default, a tenth of the images but 1 to 5,000, is {} here", count);
  else if (*size < 1.0)
    found = fmt::format("found {}, which is {} here", *size, counted(count, "image"));
  throw ConfigError(fmt::format("data.{}: {}, accepted: less than {}", key, found, reason));
}

// Whether images lie class by class, so that the last ones are of one class.
bool lies_in_classes(const ImageSet& images) {
  return !images.files.empty() && !images.label_names.empty();
}

std::vector<int> last_in_order(std::vector<int>& positions, int count) {
  std::vector<int> last(positions.end() - count, positions.end());
  positions.resize(positions.size() - static_cast<std::size_t>(count));
  std::ranges::sort(last);
  return last;
}

}  // namespace

int images_by_default(int available) {
  constexpr double kFraction = 0.1;
  constexpr int kMost = 5000;
  return std::min(images_of_size(kFraction, available), kMost);
}

int images_of_size(double size, int available) {
  if (size >= 1.0) return static_cast<int>(size);
  return std::max(1, static_cast<int>(std::lround(size * available)));
}

int train_count(const DataConfig& config, int available) {
  if (config.train_images && *config.train_images > available)
    throw ConfigError(
        fmt::format("data.train_images: found {}, accepted: at most {}, the images there are to train on",
                    *config.train_images, available));
  return config.train_images.value_or(available);
}

SplitPositions split_train_files(const DataConfig& config, const ImageSet& all, bool takes_test) {
  const int count = all.count;
  constexpr int kFewest = 3;
  if (takes_test && count < kFewest)
    throw ConfigError(fmt::format("{}: found {}, accepted: at least {}, to train, validate and test on",
                                  all.name, counted(count, "image"), kFewest));
  const int test =
      !takes_test ? 0
                  : checked_size("test_images", config.test_images, count, count - 1,
                                 fmt::format("{}, so that of the {} two are left to train and validate on",
                                             count - 1, counted(count, "image")));
  const int validation =
      checked_size("validation_images", config.validation_images, count, count - test,
                   takes_test ? fmt::format("the {} that test_images leaves", counted(count - test, "image"))
                              : fmt::format("the {} of the train file", counted(count, "image")));
  const bool seeded =
      config.validation_choice == ValidationChoice::kSeeded ||
      (config.validation_choice == ValidationChoice::kAuto && (takes_test || lies_in_classes(all)));

  std::vector<int> rest(static_cast<std::size_t>(count));
  std::iota(rest.begin(), rest.end(), 0);
  if (takes_test || seeded) rest = permutation(count, RandomStream(config.split_seed, Stream::kSplit), 0);
  SplitPositions split;
  split.test = last_in_order(rest, test);
  if (!seeded) std::ranges::sort(rest);
  split.validation = last_in_order(rest, validation);
  std::ranges::sort(rest);
  rest.resize(static_cast<std::size_t>(train_count(config, count - test - validation)));
  split.train = std::move(rest);

  const std::string chosen =
      takes_test ? fmt::format("chosen from all {} with seed {}", counted(count, "image"), config.split_seed)
                 : fmt::format("chosen from the train file with seed {}", config.split_seed);
  if (takes_test) split.test_origin = chosen;
  split.validation_origin = seeded       ? chosen
                            : takes_test ? "the last of those that are not test images"
                                         : "the last of the train file";
  return split;
}

}  // namespace pcnn
