#include "sim/checking/protocol_checker.h"

namespace simdse {

void ProtocolChecker::violation(const std::string& text) {
  violations_.push_back(std::string(name()) + ": " + text);
}

void ProtocolChecker::end_request(tlm::tlm_generic_payload& payload) {
  const auto found = transfers_.find(&payload);
  if (found == transfers_.end()) {
    violation("END_REQ of a transfer that has not begun");
    return;
  }
  if (found->second.is_accepted) violation("END_REQ twice");
  found->second.is_accepted = true;
  if (requesting_ == &payload) requesting_ = nullptr;
}

void ProtocolChecker::check_pieces(tlm::tlm_generic_payload& payload) {
  const TransferInfo& info = info_of(payload);
  std::int64_t bytes = 0;
  for (const TransferPiece& piece : info.pieces) bytes += piece.bytes;
  if (bytes != static_cast<std::int64_t>(payload.get_data_length())) {
    violation("the pieces are not as long as the payload");
  }
  if (info.pieces.empty() || info.pieces.front().offset != 0) {
    violation("the first piece does not begin at the payload's address");
  }
}

void ProtocolChecker::check_unchanged(const Transfer& transfer, tlm::tlm_generic_payload& payload) {
  if (payload.get_command() != transfer.command || payload.get_data_length() != transfer.bytes) {
    violation("command or length changed under way");
  }
}

tlm::tlm_sync_enum ProtocolChecker::forward(tlm::tlm_generic_payload& payload,
                                            tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase == tlm::BEGIN_REQ) {
    if (requesting_ != nullptr) violation("BEGIN_REQ before END_REQ of the request before");
    if (payload.get_data_ptr() != nullptr) violation("the data pointer is not null");
    check_pieces(payload);
    const Transfer transfer{payload.get_command(), payload.get_data_length()};
    if (!transfers_.emplace(&payload, transfer).second) violation("BEGIN_REQ twice");
    requesting_ = &payload;
  } else {
    violation("only BEGIN_REQ may come this way: responses are completed at once");
  }
  const tlm::tlm_sync_enum answer = initiator->nb_transport_fw(payload, phase, delay);
  if (answer == tlm::TLM_UPDATED) {
    if (phase == tlm::END_REQ) {
      end_request(payload);
    } else {
      violation("a request was answered by another phase than END_REQ");
    }
  } else if (answer == tlm::TLM_COMPLETED) {
    violation("a request was completed without a response");
  }
  return answer;
}

tlm::tlm_sync_enum ProtocolChecker::backward(tlm::tlm_generic_payload& payload,
                                             tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase == tlm::END_REQ) {
    end_request(payload);
    return target->nb_transport_bw(payload, phase, delay);
  }
  const auto found = transfers_.find(&payload);
  if (phase != tlm::BEGIN_RESP) {
    violation("neither END_REQ nor BEGIN_RESP");
  } else if (found == transfers_.end()) {
    violation("BEGIN_RESP of a transfer that has not begun");
  } else {
    check_unchanged(found->second, payload);
    if (requesting_ == &payload) requesting_ = nullptr;  // END_REQ implied
    transfers_.erase(found);
  }
  if (payload.is_response_error()) violation("the response status is not OK");
  const tlm::tlm_sync_enum answer = target->nb_transport_bw(payload, phase, delay);
  if (phase != tlm::END_REQ && answer != tlm::TLM_COMPLETED) {
    violation("a response was not completed at once");
  }
  return answer;
}

}  // namespace simdse
