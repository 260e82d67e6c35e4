// The kind "vector_core": a core for everything that is not a matrix product.
#pragma once

#include <string>

#include "models/base/block.h"
#include "models/core/buffering.h"
#include "models/core/tile_timing.h"
#include "workloads/operator.h"

namespace simdse {

class VectorCore : public Block {
 public:
  /// Timing of one tile of a vector operator whose data is in the private memory.
  virtual TileTiming timing(const VectorShape& tile) const = 0;

  /// Plain instructions per cycle when every lane works.
  virtual std::int64_t peak_operations_per_cycle() const = 0;

  /// Private memory: half of it holds the tile in use, half the one being moved; all of it the tile
  /// in use where buffering is single.
  virtual Bytes private_memory() const = 0;

  /// Whether operands and results move while the core works.
  virtual Buffering buffering() const { return Buffering::twofold; }

  /// "v1024": for tables.
  virtual std::string label() const = 0;
};

}  // namespace simdse
