#include "sim/checking/monitor.h"

#include <algorithm>

namespace simdse {

tlm::tlm_sync_enum Monitor::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                    sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_REQ) {
    const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
    arrived_[&payload] = at;
  }
  return initiator->nb_transport_fw(payload, phase, delay);
}

tlm::tlm_sync_enum Monitor::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_RESP) {
    const Picoseconds gone =
        std::max(info_of(payload).tail, time_.now() + static_cast<Picoseconds>(delay.value()));
    const auto found = arrived_.find(&payload);
    sum_of_times_ += static_cast<double>(gone - found->second);
    arrived_.erase(found);
    (payload.is_write() ? bytes_written_ : bytes_read_) += Bytes(payload.get_data_length());
    ++transfers_;
  }
  return target->nb_transport_bw(payload, phase, delay);
}

}  // namespace simdse
