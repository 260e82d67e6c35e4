#include "sim/checking/random_staller.h"

namespace simdse {

RandomStaller::RandomStaller(const sc_core::sc_module_name& name, TimeService& time,
                             std::uint64_t seed, Picoseconds longest)
    : PassThrough(name), time_(time), random_(seed), longest_(longest) {
  time_.join(*this, this->name());
}

Picoseconds RandomStaller::draw() {
  // Half of all transfers pass freely, so that both ways through the protocol are taken.
  if (random_() % 2 == 0) return 0;
  return static_cast<Picoseconds>(random_() % static_cast<std::uint64_t>(longest_));
}

tlm::tlm_sync_enum RandomStaller::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& delay) {
  const Picoseconds hold = draw();
  if (phase != tlm::BEGIN_REQ || hold == 0) {
    return initiator->nb_transport_fw(payload, phase, delay);
  }
  held_ = &payload;
  time_.call_at(time_.now() + static_cast<Picoseconds>(delay.value()) + hold, Stage::arrival, *this,
                0);
  return tlm::TLM_ACCEPTED;
}

void RandomStaller::on_time(std::uint64_t) {
  tlm::tlm_generic_payload& payload = *held_;
  held_ = nullptr;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const tlm::tlm_sync_enum answer = initiator->nb_transport_fw(payload, phase, delay);
  if (answer == tlm::TLM_UPDATED && phase == tlm::END_REQ) {
    delay = sc_core::SC_ZERO_TIME;
    target->nb_transport_bw(payload, phase, delay);
  }
}

tlm::tlm_sync_enum RandomStaller::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                           sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_RESP) {
    const Picoseconds hold = draw();
    delay += sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(hold));
    info_of(payload).tail += hold;
  }
  return target->nb_transport_bw(payload, phase, delay);
}

}  // namespace simdse
