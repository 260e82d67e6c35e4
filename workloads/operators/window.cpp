#include "workloads/operators/window.h"

#include <fmt/core.h>

#include <stdexcept>

#include "models/base/units.h"

namespace simdse {

std::int64_t Window::positions(int axis, std::int64_t size) const {
  constexpr std::int64_t limit = std::int64_t{1} << 30;
  for (const std::int64_t value :
       {kernel[axis], stride[axis], dilation[axis], pad_before[axis], pad_after[axis]}) {
    if (value < 0 || value > limit)
      throw std::invalid_argument("a window of such sizes is no window");
  }
  if (kernel[axis] < 1 || stride[axis] < 1 || dilation[axis] < 1) {
    throw std::invalid_argument("a window's size, stride and dilation are at least 1");
  }
  const std::int64_t padded = size + pad_before[axis] + pad_after[axis];
  const std::int64_t extent = (kernel[axis] - 1) * dilation[axis] + 1;
  if (extent > padded) {
    throw std::invalid_argument(
        fmt::format("a window of {} does not fit {} elements", extent, padded));
  }
  if (!ceil_mode) return (padded - extent) / stride[axis] + 1;
  const std::int64_t count = ceil_div(padded - extent, stride[axis]) + 1;
  // A window that would start in the padding behind the input is not counted.
  return (count - 1) * stride[axis] >= size + pad_before[axis] ? count - 1 : count;
}

Shape window_output_shape(const Window& window, const Shape& input, std::int64_t channels) {
  if (input.size() != 4) {
    throw std::invalid_argument(
        fmt::format("needs an input of 4 axes (N, C, H, W), found {}", input.size()));
  }
  return {input[0], channels, window.positions(0, input[2]), window.positions(1, input[3])};
}

}  // namespace simdse
