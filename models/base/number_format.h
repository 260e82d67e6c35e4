// Number formats of tensors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/units.h"

namespace simdse {

/// How numbers are stored. `bits` is the width of one element; formats with a shared scale store
/// `scale_bits` more for each block of `block_size` elements.
struct NumberFormat {
  std::string name;
  int bits = 16;
  int block_size = 0;  ///< 0: no shared scale
  int scale_bits = 0;

  /// Bytes of `elements` elements, blocks and the last byte rounded up.
  Bytes bytes(std::int64_t elements) const {
    std::int64_t total = elements * bits;
    if (block_size > 0) total += ceil_div(elements, block_size) * scale_bits;
    return Bytes(ceil_div(total, 8));
  }

  friend bool operator==(const NumberFormat& a, const NumberFormat& b) { return a.name == b.name; }
};

/// The known formats: bf16, fp16, fp32, fp8, mxfp8 (OCP microscaling: blocks of 32 share an 8-bit
/// scale), int8, int32, int64, mask (one byte per element).
const std::vector<NumberFormat>& number_formats();

/// The format called `name`; throws std::out_of_range when there is none.
const NumberFormat& number_format(const std::string& name);

std::vector<std::string> number_format_names();

}  // namespace simdse
