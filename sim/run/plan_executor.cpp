#include "sim/run/plan_executor.h"

#include <algorithm>

namespace simdse {

PlanExecutor::PlanExecutor(const Chip& chip, const Plan& plan, ChipModule& modules,
                           TimeService& time)
    : chip_(chip),
      plan_(plan),
      modules_(modules),
      time_(time),
      followers_(plan.regions.size()),
      waits_for_(plan.regions.size()),
      running_(plan.regions.size()),
      region_times_(plan.regions.size()),
      occupancy_(chip, plan) {
  modules_.dispatcher().set_client(*this);
  std::vector<RegionId> tensor_last(chip.tensor_cores().size(), kNone);
  std::vector<RegionId> vector_last(chip.vector_cores().size(), kNone);
  for (const Region& region : plan.regions) {
    std::vector<RegionId> before = region.after;
    const auto take = [&](std::vector<RegionId>& last, const std::vector<std::int32_t>& cores) {
      for (const std::int32_t core : cores) {
        if (last[core] != kNone && last[core] != region.id) before.push_back(last[core]);
        last[core] = region.id;
      }
    };
    take(tensor_last, region.tensor_cores);
    take(vector_last, region.vector_cores);
    std::sort(before.begin(), before.end());
    before.erase(std::unique(before.begin(), before.end()), before.end());
    waits_for_[region.id] = before.size();
    for (const RegionId id : before) followers_[id].push_back(region.id);
  }
}

void PlanExecutor::start() {
  for (const Region& region : plan_.regions) {
    if (waits_for_[region.id] == 0) {
      modules_.dispatcher().launch(static_cast<std::uint32_t>(region.id));
    }
  }
}

void PlanExecutor::launched(std::uint32_t command) {
  region_times_[command].launched = time_.now();
  occupancy_.launched(static_cast<RegionId>(command));
  running_[command] =
      std::make_unique<RegionRun>(chip_, plan_.regions[command], modules_, [this](RegionId id) {
        region_times_[id].done = time_.now();
        occupancy_.done(id);
        modules_.dispatcher().complete(static_cast<std::uint32_t>(id));
      });
  running_[command]->start();
}

void PlanExecutor::completed(std::uint32_t command) {
  running_[command].reset();
  ++completed_;
  finish_time_ = std::max(finish_time_, time_.now());
  for (const RegionId next : followers_[command]) {
    if (--waits_for_[next] == 0) modules_.dispatcher().launch(static_cast<std::uint32_t>(next));
  }
}

}  // namespace simdse
