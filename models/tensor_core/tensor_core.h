// The kind "tensor_core": a core for matrix products.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/block.h"
#include "models/base/number_format.h"
#include "models/core/buffering.h"
#include "models/core/tile_timing.h"

namespace simdse {

/// Which operand stays in the array while the others move.
enum class Dataflow { weight_stationary, output_stationary, input_stationary };

const char* dataflow_name(Dataflow dataflow);

/// Sizes of a matrix product C (m x n) += A (m x k) B (k x n).
struct TileShape {
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;

  std::int64_t macs() const { return m * n * k; }
  friend bool operator==(const TileShape& x, const TileShape& y) {
    return x.m == y.m && x.n == y.n && x.k == y.k;
  }
};

/// How the PEs of a core multiply numbers of some format. One of the two is 1.
struct FormatRate {
  std::int64_t passes = 1;  ///< products of the PEs' own width that make one product
  std::int64_t packed = 1;  ///< products, next to each other along k, that a PE makes and adds up
                            ///< in one cycle

  /// What one product costs of a PE's cycles, and so of its energy.
  double cycles() const { return static_cast<double>(passes) / static_cast<double>(packed); }
};

/// A tile of a product, and the time that a core takes for all of the product in such tiles.
struct TimedTile {
  TileShape shape;
  TileTiming timing;
};

class TensorCore : public Block {
 public:
  virtual std::vector<Dataflow> dataflows() const = 0;

  /// MACs per cycle, of numbers of `multiplier_bits`, when every PE works.
  virtual std::int64_t peak_macs_per_cycle() const = 0;

  /// Tiles worth trying for a product of sizes `whole` whose operands have elements of
  /// `element_bytes`: those that the private memory holds, twice (one in use, one being filled)
  /// unless buffering is single.
  /// Never empty; ragged sizes are cut to `whole`.
  virtual std::vector<TileShape> tiles(Dataflow dataflow, const TileShape& whole,
                                       double element_bytes) const = 0;

  /// Timing of a block of `count` equal products of sizes `block`, cut into tiles of at most
  /// `tile`.
  virtual TileTiming timing(Dataflow dataflow, const TileShape& block, const TileShape& tile,
                            std::int64_t count) const = 0;

  /// Sets the timing of `count` equal products of sizes `whole` for each of `timed`, which are the
  /// tiles() of it. A core overrides it where that is less work than one timing() after the other.
  virtual void time_tiles(Dataflow dataflow, const TileShape& whole, std::int64_t count,
                          std::vector<TimedTile>& timed) const;

  /// No more than the `body` that timing() gives any of the tiles() of `count` equal products of
  /// sizes `whole`. A core overrides it where it can tell without them.
  virtual Cycles least_body(Dataflow /*dataflow*/, const TileShape& /*whole*/,
                            std::int64_t /*count*/) const {
    return Cycles(0);
  }

  /// Output blocks of `elements` each that the core can hold: one in the making, the others on
  /// their way out. At least 2, or 1 where buffering is single.
  virtual std::int64_t output_places(std::int64_t elements) const = 0;

  /// Whether operands and results move while the core works.
  virtual Buffering buffering() const { return Buffering::twofold; }

  /// Width of the numbers that a PE multiplies, one product per cycle.
  virtual int multiplier_bits() const = 0;

  /// Products of numbers of up to 8 bits that a PE makes and adds up in a cycle: 1 or 2, since two
  /// such numbers take the place of one of `multiplier_bits`.
  virtual std::int64_t products_of_8_bits() const { return 1; }

  /// Products of `multiplier_bits` that make one of numbers of up to 32 bits; 0: none do. They take
  /// the cycles and the energy of as many; splitting the numbers is not charged.
  virtual std::int64_t passes_of_32_bits() const { return 0; }

  /// How numbers of `format` are multiplied; empty if they can't be.
  std::optional<FormatRate> rate(const NumberFormat& format) const;

  /// MACs per cycle of numbers of `format` when every PE works; 0 if it can't multiply them.
  double peak_macs_per_cycle_of(const NumberFormat& format) const;

  /// tiles() and timing() of products of numbers of `format`, which the core can multiply.
  std::vector<TileShape> tiles_of(const NumberFormat& format, Dataflow dataflow,
                                  const TileShape& whole, double element_bytes) const;
  TileTiming timing_of(const NumberFormat& format, Dataflow dataflow, const TileShape& block,
                       const TileShape& tile, std::int64_t count) const;
  /// least_body() of the same.
  Cycles least_body_of(const NumberFormat& format, Dataflow dataflow, const TileShape& whole,
                       std::int64_t count) const;
  /// Replaces `timed` by both: the tiles of `count` equal products of sizes `whole`.
  void find_timed_tiles(const NumberFormat& format, Dataflow dataflow, const TileShape& whole,
                        double element_bytes, std::int64_t count,
                        std::vector<TimedTile>& timed) const;

  /// Finished sums of 4 bytes that leave for the vector core behind, per cycle.
  virtual BytesPerCycle drain_width() const = 0;

  /// Private memory, for the area.
  virtual Bytes private_memory() const = 0;

  /// "128x128": for tables.
  virtual std::string label() const = 0;

 private:
  /// Bytes of the operand memory that a step along k takes of numbers with elements of
  /// `element_bytes`.
  double entry_bytes(const FormatRate& own, double element_bytes) const;
};

}  // namespace simdse
