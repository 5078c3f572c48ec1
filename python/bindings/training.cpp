#include "python/bindings/training.h"

#include <pybind11/stl.h>
#include <xmmintrin.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/api/pcnn.h"
#include "python/bindings/engine_call.h"

namespace py = pybind11;

namespace pcnn::python {

namespace {

// Python code inside a training: with the GIL, and with denormals as they were before it.
class PythonCode {
 public:
  explicit PythonCode(unsigned denormals) : before_(_mm_getcsr()) { _mm_setcsr(denormals); }
  ~PythonCode() { _mm_setcsr(before_); }
  PythonCode(const PythonCode&) = delete;
  PythonCode& operator=(const PythonCode&) = delete;

 private:
  unsigned before_;
  py::gil_scoped_acquire acquired_;
};

// Signals that Python has noted: those that came before the run handled them itself, and all others.
void run_signal_handlers() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

// (directory, completed, signal, test nats per dimension). on_step, which may be None, and on_epoch take the
// members of api::Step and api::Epoch in order, and return whether to go on.
py::tuple train(const std::string& config, const std::string& resume, std::vector<std::string> overrides,
                bool quiet, const py::object& on_step, const py::object& on_epoch) {
  api::Training training{
      .config = config, .resume = resume, .overrides = std::move(overrides), .quiet = quiet};
  const unsigned denormals = _mm_getcsr();
  training.on_step = [&](const api::Step& step) {
    const PythonCode python(denormals);
    run_signal_handlers();
    return on_step.is_none() || on_step(step.step, step.epoch, step.images, step.train_nats_per_dim,
                                        step.images_per_second, step.learning_rate)
                                    .cast<bool>();
  };
  training.on_epoch = [&](const api::Epoch& epoch) {
    const PythonCode python(denormals);
    run_signal_handlers();
    return on_epoch(epoch.epoch, epoch.step, epoch.train_nats_per_dim, epoch.validation_nats_per_dim,
                    epoch.images_per_second, epoch.seconds)
        .cast<bool>();
  };
  const api::Trained trained = call_engine([&] { return api::train(training); });
  return py::make_tuple(trained.directory, trained.completed, trained.signal, trained.test_nats_per_dim);
}

}  // namespace

void add_training(py::module_& module) {
  module.def("train", train, py::arg("config"), py::arg("resume"), py::arg("overrides"), py::arg("quiet"),
             py::arg("on_step"), py::arg("on_epoch"));
}

}  // namespace pcnn::python
