#pragma once

#include <pybind11/pybind11.h>

namespace pcnn::python {

// network_graph() and write_model().
void add_interchange(pybind11::module_& module);

}  // namespace pcnn::python
