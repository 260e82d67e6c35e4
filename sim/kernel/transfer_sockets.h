// The sockets of the blocks that every transfer passes.
#pragma once

#include "sim/kernel/systemc.h"

namespace simdse {

/// One end of a socket as the other end calls it. The standard interfaces are virtual bases, so
/// that each of their calls looks up where the object begins and jumps once more; between two
/// sockets of this file nothing else is said, but said directly.
class TransferEntrance {
 public:
  virtual tlm::tlm_sync_enum enter(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                   sc_core::sc_time& delay) = 0;

 protected:
  ~TransferEntrance() = default;
};

/// What sockets of this file are known by: their entrance.
class HasEntrance {
 public:
  virtual TransferEntrance& entrance() = 0;

 protected:
  ~HasEntrance() = default;
};

/// The entrance of a Socket of a Module: Socket::call says which of the module's functions it is.
template <class Socket, class Module>
class SocketEntrance final : public TransferEntrance {
 public:
  SocketEntrance(Module& module, std::size_t number) : module_(module), number_(number) {}
  tlm::tlm_sync_enum enter(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                           sc_core::sc_time& delay) override {
    return Socket::call(module_, payload, phase, delay, number_);
  }

 private:
  Module& module_;
  std::size_t number_;
};

/// The entrance of who is bound to an interface of a socket, nullptr if it has none: a checker, or
/// a socket of others.
template <class Interface>
TransferEntrance* entrance_behind(Interface* bound) {
  auto* known = dynamic_cast<HasEntrance*>(bound);
  return known == nullptr ? nullptr : &known->entrance();
}

/// A target socket with a number, which hands its calls to its module's
///   tlm::tlm_sync_enum forward(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&,
///                              std::size_t number);
/// It is bound to an interface of its own; the convenience sockets of tlm_utils go through a
/// pointer to a member and look for pending blocking transports on every call. There is no blocking
/// transport here, no direct memory and no debug transport.
template <class Module>
class TransferTargetSocket : public tlm::tlm_target_socket<>,
                             public tlm::tlm_fw_transport_if<>,
                             public HasEntrance {
 public:
  TransferTargetSocket(const char* name, Module& module, std::size_t number)
      : tlm_target_socket(name), entrance_(module, number) {
    bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
  }

  /// nb_transport_bw of the initiator.
  tlm::tlm_sync_enum send_back(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                               sc_core::sc_time& delay) {
    if (initiator_ != nullptr) return initiator_->enter(payload, phase, delay);
    return (*this)->nb_transport_bw(payload, phase, delay);
  }

 private:
  using Entrance = SocketEntrance<TransferTargetSocket, Module>;
  friend Entrance;

  static tlm::tlm_sync_enum call(Module& module, tlm::tlm_generic_payload& payload,
                                 tlm::tlm_phase& phase, sc_core::sc_time& delay,
                                 std::size_t number) {
    return module.forward(payload, phase, delay, number);
  }

  TransferEntrance& entrance() override { return entrance_; }
  void end_of_elaboration() override { initiator_ = entrance_behind((*this)[0]); }

  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return entrance_.enter(payload, phase, delay);
  }
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) override {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
  }
  bool get_direct_mem_ptr(tlm::tlm_generic_payload&, tlm::tlm_dmi&) override { return false; }
  unsigned int transport_dbg(tlm::tlm_generic_payload&) override { return 0; }

  Entrance entrance_;
  TransferEntrance* initiator_ = nullptr;
};

/// An initiator socket likewise, for its module's
///   tlm::tlm_sync_enum backward(tlm::tlm_generic_payload&, tlm::tlm_phase&, sc_core::sc_time&,
///                               std::size_t number);
template <class Module>
class TransferInitiatorSocket : public tlm::tlm_initiator_socket<>,
                                public tlm::tlm_bw_transport_if<>,
                                public HasEntrance {
 public:
  TransferInitiatorSocket(const char* name, Module& module, std::size_t number)
      : tlm_initiator_socket(name), entrance_(module, number) {
    bind(static_cast<tlm::tlm_bw_transport_if<>&>(*this));
  }

  /// nb_transport_fw of the target.
  tlm::tlm_sync_enum send(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                          sc_core::sc_time& delay) {
    if (target_ != nullptr) return target_->enter(payload, phase, delay);
    return (*this)->nb_transport_fw(payload, phase, delay);
  }

 private:
  using Entrance = SocketEntrance<TransferInitiatorSocket, Module>;
  friend Entrance;

  static tlm::tlm_sync_enum call(Module& module, tlm::tlm_generic_payload& payload,
                                 tlm::tlm_phase& phase, sc_core::sc_time& delay,
                                 std::size_t number) {
    return module.backward(payload, phase, delay, number);
  }

  TransferEntrance& entrance() override { return entrance_; }
  void end_of_elaboration() override { target_ = entrance_behind((*this)[0]); }

  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return entrance_.enter(payload, phase, delay);
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}

  Entrance entrance_;
  TransferEntrance* target_ = nullptr;
};

}  // namespace simdse
