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

  IdealNoc(const Params&, const BlockContext&) {}

  BytesPerCycle port_width() const override {
    return BytesPerCycle(std::numeric_limits<double>::infinity());
  }
  std::int64_t buffer_ports() const override { return 1; }
  std::int64_t memory_ports() const override { return 1; }
  Cycles latency() const override { return Cycles(0); }
  BlockCost cost(const Technology&) const override { return {}; }
};

const RegisterBlock<IdealNoc> registration("noc", "ideal",
                                           "no area, no energy, infinite width, no latency");

}  // namespace
}  // namespace simdse
