// Banks whose ports serve one transfer at a time each.
#pragma once

#include <boost/container/small_vector.hpp>
#include <vector>

#include "models/buffer/buffer.h"
#include "models/core/in_step.h"
#include "models/core/interleave.h"
#include "models/core/storage_core.h"

namespace simdse {

/// An access that reaches every bank several times keeps all of them busy for the same time, and
/// one stands for all; see InStep.
class BankedSramCore : public StorageCore {
 public:
  BankedSramCore(const Buffer& buffer, const Clock& clock);

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override;
  std::size_t queue_depth() const override { return queue_depth_; }
  void observe(OccupancyObserver* observer) override { observer_ = observer; }

 private:
  /// Turns of all banks that an access must make to move them in step. With fewer, their shares
  /// differ too much: tests/tlm/buffer_test.cpp prints the error against banks one by one, up to
  /// 2.1 % of the time of small and large accesses mixed at random, and 3.8 % with two ports, where
  /// a delay of one port is put on both.
  static constexpr std::int64_t kTurnsInStep = 4;

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

  StorageSpan serve_in_step(Picoseconds earliest, const StorageRequest& request);
  StorageSpan serve_alone(Picoseconds earliest, const StorageRequest& request);

  Clock clock_;
  Interleave interleave_;
  std::int64_t least_in_step_;  ///< bytes
  InStep<Bank> banks_;
  double bank_width_;
  double cycle_;  ///< in picoseconds
  Picoseconds latency_;
  std::size_t queue_depth_;
  OccupancyObserver* observer_ = nullptr;
};

}  // namespace simdse
