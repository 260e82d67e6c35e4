#include "search/plan/vector_program.h"

#include <algorithm>

#include "search/plan/chunk_shares.h"

namespace simdse {
namespace {

__extension__ typedef __int128 Wide;

/// floor(total * part / whole) without overflow: tensors of 2^40 bytes times 2^40 elements occur.
std::int64_t scaled(std::int64_t total, std::int64_t part, std::int64_t whole) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(total, part, &product)) return product / whole;
  return static_cast<std::int64_t>(static_cast<Wide>(total) * part / whole);
}

}  // namespace

ChunkRange part_chunks(const VectorMapping& mapping, std::int64_t part) {
  const std::int64_t each = mapping.chunks / mapping.parts;
  const std::int64_t more = mapping.chunks % mapping.parts;
  return {part * each + std::min(part, more), (part + 1) * each + std::min(part + 1, more)};
}

std::int64_t chunk_share(std::int64_t total, const VectorMapping& mapping, std::int64_t chunk) {
  // Chunk borders lie on whole units; what is shared follows the units.
  const std::int64_t begin = scaled(mapping.units, chunk, mapping.chunks);
  const std::int64_t end = scaled(mapping.units, chunk + 1, mapping.chunks);
  return scaled(total, end, mapping.units) - scaled(total, begin, mapping.units);
}

VectorShape chunk_shape(const VectorShape& whole, const VectorMapping& mapping,
                        std::int64_t chunk) {
  VectorShape shape = whole;
  cut_to_share(shape, mapping, chunk_share(shared_total(whole, mapping), mapping, chunk));
  return shape;
}

namespace {
bool shares_rows(const VectorShape& whole, const VectorMapping& mapping) {
  return whole.reductions > 0 && mapping.units <= whole.rows;
}
}  // namespace

std::int64_t shared_total(const VectorShape& whole, const VectorMapping& mapping) {
  return shares_rows(whole, mapping) ? whole.rows : whole.elements();
}

void cut_to_share(VectorShape& shape, const VectorMapping& mapping, std::int64_t share) {
  if (shares_rows(shape, mapping)) {
    shape.rows = share;
  } else {
    // Rows that do not fit are combined across chunks; within one there is nothing to reduce yet.
    shape.columns = share;
    shape.rows = 1;
    shape.reductions = 0;
  }
}

void ChunkShares::begin(const VectorMapping& mapping, std::int64_t chunk) {
  mapping_ = mapping;
  chunk_ = chunk;
  const std::int64_t units = scaled(mapping.units, chunk, mapping.chunks);
  for (Counter& counter : counters_) {
    counter.end = scaled(counter.total, units, mapping.units);
    counter.share = -1;
  }
  --chunk_;
  next();
}

bool ChunkShares::next() {
  ++chunk_;
  const std::int64_t units = scaled(mapping_.units, chunk_ + 1, mapping_.chunks);
  bool are_same = true;
  std::int64_t known_total = -1;
  std::int64_t known_end = 0;
  for (Counter& counter : counters_) {
    // Operands of one chain are mostly of equal size.
    if (counter.total != known_total) {
      known_total = counter.total;
      known_end = scaled(known_total, units, mapping_.units);
    }
    const std::int64_t share = known_end - counter.end;
    counter.end = known_end;
    are_same &= share == counter.share;
    counter.share = share;
  }
  return are_same;
}

}  // namespace simdse
