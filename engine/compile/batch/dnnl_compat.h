#pragma once

// oneDNN 2.6 to 3.x behind one set of functions; no other file asks for the version. 3.x dropped operation
// descriptors (their arguments go straight to the primitive descriptor) and the scale of eltwise post-ops,
// gave eltwise a destination descriptor, and renamed what a memory descriptor answers.

#include <oneapi/dnnl/dnnl.hpp>

namespace pcnn::dnnl_compat {

inline dnnl::memory::dims dims_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_dims();
#else
  return desc.dims();
#endif
}

inline dnnl::memory::data_type data_type_of(const dnnl::memory::desc& desc) {
#if DNNL_VERSION_MAJOR >= 3
  return desc.get_data_type();
#else
  return desc.data_type();
#endif
}

// A 2-D convolution with stride 1.
struct ConvGeometry {
  dnnl::memory::desc src;
  dnnl::memory::desc weights;
  dnnl::memory::desc bias;
  dnnl::memory::desc dst;
  dnnl::memory::dims pad_before;  // top, left
  dnnl::memory::dims pad_after;   // bottom, right
  dnnl::memory::dims gaps{0, 0};  // rows, columns left out between neighbouring taps
};

inline const dnnl::memory::dims kUnitStrides{1, 1};

inline dnnl::convolution_forward::primitive_desc conv_forward(const dnnl::engine& engine,
                                                              dnnl::prop_kind kind, const ConvGeometry& g,
                                                              const dnnl::primitive_attr& attr) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine,       kind,         dnnl::algorithm::convolution_direct,
          g.src,        g.weights,    g.bias,
          g.dst,        kUnitStrides, g.gaps,
          g.pad_before, g.pad_after,  attr};
#else
  return {{kind, dnnl::algorithm::convolution_direct, g.src, g.weights, g.bias, g.dst, kUnitStrides, g.gaps,
           g.pad_before, g.pad_after},
          attr,
          engine};
#endif
}

// src and dst of the geometry are diff_src and diff_dst; the bias is not used.
inline dnnl::convolution_backward_data::primitive_desc conv_backward_data(
    const dnnl::engine& engine, const ConvGeometry& g, const dnnl::convolution_forward::primitive_desc& hint,
    const dnnl::primitive_attr& attr) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine,      dnnl::algorithm::convolution_direct,
          g.src,       g.weights,
          g.dst,       kUnitStrides,
          g.gaps,      g.pad_before,
          g.pad_after, hint,
          attr};
#else
  return {{dnnl::algorithm::convolution_direct, g.src, g.weights, g.dst, kUnitStrides, g.gaps, g.pad_before,
           g.pad_after},
          attr,
          engine,
          hint};
#endif
}

// weights, bias and dst of the geometry are diff_weights, diff_bias and diff_dst.
inline dnnl::convolution_backward_weights::primitive_desc conv_backward_weights(
    const dnnl::engine& engine, const ConvGeometry& g, const dnnl::convolution_forward::primitive_desc& hint,
    const dnnl::primitive_attr& attr) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine,       dnnl::algorithm::convolution_direct,
          g.src,        g.weights,
          g.bias,       g.dst,
          kUnitStrides, g.gaps,
          g.pad_before, g.pad_after,
          hint,         attr};
#else
  return {{dnnl::algorithm::convolution_direct, g.src, g.weights, g.bias, g.dst, kUnitStrides, g.gaps,
           g.pad_before, g.pad_after},
          attr,
          engine,
          hint};
#endif
}

inline dnnl::eltwise_forward::primitive_desc eltwise_forward(const dnnl::engine& engine,
                                                             dnnl::algorithm function,
                                                             const dnnl::memory::desc& data, float alpha,
                                                             const dnnl::primitive_attr& attr) {
#if DNNL_VERSION_MAJOR >= 3
  return {engine, dnnl::prop_kind::forward_inference, function, data, data, alpha, 0.0f, attr};
#else
  return {{dnnl::prop_kind::forward_inference, function, data, alpha, 0.0f}, attr, engine};
#endif
}

inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm function, float alpha) {
#if DNNL_VERSION_MAJOR >= 3
  ops.append_eltwise(function, alpha, 0.0f);
#else
  ops.append_eltwise(1.0f, function, alpha, 0.0f);
#endif
}

}  // namespace pcnn::dnnl_compat
