#include "engine/compile/batch/layouts.h"

#include "engine/compile/batch/dnnl_compat.h"

namespace pcnn {

dnnl::memory::desc any_layout(const Shape& shape, dnnl::memory::data_type type) {
  return {{shape.n, shape.c, shape.h, shape.w}, type, dnnl::memory::format_tag::any};
}

dnnl::memory::desc plain_layout(const Shape& shape) {
  return {{shape.n, shape.c, shape.h, shape.w}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nchw};
}

dnnl::primitive_attr fresh_attributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

std::optional<dnnl::memory::format_tag> known_tag(const dnnl::memory::desc& desc) {
  using Tag = dnnl::memory::format_tag;
  for (const Tag tag : {Tag::nchw, Tag::nChw16c, Tag::nChw8c, Tag::nChw4c, Tag::nhwc})
    if (desc == dnnl::memory::desc(dnnl_compat::dims_of(desc), dnnl_compat::data_type_of(desc), tag))
      return tag;
  return {};
}

dnnl::memory::desc with_dims(const dnnl::memory::desc& desc, const dnnl::memory::dims& dims) {
  return {dims, dnnl_compat::data_type_of(desc), known_tag(desc).value_or(dnnl::memory::format_tag::nchw)};
}

MapLayout map_layout(const dnnl::memory::desc& desc) {
  using Tag = dnnl::memory::format_tag;
  const auto dims = dnnl_compat::dims_of(desc);
  const auto extent = [&](std::size_t dimension) { return static_cast<int>(dims[dimension]); };
  MapLayout layout{.images = extent(0), .maps = extent(1), .pixels = extent(2) * extent(3), .block = 1};
  switch (known_tag(desc).value()) {
    case Tag::nChw16c:
      layout.block = 16;
      break;
    case Tag::nChw8c:
      layout.block = 8;
      break;
    case Tag::nChw4c:
      layout.block = 4;
      break;
    case Tag::nhwc:
      layout.block = layout.maps;
      break;
    default:
      break;
  }
  return layout;
}

}  // namespace pcnn
