#include "sim/kernel/transfer_port.h"

#include <algorithm>

namespace simdse {

TransferPort::TransferPort(const char* name, TimeService& time, PayloadPool& pool,
                           TransferClient& client, std::size_t source, Bytes window)
    : socket_(name, *this, 0),
      time_(time),
      pool_(pool),
      client_(client),
      source_(source),
      window_(window) {}

// On the way of every transfer: always inlined.
[[gnu::always_inline]] inline void TransferPort::send(tlm::tlm_generic_payload& payload,
                                                      Picoseconds earliest) {
  const Picoseconds now = time_.now();
  is_requesting_ = true;
  outstanding_ += Bytes(payload.get_data_length());
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = to_sc_time(std::max<Picoseconds>(0, earliest - now));
  const tlm::tlm_sync_enum answer = socket_.send(payload, phase, delay);
  if (answer == tlm::TLM_UPDATED && phase == tlm::END_REQ) is_requesting_ = false;
}

void TransferPort::send_waiting() {
  while (!waiting_.empty() && may_send()) {
    const Waiting next = waiting_.front();
    waiting_.pop_front();
    send(*next.payload, next.earliest);
  }
}

void TransferPort::request(tlm::tlm_command command, const WorkTransfers& pieces, std::uint64_t tag,
                           std::uint32_t stream, Picoseconds earliest, Picoseconds tail) {
  tlm::tlm_generic_payload& payload = pool_.acquire(command, pieces);
  TransferInfo& info = info_of(payload);
  info.tag = tag;
  info.stream = stream;
  info.source = source_;
  info.tail = tail;
  if (!waiting_.empty() || !may_send()) {
    waiting_.push_back({&payload, earliest});
    return;
  }
  send(payload, earliest);
  send_waiting();  // what was requested meanwhile
}

[[gnu::always_inline]] inline void TransferPort::finish(tlm::tlm_generic_payload& payload,
                                                        Picoseconds head) {
  outstanding_ -= Bytes(payload.get_data_length());
  client_.on_response(payload, head);
  payload.release();
  send_waiting();
}

tlm::tlm_sync_enum TransferPort::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& delay, std::size_t) {
  if (phase == tlm::END_REQ) {
    is_requesting_ = false;
    send_waiting();
    return tlm::TLM_ACCEPTED;
  }
  if (!payload.is_response_ok()) SC_REPORT_FATAL("simdse/port", "a transfer failed");
  finish(payload, time_.now() + static_cast<Picoseconds>(delay.value()));
  phase = tlm::END_RESP;
  return tlm::TLM_COMPLETED;
}

}  // namespace simdse
