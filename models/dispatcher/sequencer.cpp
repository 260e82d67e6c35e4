#include "models/dispatcher/sequencer.h"

#include "models/technology/technology.h"

namespace simdse {

void Sequencer::Params::declare(ParamTable<Params>& table) {
  table.add("issue_interval", &Params::issue_interval, "cycles between two commands").range(0, 1e6);
  table
      .add("launch_latency", &Params::launch_latency,
           "cycles from a command to the start of its work")
      .range(0, 1e6);
  table
      .add("completion_latency", &Params::completion_latency,
           "cycles from the end of the work to its being known")
      .range(0, 1e6);
}

BlockCost Sequencer::cost(const Technology& technology) const {
  BlockCost cost;
  cost.area = {{"control", technology.control_area}};
  cost.static_power = Watts(technology.logic_leakage * technology.control_area.value());
  return cost;
}

namespace {
const RegisterBlock<Sequencer> registration("dispatcher", "sequencer",
                                            "central sequencer with semaphores");
}

}  // namespace simdse
