// The aggregated mode of HBM: runs of bursts, timed when they arrive.
#pragma once

#include "models/core/in_step.h"
#include "models/core/recent.h"
#include "models/core/storage_core.h"
#include "models/memory/hbm.h"
#include "models/memory/hbm_channel.h"

namespace simdse {

/// Serves each transfer as runs of bursts, one run per channel, and knows the times of a run when
/// it arrives. What a run needs of its channel is reserved, first come, first served, resource by
/// resource:
///   - the data bus, for the time of the run's bursts;
///   - places for activates: tRRD_S after the one before, tRRD_L after the one before in the same
///     bank group, and no more than four within tFAW;
///   - the banks, for a row cycle tRC, and until their row may be closed: tRTP after the last read
///     command, tWR after the last written data, and then tRP;
///   - the bank groups' column paths, tCCD_L for each burst, if that is more than a burst's time.
/// A run that waits for one of these lets later runs use the others meanwhile, as reordering
/// controllers do. Commands go on while the bus is still busy with earlier runs. A run that comes
/// before its row closes for another one of the bank joins what was asked of that row and puts the
/// other one off: first ready, first come. Of each bank's rows that close the last
/// eight are known (HbmChannel::kClosingRows).
///
/// A change of direction costs the bus the turnaround: tWTR and CL between written and read data,
/// tRTW the other way. Controllers gather writes and turn once for a batch of `write_high` -
/// `write_low` of them: while reads wait as well, writes of x bytes pay x / batch of both turns,
/// and those that follow each other pay no more than both turns together. Every tREFI all channels
/// close their rows and stand still for tRFC.
///
/// A transfer that reaches every channel several times moves them in step: each works through the
/// same rows for 1 / channels of the bursts, so one channel stands for all, and the transfer ends
/// when the one with the largest share does. A smaller transfer puts its channels out of step. The
/// next one in step waits for the last of them; what they were behind is spread over all channels,
/// so that no work is lost, and rows that only they had open are forgotten.
class HbmCore : public StorageCore {
 public:
  explicit HbmCore(const Hbm& hbm);

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { channels_.observe(observer); }

 private:
  std::int64_t bursts_of(std::int64_t first, std::int64_t bytes) const;
  struct RunTimes {
    Picoseconds on_bus = 0;
    Picoseconds own = 0;
  };
  [[gnu::cold]] RunTimes times_of(double bursts) const;

  HbmTiming timing_;
  InStep<HbmChannel> channels_;
  Divisor by_count_;  ///< the number of channels
  std::size_t queue_depth_;
  std::vector<RunTimes> short_runs_;  ///< by their number of bursts
  /// What a transfer in step takes.
  struct InStepTimes {
    RunTimes mean;         ///< of a mean share
    Picoseconds more = 0;  ///< of the largest share, beyond that
  };
  Recent<InStepTimes> in_step_;  ///< by the transfer's bursts, and the bytes of its largest share
};

}  // namespace simdse
