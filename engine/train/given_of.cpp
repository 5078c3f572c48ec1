#include "engine/train/given_of.h"

#include <fmt/format.h>

#include "engine/data/condition_file.h"
#include "engine/data/labels.h"

namespace pcnn {

Given given_of(const Network& network, const ImageSet& images) {
  if (network.condition.classes > 0) return {.classes = images.labels};
  if (network.condition.any()) return {.values = images.conditions};
  return {};
}

void require_given(const Network& network, const ImageSet& images) {
  if (network.condition.classes > 0) require_classes(images, network.condition.classes);
  if (const std::vector<int> shape = given_shape(network); !shape.empty()) require_condition(images, shape);
}

Beside beside(const Network& network) {
  if (network.condition.classes > 0) return Beside::kLabels;
  return network.condition.any() ? Beside::kCondition : Beside::kNothing;
}

std::string fingerprinted_images(const Network& network, std::string_view split) {
  const Beside known = beside(network);
  return fmt::format("the {} images{}", split,
                     known == Beside::kNothing  ? ""
                     : known == Beside::kLabels ? ", or what is known of them (data.labels),"
                                                : ", or what is known of them (data.condition),");
}

}  // namespace pcnn
