// A dispatcher whose commands take their time.
#include "models/dispatcher/dispatcher.h"

#ifndef BLOCK_KIND
#define BLOCK_KIND "dispatcher"
#endif
#ifndef BLOCK_NAME
#define BLOCK_NAME "slow_start"
#endif

namespace {

using namespace simdse;

class SlowStart : public Dispatcher {
 public:
  struct Params {
    Cycles launch = Cycles(10000);
    static void declare(ParamTable<Params>& table) {
      table.add("launch", &Params::launch, "cycles from a command to the start of its work")
          .range(0, 1e9)
          .search({1000, 10000});
    }
  };

  SlowStart(const Params& params, const BlockContext&) : p_(params) {}
  Cycles issue_interval() const override { return Cycles(1); }
  Cycles launch_latency() const override { return p_.launch; }
  Cycles completion_latency() const override { return Cycles(1); }
  BlockCost cost(const Technology&) const override { return {}; }

 private:
  Params p_;
};

const RegisterBlock<SlowStart> registration(BLOCK_KIND, BLOCK_NAME, "starts everything late");

}  // namespace
