// Banks whose ports serve one transfer at a time each.
#pragma once

#include <boost/container/small_vector.hpp>

#include "models/buffer/buffer.h"
#include "models/core/in_step.h"
#include "models/core/recent.h"
#include "models/core/storage_core.h"

namespace simdse {

/// An access that reaches every bank several times keeps all of them busy for the same time, and
/// one stands for all; see InStep.
class BankedSramCore : public StorageCore {
 public:
  BankedSramCore(const Buffer& buffer, const Clock& clock);

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { banks_.observe(observer); }

 private:
  /// When each port of a bank has served what it took on.
  class Bank {
   public:
    explicit Bank(std::size_t ports) : free_at_(ports, 0) {}
    /// Serves an access at whichever port is free first.
    StorageSpan serve(Picoseconds earliest, Picoseconds duration);
    Picoseconds free_at() const;  ///< on average over the ports
    void delay(Picoseconds by);

   private:
    boost::container::small_vector<Picoseconds, 2> free_at_;
  };

  Clock clock_;
  InStep<Bank> banks_;
  double bank_width_;
  double cycle_;  ///< in picoseconds
  Picoseconds latency_;
  std::size_t queue_depth_;
  /// What an access in step takes.
  struct InStepTime {
    Picoseconds mean = 0;  ///< of a mean share
    Picoseconds more = 0;  ///< of the largest share, beyond that
  };
  Recent<InStepTime> in_step_;  ///< by the access' bytes, and those of its largest share
  Recent<Picoseconds> alone_;   ///< by the bytes of a share
};

}  // namespace simdse
