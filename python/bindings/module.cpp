// The extension pcnn._pcnn: engine/api/pcnn.h for Python, as it is. Arguments are checked and shaped in
// python/pcnn/*.py.

#include <pybind11/pybind11.h>

#include <exception>

#include "engine/api/pcnn.h"
#include "python/bindings/engine_call.h"
#include "python/bindings/interchange.h"
#include "python/bindings/model.h"
#include "python/bindings/training.h"

namespace py = pybind11;

namespace {

void raise_engine_error(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const pcnn::python::EngineError& error) {
    const py::object errors = py::module_::import("pcnn.errors");
    PyErr_SetString(errors.attr(error.is_input_error() ? "InputError" : "Error").ptr(), error.what());
  }
}

}  // namespace

PYBIND11_MODULE(_pcnn, module) {
  py::register_exception_translator(raise_engine_error);
  module.def("version", pcnn::api::version);
  pcnn::python::add_model(module);
  pcnn::python::add_interchange(module);
  pcnn::python::add_training(module);
}
