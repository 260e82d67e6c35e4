// Runs a Plan on the modules of a chip: static order, dynamic times.
#pragma once

#include <memory>
#include <vector>

#include "sim/run/buffer_occupancy.h"
#include "sim/run/region_run.h"

namespace simdse {

/// Launches each region once the regions it waits for, and those before it on its cores, are known
/// to be done. Reads no time of any estimate.
class PlanExecutor : public DispatchClient {
 public:
  /// What happened to a region.
  struct RegionTimes {
    Picoseconds launched = 0;
    Picoseconds done = 0;
  };

  PlanExecutor(const Chip& chip, const Plan& plan, ChipModule& modules, TimeService& time);

  /// Launches what waits for nothing. Call once, when the simulation starts.
  void start();

  bool finished() const { return completed_ == plan_.regions.size(); }
  Picoseconds finish_time() const { return finish_time_; }
  const BufferOccupancy& occupancy() const { return occupancy_; }
  const std::vector<RegionTimes>& region_times() const { return region_times_; }

 private:
  void launched(std::uint32_t command) override;
  void completed(std::uint32_t command) override;

  const Chip& chip_;
  const Plan& plan_;
  ChipModule& modules_;
  TimeService& time_;
  std::vector<std::vector<RegionId>> followers_;
  std::vector<std::size_t> waits_for_;
  std::vector<std::unique_ptr<RegionRun>> running_;
  std::vector<RegionTimes> region_times_;
  BufferOccupancy occupancy_;
  std::size_t completed_ = 0;
  Picoseconds finish_time_ = 0;
};

}  // namespace simdse
