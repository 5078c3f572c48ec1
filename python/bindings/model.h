#pragma once

#include <pybind11/pybind11.h>

namespace pcnn::python {

void add_model(pybind11::module_& module);

}  // namespace pcnn::python
