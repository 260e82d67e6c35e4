// The command-level mode of the HBM.
#pragma once

#include <memory>
#include <vector>

#include "models/base/timed.h"
#include "models/core/interleave.h"
#include "models/core/storage_core.h"
#include "models/memory/hbm_controller.h"

namespace simdse {

/// A controller per channel, each of which issues its commands on the edges of the command clock.
/// A transfer is answered when the last of its bursts has its place on the data bus.
class HbmCommandCore : public StorageCore,
                       public DeferredStorage,
                       public Timed,
                       private HbmController::Client {
 public:
  explicit HbmCommandCore(const Hbm& hbm);

  /// Throws std::logic_error: the times of a transfer are not known when it arrives.
  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  DeferredStorage* deferred() override { return this; }
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { observer_ = observer; }

  void attach(TimeService& time, const std::string& name, StorageClient& client) override;
  void submit(Picoseconds now, const StorageRequest& request, std::uint64_t tag) override;
  void on_time(std::uint64_t channel) override;

  /// Who is told of every command of every channel.
  void watch(DramCommandObserver* observer);

 private:
  /// A transfer that is not answered.
  struct Transfer {
    std::uint64_t tag = 0;
    std::int64_t bursts_left = 0;
    Picoseconds head = 0;
    Picoseconds tail = 0;
  };

  void burst_done(std::uint64_t index, std::int64_t begin, std::int64_t end) override;
  Picoseconds edge(std::int64_t cycle) const;
  std::int64_t next_edge(Picoseconds time) const;

  Interleave interleave_;
  std::size_t queue_depth_;
  std::int64_t burst_bytes_;
  double clock_;  ///< picoseconds
  Picoseconds t_controller_;
  std::vector<HbmController> controllers_;
  std::vector<Picoseconds> wake_at_;  ///< of each channel; kNever: not asked for
  std::vector<Transfer> transfers_;
  std::vector<std::uint64_t> free_;  ///< places in transfers_
  std::size_t running_ = 0;          ///< channel whose controller is at work
  TimeService* time_ = nullptr;
  StorageClient* client_ = nullptr;
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
