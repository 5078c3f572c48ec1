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
  dnnl::status status = dnnl::status::success;
  SingleThreadedCompute().run([&] {
    status = dnnl::sgemm(a.transposed ? 'T' : 'N', b.transposed ? 'T' : 'N', rows, columns, inner, alpha,
                         a.values.data(), a.columns, b.values.data(), b.columns, beta, dst.data(), columns);
  });
  if (status != dnnl::status::success)
    throw ComputeError(fmt::format("sgemm of {}x{} with {}x{}: oneDNN status {}", rows, inner, inner, columns,
                                   static_cast<int>(status)));
}

}  // namespace pcnn
