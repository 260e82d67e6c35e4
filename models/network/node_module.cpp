#include "models/network/node_module.h"

#include <algorithm>
#include <string>

namespace simdse {
namespace {

// Tokens of on_time: a message's number times kWhats, plus one of these.
constexpr std::uint64_t kInject = 0;
constexpr std::uint64_t kDeliver = 1;
constexpr std::uint64_t kForget = 2;
constexpr std::uint64_t kWhats = 3;

}  // namespace

NodeModule::NodeModule(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
                       MessageTable& messages, const Interconnect& network, std::int32_t node,
                       const std::vector<std::int32_t>& ins, const std::vector<std::int32_t>& outs)
    : sc_module(name),
      time_(time),
      pool_(pool),
      messages_(messages),
      node_(node),
      forward_latency_(to_picoseconds(network.forward_latency(node))),
      send_overhead_(to_picoseconds(network.config().params.send_overhead)),
      segment_(network.config().params.segment.value()) {
  for (const std::int32_t line : ins) {
    const int place = static_cast<int>(ins_.size());
    places_[line] = static_cast<std::size_t>(place);
    ins_.push_back(std::make_unique<In>(("in" + std::to_string(line)).c_str()));
    ins_.back()->register_nb_transport_fw(this, &NodeModule::nb_transport_fw, place);
  }
  for (const std::int32_t line : outs) {
    const int place = static_cast<int>(outs_.size());
    places_[line] = static_cast<std::size_t>(place);
    outs_.push_back(std::make_unique<Out>(("out" + std::to_string(line)).c_str()));
    outs_.back()->register_nb_transport_bw(this, &NodeModule::nb_transport_bw, place);
  }
  time_.join(*this, this->name());
}

void NodeModule::send(std::uint64_t message) {
  bytes_sent_ += Bytes(messages_[message].bytes);
  time_.call_at(time_.now() + send_overhead_, Stage::arrival, *this, kWhats * message + kInject);
}

void NodeModule::on_time(std::uint64_t token) {
  const std::uint64_t number = token / kWhats;
  switch (token % kWhats) {
    case kInject:
      return inject(number);
    case kDeliver:
      // Lines of no latency have yet to hear that the last segment has left them.
      time_.call_at(time_.now(), Stage::completion, *this, kWhats * number + kForget);
      return messages_[number].client->message_delivered(messages_[number].token);
    default:
      return messages_.remove(number);
  }
}

void NodeModule::inject(std::uint64_t number) {
  Message& message = messages_[number];
  const std::int64_t bytes = std::min(segment_, message.to_inject);
  message.to_inject -= bytes;
  tlm::tlm_generic_payload& payload = pool_.acquire(tlm::TLM_WRITE_COMMAND, {{0, bytes}});
  TransferInfo& info = info_of(payload);
  info.tag = number;
  info.source = static_cast<std::size_t>(node_);
  info.stream = 0;
  info.tail = time_.now();
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  (*outs_[place_of(message.route->hops.front().line)])->nb_transport_fw(payload, phase, delay);
}

tlm::tlm_sync_enum NodeModule::nb_transport_fw(int place, tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  TransferInfo& info = info_of(payload);
  const MessageRoute& route = *messages_[info.tag].route;
  if (info.stream == route.hops.size()) {
    receive(payload, place);
    return tlm::TLM_ACCEPTED;  // the response has ended the request
  }
  info.tail += forward_latency_;
  delay += sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(forward_latency_));
  Out& out = *outs_[place_of(route.hops[info.stream].line)];
  return out->nb_transport_fw(payload, phase, delay);
}

void NodeModule::receive(tlm::tlm_generic_payload& payload, int place) {
  TransferInfo& info = info_of(payload);
  Message& message = messages_[info.tag];
  bytes_received_ += Bytes(payload.get_data_length());
  if (--message.segments_under_way == 0) {
    time_.call_at(info.tail, Stage::arrival, *this, kWhats * info.tag + kDeliver);
  }
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  tlm::tlm_phase response = tlm::BEGIN_RESP;
  sc_core::sc_time later =
      sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(info.tail - time_.now()));
  (*ins_[static_cast<std::size_t>(place)])->nb_transport_bw(payload, response, later);
}

tlm::tlm_sync_enum NodeModule::nb_transport_bw(int, tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  const TransferInfo& info = info_of(payload);
  Message& message = messages_[info.tag];
  if (info.stream > 0) {
    In& in = *ins_[place_of(message.route->hops[info.stream - 1].line)];
    return in->nb_transport_bw(payload, phase, delay);
  }
  const std::uint64_t number = info.tag;
  payload.release();
  if (message.to_inject > 0) {
    inject(number);
  } else {
    message.client->message_sent(message.token);
  }
  phase = tlm::END_RESP;
  return tlm::TLM_COMPLETED;
}

}  // namespace simdse
