#include "engine/data/overlap.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace pcnn {
namespace {

std::string_view bytes_of(const ImageSet& images, int image) {
  const auto bytes = std::as_bytes(images.image(image));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Overlap find_overlap(const ImageSet& test, const ImageSet& train, const ImageSet& validation) {
  std::unordered_map<std::string_view, std::uint32_t> first_ids;
  first_ids.reserve(static_cast<std::size_t>(train.count) + static_cast<std::size_t>(validation.count));
  for (const ImageSet* images : {&train, &validation})
    for (int i = 0; i < images->count; ++i) {
      const std::uint32_t id = images->ids[static_cast<std::size_t>(i)];
      std::uint32_t& first = first_ids.try_emplace(bytes_of(*images, i), id).first->second;
      first = std::min(first, id);
    }

  Overlap overlap;
  for (int i = 0; i < test.count; ++i) {
    const auto equal = first_ids.find(bytes_of(test, i));
    if (equal == first_ids.end()) continue;
    if (overlap.count++ == 0) {
      overlap.test = test.ids[static_cast<std::size_t>(i)];
      overlap.train = equal->second;
    }
  }
  return overlap;
}

}  // namespace pcnn
