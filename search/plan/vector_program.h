// The tile program of a chain of vector operators: chunks of rows, each loaded, worked on and
// stored.
#pragma once

#include <cstdint>
#include <vector>

#include "models/base/units.h"
#include "workloads/operator.h"

namespace simdse {

/// How a chain is cut: into parts (one per core) of chunks, as equal in number as can be. A chunk
/// is a share of `units`: rows if an operator of the chain reduces its rows, else elements.
struct VectorMapping {
  std::int64_t parts = 1;
  std::int64_t chunks = 1;  ///< of all parts together
  std::int64_t units = 1;
  /// Times that the inputs are read because a row does not fit the private memory.
  std::int64_t input_passes = 1;
};

/// Chunks `first` to `last` - 1 belong to one part.
struct ChunkRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

/// What does not divide goes to the first parts: no part has more chunks than part 0.
ChunkRange part_chunks(const VectorMapping& mapping, std::int64_t part);

/// The share of `total` that chunk `chunk` gets: shares of all chunks sum to `total` exactly.
std::int64_t chunk_share(std::int64_t total, const VectorMapping& mapping, std::int64_t chunk);

/// The part of an operator's work that falls into one chunk.
VectorShape chunk_shape(const VectorShape& whole, const VectorMapping& mapping, std::int64_t chunk);

}  // namespace simdse
