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
  virtual Picoseconds now() const = 0;
  /// Calls `target.on_time(token)` at `time` (not before now) in `stage`.
  virtual void call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) = 0;
  /// Announces a block that will ask for calls, under its hierarchical name.
  virtual void join(Timed& block, const std::string& name) = 0;
};

}  // namespace simdse
