// Bandwidth shared by regions that run at the same time: the first-order term of contention.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace simdse {

/// What regions share on a chip.
constexpr std::size_t kSharedCount = 3;  ///< memory, buffer, network

/// Share of each shared resource that a region takes when it runs at its own full speed.
using Demand = std::array<double, kSharedCount>;

/// Speeds (1 = as if alone) at which regions with these demands run side by side. Whoever asks for
/// less than its fair share of a resource gets all it asks for; the others divide the rest equally.
/// That is what queues served first come, first served give to initiators with equal windows: one
/// that seldom asks seldom waits long. With several resources: every region runs at full speed or
/// is among the largest users of a resource that is fully used (bottleneck max fairness: Bonald and
/// Roberts, Multi-resource fairness, SIGMETRICS 2015; with one resource it is max-min fairness,
/// Bertsekas and Gallager, Data Networks, 6.5).
void share_speeds(const std::vector<Demand>& demands, std::vector<double>& speeds);

}  // namespace simdse
