// How a block asks to be called at a time, without knowing who keeps the queue. This is all that
// the plain C++ cores of modules know of the simulation kernel.
#pragma once

#include <cstdint>
#include <string>

#include "models/base/clock.h"

namespace simdse {

/// Order of what happens at one instant: everything arrives before anything is decided, and
/// decisions follow the way of a transfer from core to memory and back.
enum class Stage : std::uint8_t { arrival, request_network, storage, response_network, completion };

/// Something that can be called at a time.
class Timed {
 public:
  virtual ~Timed() = default;
  virtual void on_time(std::uint64_t token) = 0;

  /// Place of this block among those that are called in one stage of one instant: by hierarchical
  /// name, so that the order in which blocks were built does not matter.
  std::uint32_t rank = 0;
};

class TimeService {
 public:
  virtual ~TimeService() = default;
  /// The time of the call-back being delivered; between call-backs, whatever the service's is.
  Picoseconds now() const { return is_delivering_ ? instant_ : time_between(); }
  /// Calls `target.on_time(token)` at `time` (not before now) in `stage`.
  virtual void call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) = 0;
  /// Announces a block that will ask for calls, under its hierarchical name.
  virtual void join(Timed& block, const std::string& name) = 0;

 protected:
  /// Call-backs that are delivered from now on are of the instant `time`. Blocks ask for it all the
  /// time, so it is known without a virtual call.
  void begin_instant(Picoseconds time) {
    instant_ = time;
    is_delivering_ = true;
  }
  void end_delivery() { is_delivering_ = false; }
  bool is_delivering() const { return is_delivering_; }
  Picoseconds instant() const { return instant_; }
  virtual Picoseconds time_between() const = 0;

 private:
  Picoseconds instant_ = 0;
  bool is_delivering_ = false;
};

}  // namespace simdse
