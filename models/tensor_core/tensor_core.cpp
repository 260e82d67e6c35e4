#include "models/tensor_core/tensor_core.h"

#include <algorithm>

namespace simdse {
namespace {

/// Sizes in steps along k of `packed` products each.
TileShape packed_along_k(TileShape shape, std::int64_t packed) {
  if (packed > 1) shape.k = ceil_div(shape.k, packed);
  return shape;
}

/// The same the other way round, within `whole`.
TileShape unpacked_along_k(TileShape shape, std::int64_t packed, const TileShape& whole) {
  if (packed > 1) shape.k = std::min(shape.k * packed, whole.k);
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

double TensorCore::entry_bytes(const FormatRate& own, double element_bytes) const {
  // Numbers that are not packed take a whole entry of the operand memory each.
  return std::max(element_bytes * static_cast<double>(own.packed),
                  static_cast<double>(multiplier_bits()) / 8);
}

std::vector<TileShape> TensorCore::tiles_of(const NumberFormat& format, Dataflow dataflow,
                                            const TileShape& whole, double element_bytes) const {
  const FormatRate own = rate(format).value();
  std::vector<TileShape> result =
      tiles(dataflow, packed_along_k(whole, own.packed), entry_bytes(own, element_bytes));
  for (TileShape& tile : result) tile = unpacked_along_k(tile, own.packed, whole);
  return result;
}

void TensorCore::time_tiles(Dataflow dataflow, const TileShape& whole, std::int64_t count,
                            std::vector<TimedTile>& timed) const {
  for (TimedTile& tile : timed) tile.timing = timing(dataflow, whole, tile.shape, count);
}

TileTiming TensorCore::timing_of(const NumberFormat& format, Dataflow dataflow,
                                 const TileShape& block, const TileShape& tile,
                                 std::int64_t count) const {
  const FormatRate own = rate(format).value();
  return timing(dataflow, packed_along_k(block, own.packed), packed_along_k(tile, own.packed),
                count * own.passes);
}

Cycles TensorCore::least_body_of(const NumberFormat& format, Dataflow dataflow,
                                 const TileShape& whole, std::int64_t count) const {
  const FormatRate own = rate(format).value();
  return least_body(dataflow, packed_along_k(whole, own.packed), count * own.passes);
}

void TensorCore::find_timed_tiles(const NumberFormat& format, Dataflow dataflow,
                                  const TileShape& whole, double element_bytes, std::int64_t count,
                                  std::vector<TimedTile>& timed) const {
  const FormatRate own = rate(format).value();
  const TileShape packed = packed_along_k(whole, own.packed);
  timed.clear();
  for (const TileShape& tile : tiles(dataflow, packed, entry_bytes(own, element_bytes))) {
    timed.emplace_back().shape = tile;
  }
  time_tiles(dataflow, packed, count * own.passes, timed);
  for (TimedTile& tile : timed) tile.shape = unpacked_along_k(tile.shape, own.packed, whole);
}

}  // namespace simdse
