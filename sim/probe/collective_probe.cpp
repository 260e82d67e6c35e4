#include "sim/probe/collective_probe.h"

#include <algorithm>
#include <stdexcept>

#include "sim/kernel/event_queue.h"
#include "sim/system/collective_run.h"

namespace simdse {

CollectiveFigures simulate_collective(const Interconnect& network,
                                      const CollectiveRequest& request) {
  const CollectiveOrder order(network, request);
  EventQueue queue("queue");
  SystemNetwork system("system", queue, network);
  CollectiveRun run(system, queue, order);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  run.start();
  sc_core::sc_start();
  if (!run.is_done() || system.messages_under_way() != 0 || system.live_payloads() != 0) {
    throw std::runtime_error("the collective did not come to its end");
  }
  CollectiveFigures figures;
  figures.time = to_seconds(run.finished());
  figures.messages = run.messages_delivered();
  figures.events = queue.delivered();
  for (std::size_t i = 0; i < network.lines().size(); ++i) {
    const Picoseconds busy = system.line(static_cast<std::int32_t>(i)).busy();
    if (run.finished() > 0) {
      figures.busiest_line = std::max(
          figures.busiest_line, static_cast<double>(busy) / static_cast<double>(run.finished()));
    }
  }
  return figures;
}

}  // namespace simdse
