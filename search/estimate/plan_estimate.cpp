#include "search/estimate/plan_estimate.h"

#include <algorithm>
#include <map>

#include "models/core/transfer_limits.h"

namespace simdse {
namespace {

/// Which regions each region waits for: makers of what it uses, and those before it on its cores.
class Order {
 public:
  Order(const Chip& chip, const Plan& plan) : waits_(plan.regions.size()) {
    std::vector<RegionId> tensor_last(chip.tensor_cores().size(), kNone);
    std::vector<RegionId> vector_last(chip.vector_cores().size(), kNone);
    std::vector<std::pair<RegionId, RegionId>> pairs;  // a region, and one that waits for it
    pairs.reserve(4 * plan.regions.size());
    for (const Region& region : plan.regions) {
      const auto follow = [&](RegionId before) {
        if (before == kNone || before == region.id) return;
        pairs.emplace_back(before, region.id);
        ++waits_[region.id];
      };
      for (const RegionId before : region.after) follow(before);
      const auto follow_cores = [&](std::vector<RegionId>& last,
                                    const std::vector<std::int32_t>& cores) {
        for (const std::int32_t core : cores) {
          follow(last[core]);
          last[core] = region.id;
        }
      };
      follow_cores(tensor_last, region.tensor_cores);
      follow_cores(vector_last, region.vector_cores);
    }
    begin_.resize(plan.regions.size() + 1);
    for (const auto& [before, after] : pairs) ++begin_[before + 1];
    for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    followers_.resize(pairs.size());
    std::vector<std::size_t> next(begin_.begin(), begin_.end() - 1);
    for (const auto& [before, after] : pairs) followers_[next[before]++] = after;
  }

  /// How many each waits for.
  const std::vector<std::size_t>& waits() const { return waits_; }

  /// Calls visit(follower) for each that waits for `region`, in the plan's order.
  template <class Visit>
  void for_each_follower(RegionId region, Visit&& visit) const {
    for (std::size_t i = begin_[region]; i < begin_[region + 1]; ++i) visit(followers_[i]);
  }

 private:
  std::vector<std::size_t> waits_;
  std::vector<std::size_t> begin_;  ///< of the followers of each region, and their end
  std::vector<RegionId> followers_;
};

/// Runs the regions in the plan's order, each at the speed that sharing leaves it.
class Timeline {
 public:
  Timeline(const Order& order, const std::vector<RegionEstimate>& regions, bool with_sharing)
      : order_(order),
        regions_(regions),
        with_sharing_(with_sharing),
        spans_(regions.size()),
        cause_(regions.size(), kNone),
        waits_for_(order.waits()) {}

  void run() {
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      if (order_.waits()[i] == 0) start(static_cast<RegionId>(i), kNone);
    }
    while (!running_.empty()) advance();
  }

  const std::vector<RegionSpan>& spans() const { return spans_; }
  /// The region whose end let this one start.
  RegionId cause(RegionId id) const { return cause_[id]; }
  RegionId last() const { return last_; }
  double now() const { return now_; }

 private:
  struct Running {
    RegionId id;
    std::size_t phase;
    double left;  ///< cycles of the phase at full speed
  };

  void start(RegionId id, RegionId cause) {
    spans_[id].start = now_;
    cause_[id] = cause;
    // Without sharing it does not matter when traffic comes.
    const RegionPhases& phases = regions_[id].phases;
    if (!with_sharing_) {
      running_.push_back({id, 1, regions_[id].cycles});
    } else {
      const std::size_t first = phases[0].cycles > 0 ? 0 : 1;
      running_.push_back({id, first, phases[first].cycles});
    }
  }

  void update_speeds() {
    if (!with_sharing_ || running_.size() < 2) {
      shares_.assign(running_.size(), {});
      return;
    }
    double staging = 0;
    for (const Running& running : running_) {
      staging += regions_[running.id].phases[running.phase].staged > 0;
    }
    sharers_.clear();
    for (const Running& running : running_) {
      const RegionEstimate& region = regions_[running.id];
      sharers_.push_back(sharer_of(region, region.phases[running.phase], staging));
    }
    share_speeds(sharers_, shares_);
  }

  /// `staging`: regions that divide the window of what is copied into the buffer.
  static Sharer sharer_of(const RegionEstimate& e, const RegionPhase& phase, double staging) {
    const auto response = [&](double cycles, double waits) {
      // Something is waited for once at least.
      return Response{cycles / e.cycles, std::max(waits, 1.0) / e.cycles};
    };
    Sharer sharer;
    sharer.demand[kSharedMemory] = phase.memory / phase.cycles;
    sharer.demand[kSharedBuffer] = phase.buffer / phase.cycles;
    // Blocks are copied when their phase wants them, all else is even over the region.
    const double copies = phase.staged / to_double(TransferLimits().dma_window) * staging;
    const double windows = std::max(e.core_windows, copies * e.cycles / phase.cycles);
    sharer.responses[kSharedMemory] = windows > e.with_memory.waits
                                          ? response(0, windows)
                                          : response(e.with_memory.cycles, e.with_memory.waits);
    sharer.responses[kSharedBuffer] = response(e.with_buffer.cycles, e.with_buffer.waits);
    for (std::size_t way = 0; way < kWayCount; ++way) {
      sharer.demand[kSharedWays + way] = e.way_cycles[way] / e.cycles;
      sharer.responses[kSharedWays + way] = response(e.with_way[way].cycles, e.with_way[way].waits);
    }
    return sharer;
  }

  /// Lets time pass until the next region ends.
  void advance() {
    update_speeds();
    std::size_t next = 0;
    double step = running_[0].left / shares_[0].speed;
    for (std::size_t i = 1; i < running_.size(); ++i) {
      const double until = running_[i].left / shares_[i].speed;
      if (until < step) {
        step = until;
        next = i;
      }
    }
    now_ += step;
    for (std::size_t i = 0; i < running_.size(); ++i) {
      const Share& share = shares_[i];
      running_[i].left -= step * share.speed;
      spans_[running_[i].id].lost[share.slowed_by] += step * (1 - share.speed);
    }
    if (running_[next].phase == 0) {
      running_[next].phase = 1;
      running_[next].left = regions_[running_[next].id].phases[1].cycles;
      return;
    }
    const RegionId done = running_[next].id;
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(next));
    spans_[done].finish = now_;
    last_ = done;
    order_.for_each_follower(done, [&](RegionId follower) {
      if (--waits_for_[follower] == 0) start(follower, done);
    });
  }

  const Order& order_;
  const std::vector<RegionEstimate>& regions_;
  bool with_sharing_;
  std::vector<RegionSpan> spans_;
  std::vector<RegionId> cause_;
  std::vector<std::size_t> waits_for_;
  std::vector<Running> running_;
  std::vector<Share> shares_;
  std::vector<Sharer> sharers_;
  RegionId last_ = kNone;
  double now_ = 0;
};

/// Walks back from the region that ends last along what each region waited for; the spans of this
/// chain touch, so their shares sum to the whole.
void attribute(const Timeline& timeline, PlanEstimate& estimate) {
  for (RegionId id = timeline.last(); id != kNone; id = timeline.cause(id)) {
    const RegionEstimate& region = estimate.regions[id];
    estimate.chain.push_back(id);
    const double span = estimate.spans[id].finish - estimate.spans[id].start;
    const double share = span / estimate.cycles;
    const double busy = std::min(region.bound(region.binding).cycles, region.cycles) / span;
    const auto book = [&](Resource resource, double part) {
      estimate.breakdown[static_cast<std::size_t>(resource)] += share * part;
    };
    book(region.binding, busy);
    double lost = 0;
    for (std::size_t r = 0; r < kSharedCount; ++r) {
      const double part = estimate.spans[id].lost[r] / span;
      book(kShared[r], part);
      lost += part;
    }
    estimate.breakdown[kResourceCount] += share * std::max(0.0, 1 - busy - lost);
  }
}

/// Everything that a region's estimate depends on: regions of equal keys take equally long. Cores
/// of a group are alike.
std::vector<std::int64_t> estimate_key(const Chip& chip, const Region& region) {
  std::vector<std::int64_t> key;
  key.reserve(64);
  if (region.contraction) {
    const ContractionShape& c = *region.contraction;
    const ContractionMapping& m = region.mapping;
    key = {c.batch,
           c.m,
           c.n,
           c.k,
           static_cast<std::int64_t>(m.dataflow),
           m.split.batch,
           m.split.m,
           m.split.n,
           m.split.k,
           m.tile.m,
           m.tile.n,
           m.tile.k,
           m.block.m,
           m.block.n,
           m.block.k,
           m.batch_block,
           m.panel_m,
           m.panel_n,
           m.n_is_outer,
           m.hold_outer,
           m.hold_inner,
           static_cast<std::int64_t>(chip.group_of_tensor_core(region.tensor_cores.front())),
           region.format.bits};
    for (const FollowUp& f : region.follow_ups) {
      for (const ContractionAxis axis : {f.rows, f.columns, f.sum}) {
        key.push_back(static_cast<std::int64_t>(axis));
      }
    }
    for (const TileShape& tile : m.follow_up_tiles) key.insert(key.end(), {tile.m, tile.n, tile.k});
  }
  const VectorMapping& v = region.vector_mapping;
  key.insert(key.end(), {v.parts, v.chunks, v.units, v.input_passes});
  for (const VectorShape& s : region.vector) {
    key.insert(key.end(), {s.rows, s.columns, s.alu_ops, s.special_ops, s.reductions, s.passes});
  }
  // Vector cores count by how many parts share each of them, and by their type.
  for (const std::int32_t core : region.vector_cores) {
    key.push_back(core - region.vector_cores.front());
  }
  key.push_back(region.vector_cores.empty() ? -1
                                            : static_cast<std::int64_t>(chip.group_of_vector_core(
                                                  region.vector_cores.front())));
  for (const std::vector<Operand>* operands : {&region.inputs, &region.outputs}) {
    key.push_back(-2);
    for (const Operand& operand : *operands) {
      key.insert(key.end(), {static_cast<std::int64_t>(operand.path), operand.bytes.value(),
                             operand.ring_bytes.value(), operand.bytes_per_element.numerator,
                             operand.bytes_per_element.denominator});
    }
  }
  return key;
}

/// The estimate of regions that are alike, and those of them that were asked for.
struct KnownRegion {
  RegionEstimate estimate;
  std::vector<const Region*> asked_for;

  /// True if no region with the same cores was before.
  bool ask_for(const Region& region) {
    const auto first = [](const std::vector<std::int32_t>& cores) {
      return cores.empty() ? kNone : cores.front();
    };
    for (const Region* other : asked_for) {
      if (first(other->tensor_cores) == first(region.tensor_cores) &&
          first(other->vector_cores) == first(region.vector_cores)) {
        return false;
      }
    }
    asked_for.push_back(&region);
    return true;
  }
};

}  // namespace

PlanEstimate estimate_plan(const Chip& chip, const Plan& plan, CostCalls* calls) {
  const ChipRates rates = ChipRates::of(chip);
  PlanEstimate estimate;
  estimate.regions.reserve(plan.regions.size());
  ActionCounts& actions = estimate.actions;
  actions.groups.resize(chip.design().cores.size());
  std::map<std::vector<std::int64_t>, KnownRegion> known;
  std::int64_t asked_for = 0;
  for (const Region& region : plan.regions) {
    const auto [entry, is_new] = known.try_emplace(estimate_key(chip, region));
    if (is_new) entry->second.estimate = estimate_region(chip, rates, region);
    // A region on other cores is a call of its own, which only the cores' likeness saves.
    asked_for += entry->second.ask_for(region);
    estimate.regions.push_back(entry->second.estimate);
    const RegionEstimate& e = estimate.regions.back();
    estimate.macs += static_cast<double>(e.macs);
    actions.macs += static_cast<double>(e.macs);
    actions.vector_operations += static_cast<double>(e.vector_operations);
    actions.vector_bytes += e.vector_bytes;
    // The cores of a region are of one group.
    if (!region.tensor_cores.empty()) {
      const std::int32_t core = region.tensor_cores.front();
      const FormatRate rate = chip.tensor_cores()[core]->rate(region.format).value();
      ActionCounts::Group& group = actions.groups[chip.group_of_tensor_core(core)];
      group.macs += static_cast<double>(e.macs) * rate.cycles();
    }
    if (!region.vector_cores.empty()) {
      ActionCounts::Group& group =
          actions.groups[chip.group_of_vector_core(region.vector_cores.front())];
      group.vector_operations += static_cast<double>(e.vector_operations);
      group.vector_bytes += e.vector_bytes;
    }
    actions.network_bytes += e.network_bytes;
    actions.buffer_bytes += to_double(e.bound(Resource::buffer).traffic);
    actions.memory_bytes += to_double(e.bound(Resource::memory).traffic);
  }
  count_calls(calls, asked_for);
  const Order order(chip, plan);
  Timeline timeline(order, estimate.regions, true);
  timeline.run();
  estimate.spans = timeline.spans();
  estimate.cycles = timeline.now();
  attribute(timeline, estimate);
  Timeline alone(order, estimate.regions, false);
  alone.run();
  estimate.contention_free_cycles = alone.now();
  estimate.time = Seconds(estimate.cycles / chip.clock().frequency().value());
  estimate.energy = energy_of(chip, actions, estimate.time);
  return estimate;
}

}  // namespace simdse
