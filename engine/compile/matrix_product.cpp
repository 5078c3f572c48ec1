#include "engine/compile/matrix_product.h"

#include <fmt/format.h>

#include <oneapi/dnnl/dnnl.hpp>

#include "engine/core/error.h"
#include "engine/core/index.h"
#include "engine/core/parallel.h"

namespace pcnn {

void multiply(float alpha, const MatrixView& a, const MatrixView& b, float beta, std::span<float> dst) {
  const int rows = a.transposed ? a.columns : a.rows, inner = a.transposed ? a.rows : a.columns;
  const int columns = b.transposed ? b.rows : b.columns;
  if (inner != (b.transposed ? b.columns : b.rows) || dst.size() != to_index(rows) * to_index(columns))
    throw ComputeError(fmt::format("a product of matrices: {}x{} with {}x{} into {} values", rows, inner,
                                   inner, columns, dst.size()));
  const auto strided = [](const MatrixView& of) {
    return StridedMatrix{of.values.data(), to_index(of.rows), to_index(of.columns), to_index(of.columns),
                         of.transposed};
  };
  SingleThreadedCompute().run(
      [&] { multiply_on_this_thread(alpha, strided(a), strided(b), beta, dst.data(), to_index(columns)); });
}

void multiply_on_this_thread(float alpha, const StridedMatrix& a, const StridedMatrix& b, float beta,
                             float* dst, std::size_t dst_stride) {
  const auto extent = [](std::size_t count) { return static_cast<dnnl_dim_t>(count); };
  const auto rows = extent(a.transposed ? a.columns : a.rows),
             inner = extent(a.transposed ? a.rows : a.columns),
             columns = extent(b.transposed ? b.rows : b.columns);
  const dnnl::status status =
      dnnl::sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', rows, columns, inner, alpha, a.values,
                  extent(a.stride), b.values, extent(b.stride), beta, dst, extent(dst_stride));
  if (status != dnnl::status::success)
    throw ComputeError(fmt::format("sgemm of {}x{} with {}x{}: oneDNN status {}", rows, inner, inner, columns,
                                   static_cast<int>(status)));
}

}  // namespace pcnn
