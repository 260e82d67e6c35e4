// A network that costs nothing and never makes anyone wait.
#include <limits>

#include "models/noc/noc.h"

namespace simdse {
namespace {

class IdealNoc : public Noc {
 public:
  struct Params {
    static void declare(ParamTable<Params>&) {}
  };

  IdealNoc(const Params&, const BlockContext& context) : topology_(context.initiators, 1, 1, 0) {}

  BytesPerCycle port_width() const override {
    return BytesPerCycle(std::numeric_limits<double>::infinity());
  }
  /// Any size will do.
  std::int64_t data_of(std::int64_t flits) const override { return flits; }
  std::int64_t buffer_ports() const override { return 1; }
  std::int64_t memory_ports() const override { return 1; }
  Cycles latency() const override { return Cycles(0); }
  const Topology& topology() const override { return topology_; }
  BlockCost cost(const Technology&) const override { return {}; }

 private:
  TwoSidedTopology topology_;
};

const RegisterBlock<IdealNoc> registration("noc", "ideal",
                                           "no area, no energy, infinite width, no latency");

}  // namespace
}  // namespace simdse
