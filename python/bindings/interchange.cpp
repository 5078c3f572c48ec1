#include "python/bindings/interchange.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/api/pcnn.h"
#include "python/bindings/arrays.h"
#include "python/bindings/engine_call.h"

namespace py = pybind11;

namespace pcnn::python {

namespace {

using Sides = std::optional<std::array<int, 3>>;  // channels, rows, columns; nothing: those of the data set

api::ImageShape image_of(const Sides& sides) {
  return sides ? api::ImageShape{(*sides)[0], (*sides)[1], (*sides)[2]} : api::ImageShape{};
}

std::string network_graph(const std::string& config, const std::vector<std::string>& overrides,
                          const Sides& image) {
  return call_engine([&] { return api::network_graph(config, overrides, image_of(image)); });
}

// (path of the checkpoint, [(parameter, weights that were not 0 behind its mask)])
py::tuple write_model(const std::string& path, const std::string& config,
                      const std::vector<std::string>& overrides, const Sides& image,
                      const std::vector<std::pair<std::string, Given<float>>>& parameters) {
  std::vector<api::Array> arrays;
  for (const auto& [name, values] : parameters)
    arrays.push_back({name, {values.shape(), values.shape() + values.ndim()}, values_of(values)});
  const api::Written written =
      call_engine([&] { return api::write_model(path, config, overrides, image_of(image), arrays); });
  return py::make_tuple(written.path, written.zeroed);
}

}  // namespace

void add_interchange(py::module_& module) {
  module.def("network_graph", network_graph, py::arg("config"), py::arg("overrides"), py::arg("image"));
  module.def("write_model", write_model, py::arg("path"), py::arg("config"), py::arg("overrides"),
             py::arg("image"), py::arg("parameters"));
}

}  // namespace pcnn::python
