// A central sequencer with semaphores.
#pragma once

#include "models/dispatcher/dispatcher.h"

namespace simdse {

/// Sends one command at a time, `issue_interval` cycles apart, to the cores in the plan's order.
class Sequencer : public Dispatcher {
 public:
  struct Params {
    Cycles issue_interval = Cycles(16);
    Cycles launch_latency = Cycles(200);
    Cycles completion_latency = Cycles(50);
    static void declare(ParamTable<Params>& table);
  };

  Sequencer(const Params& params, const BlockContext&) : p_(params) {}

  Cycles issue_interval() const override { return p_.issue_interval; }
  Cycles launch_latency() const override { return p_.launch_latency; }
  Cycles completion_latency() const override { return p_.completion_latency; }
  BlockCost cost(const Technology& technology) const override;

 private:
  Params p_;
};

}  // namespace simdse
