#include "search/plan/vector_program.h"

#include <algorithm>

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
  if (whole.reductions > 0 && mapping.units <= whole.rows) {
    shape.rows = chunk_share(whole.rows, mapping, chunk);
  } else {
    // Rows that do not fit are combined across chunks; within one there is nothing to reduce yet.
    shape.columns = chunk_share(whole.elements(), mapping, chunk);
    shape.rows = 1;
    shape.reductions = 0;
  }
  return shape;
}

}  // namespace simdse
