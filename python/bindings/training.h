#pragma once

#include <pybind11/pybind11.h>

namespace pcnn::python {

void add_training(pybind11::module_& module);

}  // namespace pcnn::python
