// A load of small and large transfers on a storage's core.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "models/core/storage_core.h"

namespace simdse {

struct LoadTimes {
  Picoseconds end = 0;      ///< of all transfers
  double mean_latency = 0;  ///< in picoseconds
};

/// Transfers of sizes from 64 B to `largest`, as many at a time as `in_flight`, some of them
/// writes: each of eight streams goes on where it left off, with odd ends.
inline LoadTimes mixed_load(StorageCore& core, std::uint64_t seed, std::int64_t largest,
                            int in_flight) {
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> at(8);
  for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<std::int64_t>(i) << 24;
  std::priority_queue<Picoseconds, std::vector<Picoseconds>, std::greater<>> ends;
  LoadTimes times;
  constexpr int transfers = 4000;
  Picoseconds now = 0;
  for (int i = 0; i < transfers; ++i) {
    const std::size_t stream = random() % at.size();
    const double magnitude = static_cast<double>(random() % 1000) / 1000;
    const auto bytes =
        static_cast<std::int64_t>(64 * std::pow(static_cast<double>(largest) / 64, magnitude));
    if (static_cast<int>(ends.size()) == in_flight) {
      now = std::max(now, ends.top());
      ends.pop();
    }
    const StorageSpan span = core.serve(now, {stream < 3, at[stream], bytes});
    at[stream] += bytes + static_cast<std::int64_t>(random() % 3) * 192;
    ends.push(span.tail);
    times.end = std::max(times.end, span.tail);
    times.mean_latency += static_cast<double>(span.tail - now) / transfers;
  }
  return times;
}

}  // namespace simdse
