// Sliding windows, shared by convolution and pooling.
#pragma once

#include <array>
#include <cstdint>

#include "workloads/tensor.h"

namespace simdse {

/// A window over height (index 0) and width (index 1).
struct Window {
  std::array<std::int64_t, 2> kernel{1, 1};
  std::array<std::int64_t, 2> stride{1, 1};
  std::array<std::int64_t, 2> dilation{1, 1};
  std::array<std::int64_t, 2> pad_before{0, 0};
  std::array<std::int64_t, 2> pad_after{0, 0};
  /// Count a last, incomplete window (ONNX ceil_mode).
  bool ceil_mode = false;

  /// Number of windows along `axis` of an input of `size`. Throws std::invalid_argument when the
  /// window does not fit even once.
  std::int64_t positions(int axis, std::int64_t size) const;

  std::int64_t kernel_elements() const { return kernel[0] * kernel[1]; }
};

/// Shape [N, channels, positions, positions] that the window makes of an input [N, C, H, W].
Shape window_output_shape(const Window& window, const Shape& input, std::int64_t channels);

}  // namespace simdse
