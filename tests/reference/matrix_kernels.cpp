// Contractions and convolutions.
#include <map>

#include "reference/kernels.h"
#include "workloads/operators/contraction.h"
#include "workloads/operators/convolution.h"

namespace simdse {
namespace {

void contract(const Contraction& kind, const Arrays& in, const Arrays& out) {
  std::map<char, std::int64_t> sizes;
  const auto note = [&](const std::string& labels, const Shape& shape) {
    for (std::size_t i = 0; i < labels.size(); ++i) sizes[labels[i]] = shape[i];
  };
  note(kind.a(), in[0].shape);
  note(kind.b(), in[1].shape);
  std::string labels;
  Shape all;
  for (const auto& [label, size] : sizes) {
    labels += label;
    all.push_back(size);
  }
  const auto strides = [&](const std::string& operand) {
    Shape result(labels.size(), 0);
    std::int64_t stride = 1;
    for (std::size_t i = operand.size(); i-- > 0;) {
      result[labels.find(operand[i])] = stride;
      stride *= sizes[operand[i]];
    }
    return result;
  };
  const Shape a = strides(kind.a());
  const Shape b = strides(kind.b());
  const Shape c = strides(kind.c());
  for_each_index(all, [&](const Shape& index) {
    std::int64_t at_a = 0;
    std::int64_t at_b = 0;
    std::int64_t at_c = 0;
    for (std::size_t i = 0; i < index.size(); ++i) {
      at_a += index[i] * a[i];
      at_b += index[i] * b[i];
      at_c += index[i] * c[i];
    }
    out[0][at_c] += in[0][at_a] * in[1][at_b];
  });
}

/// Calls visit(place in x, place in w, place in y) for every product of a convolution.
template <typename Visit>
void convolve(const Window& window, std::int64_t groups, const Shape& x, const Shape& w,
              const Shape& y, Visit visit) {
  const std::int64_t filters = y[1] / groups;
  for_each_index({y[0], y[1], y[2], y[3], w[1], w[2], w[3]}, [&](const Shape& i) {
    const std::int64_t row =
        i[2] * window.stride[0] + i[5] * window.dilation[0] - window.pad_before[0];
    const std::int64_t column =
        i[3] * window.stride[1] + i[6] * window.dilation[1] - window.pad_before[1];
    if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) return;
    const std::int64_t channel = i[1] / filters * w[1] + i[4];
    visit(((i[0] * x[1] + channel) * x[2] + row) * x[3] + column,
          ((i[1] * w[1] + i[4]) * w[2] + i[5]) * w[3] + i[6],
          ((i[0] * y[1] + i[1]) * y[2] + i[2]) * y[3] + i[3]);
  });
}

}  // namespace

void run_matrix_kernel(const Operator& op, const Arrays& in, const Arrays& out, bool& is_known) {
  is_known = true;
  const OperatorKind* kind = op.kind.get();
  if (const auto* contraction = dynamic_cast<const Contraction*>(kind)) {
    contract(*contraction, in, out);
  } else if (const auto* forward = dynamic_cast<const Convolution*>(kind)) {
    convolve(forward->window(), forward->groups(), in[0].shape, in[1].shape, out[0].shape,
             [&](auto x, auto w, auto y) { out[0][y] += in[0][x] * in[1][w]; });
  } else if (const auto* dx = dynamic_cast<const ConvolutionInputGradient*>(kind)) {
    convolve(dx->window(), dx->groups(), out[0].shape, in[1].shape, in[0].shape,
             [&](auto x, auto w, auto y) { out[0][x] += in[0][y] * in[1][w]; });
  } else if (const auto* dw = dynamic_cast<const ConvolutionWeightGradient*>(kind)) {
    convolve(dw->window(), dw->groups(), in[1].shape, out[0].shape, in[0].shape,
             [&](auto x, auto w, auto y) { out[0][w] += in[0][y] * in[1][x]; });
  } else {
    is_known = false;
  }
}

}  // namespace simdse
