// The sockets of the blocks that every transfer passes.
#pragma once

#include "sim/kernel/systemc.h"

namespace simdse {

/// A target socket with a number, which hands its calls to its module's
///   tlm::tlm_sync_enum forward(std::size_t number, tlm::tlm_generic_payload&, tlm::tlm_phase&,
///                              sc_core::sc_time&);
/// It is bound to an interface of its own; the convenience sockets of tlm_utils go through a
/// pointer to a member and look for pending blocking transports on every call. There is no blocking
/// transport here, no direct memory and no debug transport.
template <class Module>
class TransferTargetSocket : public tlm::tlm_target_socket<>, private tlm::tlm_fw_transport_if<> {
 public:
  TransferTargetSocket(const char* name, Module& module, std::size_t number)
      : tlm_target_socket(name), module_(module), number_(number) {
    bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
  }

 private:
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return module_.forward(number_, payload, phase, delay);
  }
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) override {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned int transport_dbg(tlm::tlm_generic_payload&) override { return 0; }

  Module& module_;
  std::size_t number_;
};

/// An initiator socket likewise, for its module's
///   tlm::tlm_sync_enum backward(std::size_t number, tlm::tlm_generic_payload&, tlm::tlm_phase&,
///                               sc_core::sc_time&);
template <class Module>
class TransferInitiatorSocket : public tlm::tlm_initiator_socket<>,
                                private tlm::tlm_bw_transport_if<> {
 public:
  TransferInitiatorSocket(const char* name, Module& module, std::size_t number)
      : tlm_initiator_socket(name), module_(module), number_(number) {
    bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
  }

 private:
  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return module_.backward(number_, payload, phase, delay);
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

  Module& module_;
  std::size_t number_;
};

}  // namespace simdse
