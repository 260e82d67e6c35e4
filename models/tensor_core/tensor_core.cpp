#include "models/tensor_core/tensor_core.h"

#include <algorithm>

namespace simdse {
namespace {

/// Sizes in steps along k of `packed` products each.
TileShape packed_along_k(TileShape shape, std::int64_t packed) {
  if (packed > 1) shape.k = ceil_div(shape.k, packed);
  return shape;
}

}  // namespace

std::optional<FormatRate> TensorCore::rate(const NumberFormat& format) const {
  if (format.bits <= 8) return FormatRate{1, products_of_8_bits()};
  if (format.bits <= multiplier_bits()) return FormatRate{};
  if (format.bits <= 32 && passes_of_32_bits() > 0) return FormatRate{passes_of_32_bits(), 1};
  return std::nullopt;
}

double TensorCore::peak_macs_per_cycle_of(const NumberFormat& format) const {
  const std::optional<FormatRate> own = rate(format);
  return own ? static_cast<double>(peak_macs_per_cycle()) / own->cycles() : 0;
}

std::vector<TileShape> TensorCore::tiles_of(const NumberFormat& format, Dataflow dataflow,
                                            const TileShape& whole, double element_bytes) const {
  const std::int64_t packed = rate(format).value().packed;
  // Numbers that are not packed take a whole entry of the operand memory each.
  const double entry_bytes = std::max(element_bytes * static_cast<double>(packed),
                                      static_cast<double>(multiplier_bits()) / 8);
  std::vector<TileShape> result = tiles(dataflow, packed_along_k(whole, packed), entry_bytes);
  if (packed > 1) {
    for (TileShape& tile : result) tile.k = std::min(tile.k * packed, whole.k);
  }
  return result;
}

TileTiming TensorCore::timing_of(const NumberFormat& format, Dataflow dataflow,
                                 const TileShape& block, const TileShape& tile,
                                 std::int64_t count) const {
  const FormatRate own = rate(format).value();
  return timing(dataflow, packed_along_k(block, own.packed), packed_along_k(tile, own.packed),
                count * own.passes);
}

}  // namespace simdse
