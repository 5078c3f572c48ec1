#pragma once

#include <pybind11/numpy.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace pcnn::python {

// Arrays as pcnn's Python code hands them over: of this type and C-contiguous already, borrowed.
template <typename T>
using Given = pybind11::array_t<T, pybind11::array::c_style>;

template <typename T>
[[nodiscard]] std::span<const T> values_of(const Given<T>& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

template <typename T>
[[nodiscard]] std::span<const T> values_of(const std::optional<Given<T>>& array) {
  return array ? values_of(*array) : std::span<const T>{};
}

// An array that owns `values`, which are not copied.
template <typename T>
[[nodiscard]] pybind11::array_t<T> array_of(std::vector<T> values,
                                            const std::vector<pybind11::ssize_t>& shape) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  const T* const data = owned->data();
  const pybind11::capsule owner(owned.get(), [](void* kept) { delete static_cast<std::vector<T>*>(kept); });
  (void)owned.release();
  return pybind11::array_t<T>(shape, data, owner);
}

}  // namespace pcnn::python
