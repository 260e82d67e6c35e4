#include "sim/checking/line_monitor.h"

#include <algorithm>

namespace simdse {

double LineMonitor::utilisation() const {
  if (last_tail_ <= first_head_) return 0;
  return (bytes_ / bandwidth_) / to_seconds(last_tail_ - first_head_);
}

tlm::tlm_sync_enum LineMonitor::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                        sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_REQ) {
    const Picoseconds head =
        time_.now() + static_cast<Picoseconds>(delay.value()) - info_of(payload).in_network;
    const Picoseconds tail = info_of(payload).tail;
    const Bytes bytes(payload.get_data_length());
    const auto least = static_cast<Picoseconds>((bytes / bandwidth_).value() * 1e12);
    worst_excess_ = std::max(worst_excess_, std::max(head, last_tail_) + least - tail);
    first_head_ = std::min(first_head_, head);
    last_tail_ = std::max(last_tail_, tail);
    bytes_ += bytes;
  }
  return initiator->nb_transport_fw(payload, phase, delay);
}

}  // namespace simdse
