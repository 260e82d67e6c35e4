// A full crossbar.
#pragma once

#include "models/noc/noc.h"

namespace simdse {

/// Any core port reaches any buffer or memory port; data contends only at the two ports it uses.
class Crossbar : public Noc {
 public:
  struct Params {
    BytesPerCycle port_width = BytesPerCycle(512);
    std::int64_t buffer_ports = 4;
    std::int64_t memory_ports = 2;
    Cycles latency = Cycles(8);
    static void declare(ParamTable<Params>& table);
  };

  Crossbar(const Params& params, const BlockContext& context)
      : p_(params),
        context_(context),
        topology_(context.initiators, p_.buffer_ports, p_.memory_ports, p_.latency.value()) {}

  BytesPerCycle port_width() const override { return p_.port_width; }
  std::int64_t buffer_ports() const override { return p_.buffer_ports; }
  std::int64_t memory_ports() const override { return p_.memory_ports; }
  Cycles latency() const override { return p_.latency; }
  const Topology& topology() const override { return topology_; }
  BlockCost cost(const Technology& technology) const override;

 private:
  Params p_;
  BlockContext context_;
  TwoSidedTopology topology_;
};

}  // namespace simdse
