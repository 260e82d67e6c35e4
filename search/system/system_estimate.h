// A distributed step on a system, estimated.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/network/interconnect.h"
#include "search/estimate/planned_estimate.h"
#include "search/system/distributed_step.h"
#include "search/system/rank_timeline.h"
#include "search/system/rank_work.h"

namespace simdse {

/// A chip with a plan for every piece of a step, and what each is estimated to take.
struct PlannedDesign {
  std::string label;  ///< tells it from the others of its search
  std::shared_ptr<const Chip> chip;
  std::vector<PlannedEstimate> pieces;
};

/// Throws InputError when a piece does not fit the chip.
std::shared_ptr<const PlannedDesign> plan_design(std::string label,
                                                 std::shared_ptr<const Chip> chip,
                                                 const DistributedStep& step);

/// The designs that the pipeline's places have: one for all, or one for each.
struct PlaceDesigns {
  std::vector<std::shared_ptr<const PlannedDesign>> designs;
  std::vector<std::size_t> of_place;  ///< by place, its design

  static PlaceDesigns common(std::shared_ptr<const PlannedDesign> design, std::int64_t places) {
    return {{std::move(design)}, std::vector<std::size_t>(static_cast<std::size_t>(places), 0)};
  }
};

/// How long compute nodes of a rank workload take when pieces take these times: by design, then by
/// piece. An update takes DistributedStep::update_share of the piece's time.
class PieceTimes {
 public:
  PieceTimes(std::vector<std::vector<Seconds>> by_design, double update_share)
      : by_design_(std::move(by_design)), update_share_(update_share) {}
  Seconds time(const RankNode& node) const;

 private:
  std::vector<std::vector<Seconds>> by_design_;
  double update_share_;
};

struct SystemEstimate {
  Seconds time;
  std::vector<RankShares> places;  ///< by pipeline place: a chip's time
};

/// Every piece takes what its plan is estimated to take, every exchange the closed form of the
/// fastest algorithm on the idle network; exchanges don't meet, but for those of one group.
SystemEstimate estimate_system(const DistributedStep& step, const Interconnect& network,
                               const PlaceDesigns& places);

}  // namespace simdse
