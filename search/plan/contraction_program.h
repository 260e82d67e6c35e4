// The tile program of one contraction: how it is cut, in which order the pieces run, and what each
// step moves. Estimate, simulation and validator walk the same program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "models/tensor_core/tensor_core.h"
#include "workloads/operator.h"

namespace simdse {

/// Into how many parts a contraction is divided along each axis, 1 leaving it whole. Every part has
/// a core of its own. Parts are numbered with k running fastest, then n, m and the batch; along an
/// axis all are of equal size, but for the last, which may be smaller.
///
/// Parts that differ only in their place along n read the same part of A, those that differ only
/// along m the same part of B: in a grid of m x n, rows share A and columns B. Blocks that they
/// fetch through the buffer pass one ring, which the first of them keeps filled.
struct Split {
  std::int64_t batch = 1;
  std::int64_t m = 1;
  std::int64_t n = 1;
  std::int64_t k = 1;

  std::int64_t parts() const { return batch * m * n * k; }

  /// Place of a part in the grid: along each axis from 0.
  Split place_of(std::int64_t part) const;

  /// How many parts use the same blocks of input `operand` (0 A, 1 B) ...
  std::int64_t sharers(std::size_t operand) const { return operand == 0 ? n : m; }
  bool is_shared(std::size_t operand) const { return sharers(operand) > 1; }
  /// ... how many such groups there are, and with them rings, and to which of them a part belongs.
  std::int64_t rings(std::size_t operand) const { return parts() / sharers(operand); }
  std::int64_t ring_of(std::size_t operand, std::int64_t part) const;
  /// Which of the group's parts it is; number 0 fetches for all.
  std::int64_t rank_of(std::size_t operand, std::int64_t part) const;

  friend bool operator==(const Split& x, const Split& y) {
    return x.batch == y.batch && x.m == y.m && x.n == y.n && x.k == y.k;
  }
};

/// "m split over 4 cores", "m x n split over 16 x 27 cores", "one core".
std::string split_text(const Split& split);

/// How a contraction is cut. Sizes nest: a core's private memory holds tiles; a step works on a
/// block of tiles; the global buffer holds panels of blocks.
///
/// Loops of one part, outermost first:
///   batch (by batch_block) > panels of the outer axis > panels of the inner axis
///     > blocks of the panel pair, outer axis first > k (by block.k)
/// where the outer axis is m, or n if `n_is_outer`. Sums stay in the accumulators over k, so the
/// product is stored once, after the last step of its k loop.
struct ContractionMapping {
  Dataflow dataflow = Dataflow::weight_stationary;
  Split split;
  TileShape tile;
  TileShape block;
  std::int64_t batch_block = 1;
  std::int64_t panel_m = 1;
  std::int64_t panel_n = 1;
  bool n_is_outer = false;
  /// The operand of the outer axis (A, or B if n is outer) stays in the buffer while the inner
  /// panels pass; else it is fetched again for each.
  bool hold_outer = true;
  /// The operand of the inner axis (B, or A if n is outer) stays in the buffer whole, so that it is
  /// fetched once instead of once per outer panel.
  bool hold_inner = false;
  /// How the products that follow on each block are tiled; one for each of the region's follow-ups.
  std::vector<TileShape> follow_up_tiles;
};

/// Sizes of a follow-up on a block of the contraction.
TileShape follow_up_shape(const FollowUp& follow_up, const TileShape& block);

/// What one part (one core's share) computes. Parts differ only in raggedness.
ContractionShape part_shape(const ContractionShape& whole, const Split& split, std::int64_t part);

/// True if products that follow on the blocks of a part find all that they sum up in it.
bool allows_follow_ups(const Split& split, const std::vector<FollowUp>& follow_ups);

/// True if no part is empty.
bool fills_all_parts(const ContractionShape& whole, const Split& split);

/// True if parts that share a ring fetch the same blocks through it. They don't where an operand is
/// fetched again for each panel of the axis that divides its sharers and the last part is so much
/// smaller that it has fewer panels.
bool sharers_agree(const ContractionShape& whole, const ContractionMapping& mapping);

/// One step: a block of tiles, and what must be moved for it.
struct ContractionStep {
  std::int64_t batch = 1;
  TileShape block;
  bool load_a = true;  ///< A's block is not in the core's private memory yet
  bool load_b = true;
  bool stage_a = true;  ///< first use of A's block since it was last fetched from memory
  bool stage_b = true;
  bool release_a = true;  ///< last use of A's block before its place in the buffer is reused
  bool release_b = true;
  bool first_k = true;
  bool last_k = true;
  bool first_m = true;  ///< the block begins the part's axis m; n: the same for n
  bool first_n = true;
  bool last_m = true;
  bool last_n = true;
  /// Elements of A and B that enter the private memory, counting those that enter repeatedly.
  std::int64_t a_loaded = 0;
  std::int64_t b_loaded = 0;
  /// Where the blocks begin, in elements of the part's operands, which are stored block by block.
  std::int64_t a_offset = 0;
  std::int64_t b_offset = 0;
  std::int64_t c_offset = 0;

  std::int64_t a_elements() const { return batch * block.m * block.k; }
  std::int64_t b_elements() const { return batch * block.k * block.n; }
  std::int64_t c_elements() const { return batch * block.m * block.n; }
  std::int64_t macs() const { return batch * block.macs(); }
};

/// Walks the steps of one part in order.
///
/// Example:
///   for (ContractionCursor at(shape, mapping); !at.done(); at.next()) use(at.step());
class ContractionCursor {
 public:
  ContractionCursor(const ContractionShape& part, const ContractionMapping& mapping);

  bool done() const { return done_; }
  const ContractionStep& step() const { return step_; }
  void next();

  std::int64_t step_count() const;

 private:
  /// One loop over `size` in pieces of `piece`.
  struct Loop {
    Loop() = default;
    Loop(std::int64_t whole_size, std::int64_t piece_size)
        : size(whole_size), piece(piece_size), pieces(ceil_div(size, piece)) {}

    std::int64_t size = 1;
    std::int64_t piece = 1;
    std::int64_t pieces = 1;
    std::int64_t at = 0;

    std::int64_t count() const { return pieces; }
    std::int64_t begin() const { return at * piece; }
    std::int64_t extent() const { return std::min(piece, size - begin()); }
    bool is_first() const { return at == 0; }
    bool is_last() const { return at + 1 == pieces; }
  };

  void enter_panels();
  void describe();

  ContractionShape part_;
  ContractionMapping mapping_;
  Loop batch_;
  Loop outer_panel_;
  Loop inner_panel_;
  Loop outer_block_;
  Loop inner_block_;
  Loop k_;
  ContractionStep step_;
  /// Tiles of the step's block along each axis.
  std::int64_t tiles_m_ = 0;
  std::int64_t tiles_n_ = 0;
  std::int64_t tiles_k_ = 0;
  bool done_ = false;
  bool a_changed_ = true;
  bool b_changed_ = true;
};

}  // namespace simdse
