#include "search/mapping/operand_moves.h"

#include <cmath>

namespace simdse {

OperandMoves::OperandMoves(const ContractionShape& part, const ContractionMapping& mapping,
                           bool is_a, const Ratio& bytes_per_element, bool is_serial) {
  const std::size_t operand = is_a ? 0 : 1;
  const std::int64_t own = is_a ? part.m : part.n;
  const std::int64_t other = is_a ? part.n : part.m;
  const std::int64_t own_block = is_a ? mapping.block.m : mapping.block.n;
  const std::int64_t other_block = is_a ? mapping.block.n : mapping.block.m;
  is_shared_ = mapping.split.is_shared(operand);
  is_single_tile_ =
      mapping.batch_block == 1 && mapping.block == mapping.tile && mapping.block.k == part.k;
  copies_ = static_cast<double>(mapping.split.rings(operand));
  parts_ = static_cast<double>(mapping.split.parts());
  // Two blocks more are on their way in, unless everything is there already or nothing is fetched
  // ahead.
  ahead_ = is_serial ? 0 : 2;
  const auto batches = static_cast<double>(part.batch) / static_cast<double>(mapping.batch_block);
  whole_ = static_cast<double>(mapping.batch_block * own * part.k) * value_of(bytes_per_element) *
           batches;
  block_ = static_cast<double>(
      bytes_per_element.times(mapping.batch_block * own_block * mapping.block.k));
  own_blocks_ = ceil_div(own, own_block);
  other_blocks_ = ceil_div(other, other_block);
  k_blocks_ = ceil_div(part.k, mapping.block.k);
  all_blocks_ = static_cast<double>(own_blocks_ * k_blocks_) * std::ceil(batches);
}

}  // namespace simdse
