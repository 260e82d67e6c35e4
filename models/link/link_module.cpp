#include "models/link/link_module.h"

#include <algorithm>

namespace simdse {
namespace {

// Tokens of on_time: these, and the side.
constexpr std::uint64_t kSend = 0;
constexpr std::uint64_t kArrive = 2;

std::uint64_t token(std::uint64_t what, int side) {
  return what + static_cast<std::uint64_t>(side);
}

}  // namespace

LinkModule::LinkModule(const sc_core::sc_module_name& name, TimeService& time, const Serdes& link)
    : sc_module(name), time_(time) {
  for (int side = 0; side < kSides; ++side) {
    auto& made = directions_[static_cast<std::size_t>(side)];
    made = std::make_unique<Direction>("side" + std::to_string(side), link);
    made->in.register_nb_transport_fw(this, &LinkModule::nb_transport_fw, side);
    made->out.register_nb_transport_bw(this, &LinkModule::nb_transport_bw, side);
  }
  time_.join(*this, this->name());
}

tlm::tlm_sync_enum LinkModule::nb_transport_fw(int side, tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_REQ) SC_REPORT_FATAL("simdse/link", "unexpected phase");
  if (!payload.is_write()) {
    payload.set_response_status(tlm::TLM_COMMAND_ERROR_RESPONSE);
    return tlm::TLM_COMPLETED;
  }
  Direction& d = direction(side);
  const Transfer transfer{&payload, time_.now() + static_cast<Picoseconds>(delay.value())};
  if (d.transfers.size() - d.sending >= kQueue) {
    d.refused.push_back(transfer);
    return tlm::TLM_ACCEPTED;
  }
  enqueue(side, transfer);
  phase = tlm::END_REQ;
  delay = sc_core::SC_ZERO_TIME;
  return tlm::TLM_UPDATED;
}

void LinkModule::enqueue(int side, const Transfer& transfer) {
  direction(side).transfers.push_back(transfer);
  time_.call_at(std::max(transfer.at, time_.now()), Stage::arrival, *this, token(kSend, side));
}

void LinkModule::on_time(std::uint64_t what) {
  const int side = static_cast<int>(what % kSides);
  Direction& d = direction(side);
  if (what >= kArrive) {
    ++d.arrived;
    deliver(side);
    return;
  }
  if (d.core.line_free() <= time_.now()) d.is_waiting_for_line = false;
  send(side);
}

void LinkModule::send(int side) {
  Direction& d = direction(side);
  while (d.sending < d.transfers.size()) {
    Transfer& transfer = d.transfers[d.sending];
    if (d.core.is_idle()) {
      if (transfer.at > time_.now()) return;
      if (d.core.line_free() > time_.now()) {
        if (!d.is_waiting_for_line) {
          d.is_waiting_for_line = true;
          time_.call_at(d.core.line_free(), Stage::arrival, *this, token(kSend, side));
        }
        return;
      }
      d.core.begin(time_.now(), transfer.payload->get_data_length(),
                   info_of(*transfer.payload).tail);
    }
    transfer.is_whole = d.core.send();
    if (!transfer.is_announced && d.core.has_head()) {
      transfer.is_announced = true;
      time_.call_at(d.core.head(), Stage::arrival, *this, token(kArrive, side));
    }
    if (!transfer.is_whole) return;  // until the far side accepts something
    transfer.tail = d.core.tail();
    ++d.sending;
    admit(side);
  }
}

void LinkModule::admit(int side) {
  Direction& d = direction(side);
  if (d.refused.empty()) return;
  const Transfer transfer = d.refused.front();
  d.refused.pop_front();
  enqueue(side, transfer);
  tlm::tlm_phase phase = tlm::END_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  d.in->nb_transport_bw(*transfer.payload, phase, delay);
}

void LinkModule::deliver(int side) {
  Direction& d = direction(side);
  while (d.arrived > 0 && !d.is_requesting) {
    const Transfer& transfer = d.transfers.front();
    Picoseconds tail = transfer.tail;
    if (!transfer.is_whole) {
      // What does not fit into the receive buffer follows as soon as the target accepts: if it
      // does so now, the last byte comes at this time.
      SerdesCore accepted_now = d.core;
      accepted_now.accept(time_.now());
      accepted_now.send();
      tail = accepted_now.tail();
    }
    info_of(*transfer.payload).tail = tail;
    d.is_requesting = true;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    const tlm::tlm_sync_enum answer = d.out->nb_transport_fw(*transfer.payload, phase, delay);
    if (answer == tlm::TLM_UPDATED && phase == tlm::END_REQ) accepted(side);
  }
}

void LinkModule::accepted(int side) {
  Direction& d = direction(side);
  d.core.accept(time_.now());
  --d.arrived;
  d.is_requesting = false;
  send(side);
  const Transfer& transfer = d.transfers.front();
  info_of(*transfer.payload).tail = transfer.tail;
  d.bytes_carried += Bytes(transfer.payload->get_data_length());
  d.transfers.pop_front();
  --d.sending;
}

tlm::tlm_sync_enum LinkModule::nb_transport_bw(int side, tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  Direction& d = direction(side);
  if (phase == tlm::END_REQ) {
    accepted(side);
    deliver(side);
    return tlm::TLM_ACCEPTED;
  }
  tlm::tlm_phase response = tlm::BEGIN_RESP;
  sc_core::sc_time later =
      delay + sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(d.core.latency()));
  info_of(payload).tail =
      std::max(info_of(payload).tail, time_.now() + static_cast<Picoseconds>(later.value()));
  d.in->nb_transport_bw(payload, response, later);
  phase = tlm::END_RESP;
  return tlm::TLM_COMPLETED;
}

}  // namespace simdse
