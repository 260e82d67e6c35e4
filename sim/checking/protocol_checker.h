// Watches that both sides of a socket keep to the base protocol.
#pragma once

#include <map>
#include <vector>

#include "sim/checking/pass_through.h"

namespace simdse {

/// Rules checked (IEEE 1666-2011, 15.2, and the house rules of sim/kernel):
///   - BEGIN_REQ only after END_REQ (or BEGIN_RESP) of the request before;
///   - each transfer goes BEGIN_REQ, END_REQ, BEGIN_RESP, END_RESP, each once, END_REQ perhaps
///   implied;
///   - the pieces are as long as the payload, and the first begins at its address;
///   - command and length stay as they were; the data pointer is null;
///   - the response status is set when a response begins;
///   - at the end nothing is under way.
class ProtocolChecker : public PassThrough {
 public:
  using PassThrough::PassThrough;

  /// What was broken, one line each.
  const std::vector<std::string>& violations() const { return violations_; }
  /// Transfers that have begun and not ended.
  std::size_t under_way() const { return transfers_.size(); }

 protected:
  tlm::tlm_sync_enum forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                             sc_core::sc_time& delay) override;
  tlm::tlm_sync_enum backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                              sc_core::sc_time& delay) override;

 private:
  struct Transfer {
    tlm::tlm_command command;
    std::uint32_t bytes;
    bool is_accepted = false;
  };

  void end_request(tlm::tlm_generic_payload& payload);
  void check_pieces(tlm::tlm_generic_payload& payload);
  void check_unchanged(const Transfer& transfer, tlm::tlm_generic_payload& payload);
  void violation(const std::string& text);

  std::map<tlm::tlm_generic_payload*, Transfer> transfers_;
  tlm::tlm_generic_payload* requesting_ = nullptr;
  std::vector<std::string> violations_;
};

}  // namespace simdse
