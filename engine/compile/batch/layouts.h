#pragma once

// Layouts of feature maps, as oneDNN has them and as our own kernels know them. Inside compile/ only.

#include <oneapi/dnnl/dnnl.hpp>
#include <optional>

#include "engine/compile/kernels/training_kernels.h"
#include "engine/core/shape.h"

namespace pcnn {

// The tag of a layout that our own kernels know: planes, blocks of maps, or the maps of a pixel side by side.
[[nodiscard]] std::optional<dnnl::memory::format_tag> known_tag(const dnnl::memory::desc& desc);
// Of such a layout.
[[nodiscard]] MapLayout map_layout(const dnnl::memory::desc& desc);
// The same layout for other dimensions where it is known, else planes.
[[nodiscard]] dnnl::memory::desc with_dims(const dnnl::memory::desc& desc, const dnnl::memory::dims& dims);

// NCHW order of dimensions: any layout of this type, or plain f32.
[[nodiscard]] dnnl::memory::desc any_layout(const Shape& shape, dnnl::memory::data_type type);
[[nodiscard]] dnnl::memory::desc plain_layout(const Shape& shape);
// Attributes every primitive gets: the scratchpad comes from the caller. A fresh object each time, since
// copies of a primitive_attr share one handle.
[[nodiscard]] dnnl::primitive_attr fresh_attributes();

}  // namespace pcnn
