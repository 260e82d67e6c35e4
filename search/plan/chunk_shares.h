// Shares of the chunks of a vector chain, chunk after chunk.
#pragma once

#include <cstdint>
#include <vector>

#include "search/plan/vector_program.h"

namespace simdse {

/// What chunk_share() says of several totals, for one chunk after the other: where one ends the
/// next begins, so that every border is worked out once.
class ChunkShares {
 public:
  void reserve(std::size_t totals) { counters_.reserve(totals); }
  /// Adds a total that is shared; returns its index. All are added before begin().
  std::size_t add(std::int64_t total) {
    counters_.push_back({total, 0, 0});
    return counters_.size() - 1;
  }
  /// Goes to `chunk`.
  void begin(const VectorMapping& mapping, std::int64_t chunk);
  /// Goes to the next chunk. True if its shares are those of the chunk before.
  bool next();

  std::int64_t share(std::size_t index) const { return counters_[index].share; }

 private:
  struct Counter {
    std::int64_t total = 0;
    std::int64_t end = 0;  ///< of the chunk's share, counted from the first chunk
    std::int64_t share = 0;
  };

  VectorMapping mapping_;
  std::int64_t chunk_ = 0;
  std::vector<Counter> counters_;
};

/// The total of an operator's work that chunks share: its rows, or its elements if rows do not fit.
std::int64_t shared_total(const VectorShape& whole, const VectorMapping& mapping);

/// Makes of an operator's work the part that is `share` of its shared total.
void cut_to_share(VectorShape& shape, const VectorMapping& mapping, std::int64_t share);

}  // namespace simdse
