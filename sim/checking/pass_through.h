// Modules that stand between two sockets: what they have in common.
#pragma once

#include <string>

#include "sim/kernel/transfer.h"

namespace simdse {

/// Forwards both directions unchanged; subclasses look at, or meddle with, what passes.
class PassThrough : public sc_core::sc_module {
 public:
  explicit PassThrough(const sc_core::sc_module_name& name);

  tlm_utils::simple_target_socket<PassThrough> target;
  tlm_utils::simple_initiator_socket<PassThrough> initiator;

 protected:
  virtual tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) {
    return initiator->nb_transport_fw(payload, phase, delay);
  }
  virtual tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                      sc_core::sc_time& delay) {
    return target->nb_transport_bw(payload, phase, delay);
  }

 private:
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) {
    return forward(payload, phase, delay);
  }
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) {
    return backward(payload, phase, delay);
  }
};

}  // namespace simdse
