#include "python/bindings/model.h"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
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

using Levels = Given<api::Level>;  // (images, channels, rows, columns)
using Classes = std::optional<Given<int>>;
using Numbers = std::optional<Given<float>>;

// A model whose threads end with it, but for a forked process, which does not have them.
class OwnedModel {
 public:
  OwnedModel(const std::string& path, int threads)
      : model_(call_engine([&] { return std::make_unique<api::Model>(path, threads); })) {}
  ~OwnedModel() {
    if (is_forked()) {
      (void)model_.release();
      return;
    }
    const py::gil_scoped_release released;
    model_.reset();
  }
  OwnedModel(const OwnedModel&) = delete;
  OwnedModel& operator=(const OwnedModel&) = delete;

  const api::Model* operator->() const { return model_.get(); }

 private:
  std::unique_ptr<api::Model> model_;
};

api::Images images_of(const Levels& levels) {
  return {values_of(levels), static_cast<int>(levels.shape(2)), static_cast<int>(levels.shape(3))};
}

api::Told told_of(const Classes& classes, const Numbers& numbers) {
  return {values_of(classes), values_of(numbers)};
}

py::array nats(const OwnedModel& model, const Levels& levels, const Classes& classes,
               const Numbers& numbers) {
  return array_of(call_engine([&] { return model->nats(images_of(levels), told_of(classes, numbers)); }),
                  {levels.shape(0)});
}

py::array pixel_nats(const OwnedModel& model, const Levels& levels, const Classes& classes,
                     const Numbers& numbers) {
  return array_of(
      call_engine([&] { return model->pixel_nats(images_of(levels), told_of(classes, numbers)); }),
      {levels.shape(0), levels.shape(2), levels.shape(3)});
}

py::array logits(const OwnedModel& model, const Levels& levels, const Classes& classes,
                 const Numbers& numbers) {
  return array_of(call_engine([&] { return model->logits(images_of(levels), told_of(classes, numbers)); }),
                  {levels.shape(0), model->logit_channels(), levels.shape(2), levels.shape(3)});
}

// (levels, probabilities or None)
py::tuple arrays_of(api::Drawn drawn) {
  const auto size = static_cast<py::ssize_t>(drawn.shape.size());
  const auto values = static_cast<py::ssize_t>(drawn.levels.size()),
             probabilities = static_cast<py::ssize_t>(drawn.probabilities.size());
  std::vector<py::ssize_t> shape{values / size, drawn.shape.channels, drawn.shape.height, drawn.shape.width};
  py::object levels = array_of(std::move(drawn.levels), shape);
  if (probabilities == 0) return py::make_tuple(std::move(levels), py::none());
  if (probabilities != values) shape.push_back(probabilities / values);
  return py::make_tuple(std::move(levels), array_of(std::move(drawn.probabilities), shape));
}

py::tuple sample(const OwnedModel& model, int count, std::uint64_t seed, double temperature, int height,
                 int width, const Classes& classes, const Numbers& numbers, bool with_probabilities) {
  return arrays_of(call_engine([&] {
    return model->sample({.count = count,
                          .seed = seed,
                          .temperature = temperature,
                          .height = height,
                          .width = width,
                          .told = told_of(classes, numbers),
                          .with_probabilities = with_probabilities});
  }));
}

py::tuple complete(const OwnedModel& model, const Levels& levels, const Given<std::uint8_t>& known, int count,
                   std::uint64_t seed, double temperature, const Classes& classes, const Numbers& numbers,
                   bool with_probabilities) {
  return arrays_of(call_engine([&] {
    return model->complete(images_of(levels), values_of(known),
                           {.count = count,
                            .seed = seed,
                            .temperature = temperature,
                            .told = told_of(classes, numbers),
                            .with_probabilities = with_probabilities});
  }));
}

// Read only, each keeping the model alive.
py::dict parameters(const py::object& self) {
  const auto& model = self.cast<const OwnedModel&>();
  py::dict all;
  for (const api::Model::Parameter& parameter : model->parameters()) {
    const std::vector<py::ssize_t> shape(parameter.shape.begin(), parameter.shape.end());
    const py::array_t<float> view(shape, parameter.values.data(), self);
    view.attr("setflags")(py::arg("write") = false);
    all[py::str(parameter.name)] = view;
  }
  return all;
}

// (pixels, 2): rows down, columns right
py::array receptive_field(const OwnedModel& model) {
  const std::vector<std::pair<int, int>> field = call_engine([&] { return model->receptive_field(); });
  std::vector<std::int64_t> offsets;
  for (const auto& [down, right] : field) offsets.insert(offsets.end(), {down, right});
  return array_of(std::move(offsets), {static_cast<py::ssize_t>(field.size()), 2});
}

py::tuple shape(const OwnedModel& model) {
  const api::ImageShape shape = model->shape();
  return py::make_tuple(shape.channels, shape.height, shape.width);
}

}  // namespace

void add_model(py::module_& module) {
  const py::arg levels = py::arg("levels").noconvert(), known = py::arg("known").noconvert();
  const py::arg classes = py::arg("classes").noconvert(), numbers = py::arg("numbers").noconvert();
  py::class_<OwnedModel>(module, "Model")
      .def(py::init<const std::string&, int>(), py::arg("path"), py::arg("threads"))
      .def_property_readonly("path", [](const OwnedModel& model) { return model->path(); })
      .def_property_readonly("config", [](const OwnedModel& model) { return model->config(); })
      .def_property_readonly("shape", shape)
      .def_property_readonly("levels", [](const OwnedModel& model) { return model->levels(); })
      .def_property_readonly("classes", [](const OwnedModel& model) { return model->classes(); })
      .def_property_readonly(
          "condition_shape",
          [](const OwnedModel& model) { return py::tuple(py::cast(model->condition_shape())); })
      .def_property_readonly("logit_channels",
                             [](const OwnedModel& model) { return model->logit_channels(); })
      .def("graph", [](const OwnedModel& model) { return model->graph(); })
      .def("parameters", parameters)
      .def("receptive_field", receptive_field)
      .def("nats", nats, levels, classes, numbers)
      .def("pixel_nats", pixel_nats, levels, classes, numbers)
      .def("logits", logits, levels, classes, numbers)
      .def("sample", sample, py::arg("count"), py::arg("seed"), py::arg("temperature"), py::arg("height"),
           py::arg("width"), classes, numbers, py::arg("with_probabilities"))
      .def("complete", complete, levels, known, py::arg("count"), py::arg("seed"), py::arg("temperature"),
           classes, numbers, py::arg("with_probabilities"));
}

}  // namespace pcnn::python
