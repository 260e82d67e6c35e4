#include "search/mapping/vector_mapper.h"

#include <algorithm>

namespace simdse {

VectorMapping map_vector(const VectorCore& core, const std::vector<VectorShape>& chain, Bytes bytes,
                         std::int64_t parts) {
  constexpr std::int64_t max_chunk_bytes = 1024 * 1024;
  const bool is_serial = core.buffering() == Buffering::single;
  // A part has enough chunks for loads and stores to hide behind each other.
  const std::int64_t min_chunks_per_part = is_serial ? 1 : 8;
  const auto places = static_cast<std::int64_t>(operand_places(core.buffering()));
  const std::int64_t chunk_bytes =
      std::min(max_chunk_bytes, core.private_memory().value() / places);

  VectorMapping mapping;
  mapping.parts = parts;
  mapping.units = chain.front().elements();
  int passes = 1;
  for (const VectorShape& shape : chain) {
    passes = std::max(passes, shape.passes);
    if (shape.reductions > 0) mapping.units = std::min(mapping.units, shape.rows);
  }
  if (bytes.value() / std::max<std::int64_t>(mapping.units, 1) > chunk_bytes) {
    mapping.units = chain.front().elements();
    mapping.input_passes = passes;
  }
  const std::int64_t wanted =
      std::max(ceil_div(bytes.value(), chunk_bytes), parts * min_chunks_per_part);
  mapping.chunks = std::clamp<std::int64_t>(round_up(wanted, parts), 1, mapping.units);
  mapping.parts = std::min(parts, mapping.chunks);
  return mapping;
}

}  // namespace simdse
