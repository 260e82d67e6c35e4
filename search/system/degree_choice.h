// Which degrees of parallelism spread a training step best over a system's chips.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "models/network/interconnect.h"
#include "search/pipeline/pipeline_memory.h"
#include "search/system/system_estimate.h"

namespace simdse {

/// What came of one way to fill in the degrees.
enum class DegreeVerdict {
  estimated,
  /// A stage needs more memory than a chip has.
  memory,
  /// They don't divide the network (heads, features, layers), the batch or the schedule.
  division,
  /// A piece of work does not fit the chip.
  chip,
};

const char* degree_verdict_name(DegreeVerdict verdict);

struct DegreeTrial {
  Parallelism parallelism;  ///< complete
  DegreeVerdict verdict = DegreeVerdict::estimated;
  double throughput = 0;  ///< samples/s of the whole system by the estimate; 0 if ruled out
  Bytes excess;           ///< verdict memory: what the largest stage lacks
  std::string reason;     ///< why it is ruled out, empty otherwise
};

struct DegreeChoice {
  std::vector<DegreeTrial> trials;  ///< in the order of fill_in_degrees
  std::size_t best = 0;             ///< of `trials`

  const DegreeTrial& chosen() const { return trials[best]; }
  std::size_t count(DegreeVerdict verdict) const;
};

/// Estimates every way to fill in the degrees of `wanted` that are auto, all chips being `chip` and
/// `microbatch` the workload of one microbatch; stages may need `capacity` of memory, which is no
/// more than the chip has. The best is the fastest; of equals, the one with the least tensor, then
/// pipeline parallelism. Throws InputError when none is possible, with what rules out the one that
/// is nearest: of least lack of memory, if memory is what lacks.
DegreeChoice choose_degrees(const Workload& microbatch, const Parallelism& wanted,
                            const std::shared_ptr<const Chip>& chip, const Interconnect& network,
                            Bytes capacity);

}  // namespace simdse
