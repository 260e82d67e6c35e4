// How the operands of a mapped contraction move between memory, buffer and cores.
#pragma once

#include "search/plan/plan.h"

namespace simdse {

inline double value_of(const Ratio& ratio) {
  return static_cast<double>(ratio.numerator) / static_cast<double>(ratio.denominator);
}

/// How one operand moves; bytes of all parts together.
struct Movement {
  Path path = Path::direct;
  double ring = 0;    ///< in the buffer, while the region runs
  double memory = 0;  ///< from memory
  double buffer = 0;  ///< in and out of the buffer
};

/// An axis of a part, cut into panels of blocks.
struct PanelledAxis {
  std::int64_t panel = 1;   ///< size of a panel
  std::int64_t panels = 1;  ///< of the axis
  std::int64_t blocks = 1;  ///< of a panel

  static PanelledAxis of(std::int64_t size, std::int64_t panel, std::int64_t block) {
    return {panel, ceil_div(size, panel), ceil_div(panel, block)};
  }
};

/// One operand of a contraction whose split and blocks are chosen, for every choice of panels and
/// of what is held in the buffer (see ContractionMapping).
class OperandMoves {
 public:
  /// `is_a`: operand A of `part`, else B. `mapping`: split, tile, block and batch_block matter.
  /// `is_serial`: nothing is fetched ahead.
  OperandMoves(const ContractionShape& part, const ContractionMapping& mapping, bool is_a,
               const Ratio& bytes_per_element, bool is_serial);

  /// `is_outer`: the operand moves with the outer panels. `own` and `other` are the operand's own
  /// axis and the one it is reused along. `is_held`: it is fetched once, else once for each panel
  /// of the other axis.
  Movement move(const PanelledAxis& own, const PanelledAxis& other, bool is_outer,
                bool is_held) const {
    // Loads of a block between fetch and release. One of the outer axis that is a single tile stays
    // in the core's memory while the inner panel's blocks pass.
    const bool stays = is_outer && is_single_tile_;
    const std::int64_t all_uses = stays ? other.panels : other_blocks_;
    const std::int64_t uses = is_held ? all_uses : stays ? 1 : other.blocks;
    Movement result;
    result.memory = memory(other, is_held);
    if (uses == 1 && !is_shared_) return result;
    result.path = Path::staged;
    double live = 1;
    if (uses > 1) {
      live = static_cast<double>((is_outer || !is_held ? own.blocks : own_blocks_) * k_blocks_);
    }
    result.ring = std::min(live + ahead_, all_blocks_) * block_ * copies_;
    result.buffer = result.memory + whole_ * static_cast<double>(all_uses) * parts_;
    return result;
  }

  /// `memory` of the same.
  double memory(const PanelledAxis& other, bool is_held) const {
    const double fetches = is_held ? 1 : static_cast<double>(other.panels);
    return whole_ * fetches * copies_;
  }

  /// Of any movement: none has fewer bytes from memory.
  double least_memory() const { return whole_ * copies_; }

 private:
  bool is_shared_;
  bool is_single_tile_;
  double copies_;  ///< rings
  double parts_;
  double ahead_;               ///< blocks on their way in beside those in use
  double whole_;               ///< bytes of the operand in one part
  double block_;               ///< bytes of one block, rounded up as it will lie in the ring
  double all_blocks_;          ///< that pass the ring
  std::int64_t own_blocks_;    ///< along the own axis
  std::int64_t other_blocks_;  ///< along the other
  std::int64_t k_blocks_;
};

}  // namespace simdse
