#include "models/noc/traffic.h"

#include <algorithm>

#include "models/base/error.h"

namespace simdse {

const std::vector<std::string>& Traffic::names() {
  static const std::vector<std::string> names = {"uniform", "transpose", "hotspot"};
  return names;
}

Traffic::Traffic(const Topology& topology, Pattern pattern, double hot_share)
    : topology_(topology),
      pattern_(pattern),
      hot_share_(hot_share),
      hot_(topology.memory_port(0)),
      set_of_(static_cast<std::size_t>(topology.endpoints())) {
  for (std::int64_t source = 0; source < topology.endpoints(); ++source) {
    if (pattern == Pattern::transpose && topology.transposed(source) == Topology::kNowhere) {
      throw InputError("transposed traffic needs a square mesh: as many rows as columns");
    }
    std::vector<std::int64_t> reached;
    for (std::int64_t to = 0; to < topology.endpoints(); ++to) {
      if (topology.connects(source, to)) reached.push_back(to);
    }
    const auto known = std::find(sets_.begin(), sets_.end(), reached);
    set_of_[static_cast<std::size_t>(source)] = static_cast<std::size_t>(known - sets_.begin());
    if (known == sets_.end()) sets_.push_back(std::move(reached));
  }
}

const std::vector<std::int64_t>& Traffic::reachable(std::int64_t source) const {
  return sets_[set_of_[static_cast<std::size_t>(source)]];
}

void Traffic::for_each(std::int64_t source,
                       const std::function<void(std::int64_t, double)>& visit) const {
  if (pattern_ == Pattern::transpose) {
    visit(topology_.transposed(source), 1);
    return;
  }
  const std::vector<std::int64_t>& others = reachable(source);
  const bool is_hot = pattern_ == Pattern::hotspot && topology_.connects(source, hot_);
  const double share = (is_hot ? 1 - hot_share_ : 1.0) / static_cast<double>(others.size());
  for (const std::int64_t to : others) visit(to, share + (is_hot && to == hot_ ? hot_share_ : 0));
}

std::int64_t Traffic::draw(std::int64_t source, TrafficRandom& random) const {
  if (pattern_ == Pattern::transpose) return topology_.transposed(source);
  if (pattern_ == Pattern::hotspot && topology_.connects(source, hot_) &&
      random.fraction() < hot_share_) {
    return hot_;
  }
  const std::vector<std::int64_t>& others = reachable(source);
  return others[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(others.size())))];
}

}  // namespace simdse
