// A distributed step on a system, estimated.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "models/network/interconnect.h"
#include "search/estimate/planned_estimate.h"
#include "search/system/distributed_step.h"
#include "search/system/rank_timeline.h"
#include "search/system/rank_work.h"

namespace simdse {

/// The plan and the estimate of every piece of a step on one chip, by piece. Throws InputError when
/// a piece does not fit the chip.
std::vector<PlannedEstimate> plan_pieces(const Chip& chip, const DistributedStep& step);

/// How long compute nodes of a rank workload take when pieces take these times: by design (see
/// make_rank_workload), then by piece. An update that a data-parallel group shares out takes its
/// part of the piece's time.
class PieceTimes {
 public:
  PieceTimes(std::vector<std::vector<Seconds>> by_design, std::int64_t data)
      : by_design_(std::move(by_design)), data_(data) {}
  Seconds time(const RankNode& node) const;

 private:
  std::vector<std::vector<Seconds>> by_design_;
  std::int64_t data_;
};

struct SystemEstimate {
  Seconds time;
  std::vector<RankShares> places;  ///< by pipeline place
};

/// Every exchange takes the closed form of the fastest algorithm on the idle network; exchanges
/// don't meet, but for those of one group.
SystemEstimate estimate_system(const DistributedStep& step, const Interconnect& network,
                               const PieceTimes& pieces,
                               const std::vector<std::size_t>& design_of_place);

}  // namespace simdse
