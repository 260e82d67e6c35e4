// The kind "dispatcher": starts regions on cores when what they wait for is done.
#pragma once

#include "models/base/block.h"

namespace simdse {

class Dispatcher : public Block {
 public:
  /// Cycles between two commands that the dispatcher sends.
  virtual Cycles issue_interval() const = 0;
  /// Cycles from a command to the start of its work on the core.
  virtual Cycles launch_latency() const = 0;
  /// Cycles from the end of the work to the dispatcher knowing it.
  virtual Cycles completion_latency() const = 0;
};

}  // namespace simdse
