// The tile program of one contraction: how it is cut, in which order the pieces run, and what each
// step moves. Estimate, simulation and validator walk the same program.
#pragma once

#include <cstdint>
#include <vector>

#include "models/tensor_core/tensor_core.h"
#include "workloads/operator.h"

namespace simdse {

/// The axis along which a contraction is divided over cores.
enum class SplitAxis { none, batch, m, n, k };

const char* split_name(SplitAxis axis);

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
  SplitAxis split = SplitAxis::none;
  std::int64_t parts = 1;
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
ContractionShape part_shape(const ContractionShape& whole, const ContractionMapping& mapping,
                            std::int64_t part);

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
    std::int64_t size = 1;
    std::int64_t piece = 1;
    std::int64_t at = 0;

    std::int64_t count() const { return ceil_div(size, piece); }
    std::int64_t begin() const { return at * piece; }
    std::int64_t extent() const { return std::min(piece, size - begin()); }
    bool is_first() const { return at == 0; }
    bool is_last() const { return at + 1 == count(); }
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
  bool done_ = false;
  bool a_changed_ = true;
  bool b_changed_ = true;
};

}  // namespace simdse
