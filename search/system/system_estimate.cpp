#include "search/system/system_estimate.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "models/network/collective.h"

namespace simdse {
namespace {

/// Closed forms of exchanges, each worked out once.
class ExchangeTimes {
 public:
  explicit ExchangeTimes(const Interconnect& network) : network_(network) {}

  Seconds collective(CollectiveOp op, Bytes before, std::size_t group,
                     const std::vector<std::int32_t>& members) {
    if (members.size() < 2) return Seconds(0);
    const auto [place, is_new] = collectives_.try_emplace({op, before.value(), group});
    if (is_new) {
      CollectiveRequest request;
      request.op = op;
      request.bytes = largest_side(op, before, members.size());
      request.group = members;
      request.algorithm = fastest_algorithm(network_, op, request.bytes, members);
      place->second = collective_time(network_, request);
    }
    return place->second;
  }

  Seconds message(std::int32_t from, std::int32_t to, Bytes bytes) {
    std::vector<Hop> hops;
    network_.route(from, to, RingWay::even, hops);
    Seconds slowest;
    for (const Hop& hop : hops) {
      const Line& line = network_.lines()[static_cast<std::size_t>(hop.line)];
      slowest = std::max(slowest, bytes / line.bandwidth);
    }
    return network_.latency(hops) + slowest;
  }

 private:
  const Interconnect& network_;
  std::map<std::tuple<CollectiveOp, std::int64_t, std::size_t>, Seconds> collectives_;
};

}  // namespace

std::shared_ptr<const PlannedDesign> plan_design(std::string label,
                                                 std::shared_ptr<const Chip> chip,
                                                 const DistributedStep& step) {
  auto result = std::make_shared<PlannedDesign>();
  for (const TaskGraph& tasks : step.tasks()) {
    result->pieces.push_back(plan_and_estimate(*chip, tasks));
  }
  result->label = std::move(label);
  result->chip = std::move(chip);
  return result;
}

Seconds PieceTimes::time(const RankNode& node) const {
  const auto number = static_cast<std::size_t>(node.work.piece);
  const std::size_t pieces = by_design_.front().size();
  const Seconds whole = by_design_[number / (2 * pieces)][number % pieces];
  const bool is_update = number / pieces % 2 == 1;
  return is_update ? whole * update_share_ : whole;
}

SystemEstimate estimate_system(const DistributedStep& step, const Interconnect& network,
                               const PlaceDesigns& places) {
  std::vector<std::vector<Seconds>> times;
  for (const auto& design : places.designs) {
    times.emplace_back();
    for (const PlannedEstimate& piece : design->pieces) {
      times.back().push_back(piece.estimate.time);
    }
  }
  const PieceTimes pieces(std::move(times), step.update_share());
  const RankWorkload work = make_rank_workload(step, RankScope::one_per_place, places.of_place);
  ExchangeTimes exchanges(network);
  const RankTimeline timeline = run_on_paper(work.programs, [&](RankNodeId id) {
    const RankNode& node = work.programs.node(id);
    if (node.action == RankAction::compute) return pieces.time(node);
    if (node.action == RankAction::send) {
      return exchanges.message(id.rank, node.peer, node.bytes);
    }
    const auto group = static_cast<std::size_t>(node.group);
    return exchanges.collective(node.op, node.bytes, group, work.members[group]);
  });
  SystemEstimate estimate;
  estimate.time = timeline.time;
  for (std::int64_t place = 0; place < step.parallelism().pipeline; ++place) {
    const auto chip = static_cast<std::size_t>(chip_number(step.parallelism(), 0, 0, place));
    estimate.places.push_back(timeline.shares[chip]);
  }
  return estimate;
}

}  // namespace simdse
