#pragma once

// What is given of images, in a message.

#include <cstddef>

#include "engine/model/given.h"
#include "engine/model/network.h"
#include "engine/ranks/message.h"
#include "engine/ranks/team.h"

namespace pcnn {

inline void put_given(MessageWriter& message, const Given& given) {
  message.put_all(given.classes);
  message.put_all(given.values);
}

[[nodiscard]] inline GivenBatch get_given(MessageReader& message) {
  GivenBatch given;
  given.classes = message.get_all<int>();
  given.values = message.get_all<float>();
  return given;
}

// Of `images` in all, of which only those of `own` were put; the others are class 0 and zeros.
[[nodiscard]] inline GivenBatch get_given(MessageReader& message, const Network& network, std::size_t images,
                                          Range own) {
  GivenBatch given(network, images);
  const auto place = [&](const auto& part, auto& all, std::size_t each) {
    std::copy(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(own.begin * each));
  };
  const GivenBatch part = get_given(message);
  place(part.classes, given.classes, 1);
  place(part.values, given.values, given.values_each);
  return given;
}

}  // namespace pcnn
