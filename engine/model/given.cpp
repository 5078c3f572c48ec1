#include "engine/model/given.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/model/network.h"

namespace pcnn {
namespace {

void check_size(const char* what, std::size_t given, std::size_t images, std::size_t of_each,
                const Condition& condition) {
  if (given == images * of_each) return;
  const std::string why = of_each == 1      ? "one for each image"
                          : of_each > 1     ? fmt::format("{} for each image", of_each)
                          : condition.any() ? "the network is told something else"
                                            : "the network has no condition";
  throw ComputeError(
      fmt::format("{}: {} values given, right are {} ({})", what, given, images * of_each, why));
}

}  // namespace

Given Given::part(std::size_t images, std::size_t first, std::size_t count) const {
  const std::size_t size = values.size() / std::max<std::size_t>(1, images);
  return {classes.empty() ? classes : classes.subspan(first, count),
          values.subspan(first * size, count * size)};
}

std::vector<int> given_shape(const Network& network) {
  const Condition& condition = network.condition;
  if (condition.vector > 0) return {condition.vector};
  if (condition.maps > 0) return {condition.maps, network.image_height, network.image_width};
  return {};
}

std::size_t given_values(const Network& network) {
  const std::vector<int> shape = given_shape(network);
  std::size_t values = shape.empty() ? 0 : 1;
  for (const int extent : shape) values *= to_index(extent);
  return values;
}

void check_given(const Given& given, const Network& network, std::size_t images) {
  const Condition& condition = network.condition;
  check_size("classes", given.classes.size(), images, condition.classes > 0, condition);
  check_size("values of the condition", given.values.size(), images, given_values(network), condition);
  for (const int of_image : given.classes)
    if (of_image < 0 || of_image >= condition.classes)
      throw ComputeError(
          fmt::format("class of an image: {} given, right are 0 to {}", of_image, condition.classes - 1));
}

GivenBatch::GivenBatch(const Network& network, std::size_t images)
    : classes(network.condition.classes > 0 ? images : 0),
      values(images * given_values(network)),
      values_each(given_values(network)) {}

void GivenBatch::take(const Given& all, std::size_t first) {
  const auto copy = [first](auto from, auto& to, std::size_t size) {
    const std::size_t begin = std::min(first * size, from.size());
    const auto present = from.subspan(begin, std::min(to.size(), from.size() - begin));
    std::fill(std::ranges::copy(present, to.begin()).out, to.end(), 0);
  };
  copy(all.classes, classes, 1);
  copy(all.values, values, values_each);
}

void GivenBatch::take(const Given& all, std::span<const int> positions) {
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::size_t from = to_index(positions[i]);
    assert(positions[i] >= 0 && (classes.empty() || from < all.classes.size()) &&
           (from + 1) * values_each <= all.values.size());
    if (!classes.empty()) classes[i] = all.classes[from];
    std::ranges::copy(all.values.subspan(from * values_each, values_each),
                      values.begin() + static_cast<std::ptrdiff_t>(i * values_each));
  }
}

}  // namespace pcnn
