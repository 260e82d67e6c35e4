// A systolic array of multiply-accumulate elements.
#pragma once

#include <algorithm>

#include "models/tensor_core/tensor_core.h"

namespace simdse {

/// rows x columns PEs. Weight-stationary: K lies along the rows, N along the columns, and M streams
/// through. Output-stationary: M along the rows, N along the columns, K streams. Input-stationary:
/// K along the rows, M along the columns, N streams. What does not fit the array is worked off in
/// folds. Operands wait in a memory beside the rows, sums in accumulators below the columns.
///
/// Fold timing, R x C array, stream length S (cycles from the first input edge to the last output
/// edge of a whole run of F folds; closed forms of SCALE-Sim, Samajdar et al. 2018, checked against
/// a cycle-stepping array in the tests):
///   weight-/input-stationary  none   F (2R + C + S - 2) - 1
///                             drain  F (R + S) + R + C - 3
///                             full   R + sum of max(S, R) + S + R + C - 3, sum over all but the
///                             last
///   output-stationary         none   F (R + C + S - 2) - 1
///                             drain, full  sum of max(S, R) + R + C - 3
/// An output-stationary column hands its results out over one bus, a result per cycle; where folds
/// overlap, a fold shorter than the rows is padded in front to their number, or two results would
/// meet.
///
/// With `block` B a product is made in whole thread blocks, as on a GPU (NVIDIA, Matrix
/// Multiplication Background, 2023, tile and wave quantization): all tiles of a product have the
/// same size, their sides are whole multiples of B, and a tile at the edge takes the time of a
/// whole one. So an output m x n takes the folds of ceil(m / tm) up(tm) x ceil(n / tn) up(tn), with
/// tiles of tm x tn and up() to the next multiple of B. The accumulators hold as many tiles as fit,
/// down to one, whose sums must then leave before the next begins.
///
/// `sustained` is the share of the clock that is left for multiplying when a limit on the chip's
/// power lowers it: streaming and loading take as many more cycles of the nominal clock.
class Systolic : public TensorCore {
 public:
  /// What consecutive folds overlap.
  enum class Overlap {
    none,   ///< a fold starts when the one before has drained
    drain,  ///< the drain overlaps the next fold's start
    full,   ///< and stationary operands are loaded behind the running fold
  };
  enum class Dataflows { any, weight_stationary, output_stationary, input_stationary };

  struct Params {
    std::int64_t rows = 128;
    std::int64_t columns = 128;
    Dataflows dataflow = Dataflows::any;
    Overlap overlap = Overlap::full;
    std::int64_t operand_depth = 4096;
    std::int64_t accumulator_depth = 2048;
    // 0: a row of fp32 sums per cycle, which is what the array itself makes ("the matrix unit
    // produces one 256-element partial sum per clock cycle", Jouppi et al., ISCA 2017).
    BytesPerCycle drain_width = BytesPerCycle(0);
    Buffering buffering = Buffering::twofold;
    std::int64_t products_of_8_bits = 1;
    std::int64_t passes_of_32_bits = 0;
    std::int64_t block = 0;
    double sustained = 1;
    static void declare(ParamTable<Params>& table);
  };

  /// Throws InputError for blocks with another dataflow than output-stationary.
  Systolic(const Params& params, const BlockContext& context);

  std::vector<Dataflow> dataflows() const override;
  std::int64_t peak_macs_per_cycle() const override { return p_.rows * p_.columns; }
  std::vector<TileShape> tiles(Dataflow dataflow, const TileShape& whole,
                               double element_bytes) const override;
  TileTiming timing(Dataflow dataflow, const TileShape& block, const TileShape& tile,
                    std::int64_t count) const override;
  void time_tiles(Dataflow dataflow, const TileShape& whole, std::int64_t count,
                  std::vector<TimedTile>& timed) const override;
  Cycles least_body(Dataflow dataflow, const TileShape& whole, std::int64_t count) const override;
  std::int64_t output_places(std::int64_t elements) const override {
    if (p_.buffering == Buffering::single) return 1;
    return std::max<std::int64_t>(p_.block > 0 ? 1 : 2,
                                  p_.columns * p_.accumulator_depth / elements);
  }
  Buffering buffering() const override { return p_.buffering; }
  /// The technology's MAC is one of bf16 with fp32 sums, as in a TPU (Jouppi et al. 2020).
  int multiplier_bits() const override { return 16; }
  std::int64_t products_of_8_bits() const override { return p_.products_of_8_bits; }
  std::int64_t passes_of_32_bits() const override { return p_.passes_of_32_bits; }
  BytesPerCycle drain_width() const override {
    return p_.drain_width > BytesPerCycle(0) ? p_.drain_width
                                             : BytesPerCycle(4 * static_cast<double>(p_.columns));
  }
  Bytes private_memory() const override { return operand_memory() + accumulators(); }
  std::string label() const override;
  BlockCost cost(const Technology& technology) const override;

  const Params& params() const { return p_; }

 private:
  /// Of so many folds for each piece of at most `tile_stream` of an axis of length `stream`.
  TileTiming timing_of_folds(Dataflow dataflow, std::int64_t folds_per_piece, std::int64_t stream,
                             std::int64_t tile_stream) const;
  /// `operand_depth` 16-bit entries beside each row, `accumulator_depth` 32-bit ones per column.
  Bytes operand_memory() const { return Bytes(p_.rows * p_.operand_depth * 2); }
  Bytes accumulators() const { return Bytes(p_.columns * p_.accumulator_depth * 4); }

  Params p_;
  Clock clock_;
};

}  // namespace simdse
