#include "sim/checking/monitor.h"

#include <algorithm>

namespace simdse {

tlm::tlm_sync_enum Monitor::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                    sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_REQ) {
    const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
    arrived_[&payload] = at;
    ++changes_[at];
    first_arrival_ = std::min(first_arrival_, at);
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
    --changes_[gone];
    last_departure_ = std::max(last_departure_, gone);
    arrived_.erase(found);
    (payload.is_write() ? bytes_written_ : bytes_read_) += Bytes(payload.get_data_length());
    ++transfers_;
  }
  return target->nb_transport_bw(payload, phase, delay);
}

double Monitor::integral_of_number() const {
  double integral = 0;
  std::int64_t number = 0;
  Picoseconds last = 0;
  for (const auto& [time, change] : changes_) {
    integral += static_cast<double>(number) * static_cast<double>(time - last);
    number += change;
    last = time;
  }
  return integral;
}

}  // namespace simdse
