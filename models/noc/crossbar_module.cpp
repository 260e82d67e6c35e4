#include "models/noc/crossbar_module.h"

#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {
// Tokens of on_time.
constexpr std::uint64_t kOutgoing = 0;
constexpr std::uint64_t kIncoming = 1;

const RegisterModule registration({"noc", "crossbar", nullptr,
                                   [](const char* name, TimeService& time, const Chip& chip) {
                                     return std::make_unique<CrossbarModule>(name, time, chip);
                                   }});

sc_core::sc_time to_sc_time(Picoseconds span) {
  return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(span));
}
}  // namespace

CrossbarModule::CrossbarModule(const sc_core::sc_module_name& name, TimeService& time,
                               const Chip& chip)
    : NocModule(name),
      time_(time),
      core_(chip.noc(), chip.clock(), static_cast<std::int64_t>(chip.core_count()),
            chip.buffer().interleave(), chip.memory().interleave()),
      outgoing_(chip.core_count()),
      incoming_(chip.core_count()) {
  for (std::size_t i = 0; i < chip.core_count(); ++i) {
    from_cores_.push_back(std::make_unique<CoreSocket>(("core" + std::to_string(i)).c_str()));
    from_cores_.back()->register_nb_transport_fw(this, &CrossbarModule::nb_transport_fw,
                                                 static_cast<int>(i));
  }
  for (const int target : {kBuffer, kMemory}) {
    to_targets_.push_back(std::make_unique<Target>(target == kBuffer ? "buffer" : "memory"));
    to_targets_.back()->socket.register_nb_transport_bw(this, &CrossbarModule::nb_transport_bw,
                                                        target);
  }
  time_.join(*this, this->name());
}

int CrossbarModule::target_of(const tlm::tlm_generic_payload& payload) {
  return static_cast<std::int64_t>(payload.get_address()) >= kBufferBase ? kBuffer : kMemory;
}

tlm::tlm_sync_enum CrossbarModule::nb_transport_fw(int core, tlm::tlm_generic_payload& payload,
                                                   tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_REQ) SC_REPORT_FATAL("simdse/noc", "unexpected phase");
  const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
  if (payload.is_write()) {
    // Data first waits for the network's ports, and is taken in at once.
    if (outgoing_.add(at, static_cast<std::size_t>(core), {&payload, false})) {
      time_.call_at(at, Stage::request_network, *this, kOutgoing);
    }
    phase = tlm::END_REQ;
    delay = sc_core::SC_ZERO_TIME;
    return tlm::TLM_UPDATED;
  }
  const int target = target_of(payload);
  info_of(payload).in_network += core_.latency();
  bool is_accepted = false;
  std::deque<Target::Waiting>& waiting = to_targets_[target]->waiting;
  waiting.push_back({&payload, at + core_.latency(), true, &is_accepted});
  send(target);
  if (!is_accepted) {
    for (Target::Waiting& request : waiting) {
      if (request.payload == &payload) request.answer = nullptr;
    }
    return tlm::TLM_ACCEPTED;
  }
  phase = tlm::END_REQ;
  delay = sc_core::SC_ZERO_TIME;
  return tlm::TLM_UPDATED;
}

void CrossbarModule::send(int target_index) {
  Target& target = *to_targets_[target_index];
  while (!target.waiting.empty() && !target.is_requesting) {
    const Target::Waiting next = target.waiting.front();
    target.is_requesting = true;
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_core::sc_time delay = to_sc_time(std::max<Picoseconds>(0, next.at - time_.now()));
    const std::int64_t base = target_index == kBuffer ? kBufferBase : 0;
    next.payload->set_address(next.payload->get_address() - static_cast<sc_dt::uint64>(base));
    const tlm::tlm_sync_enum answer = target.socket->nb_transport_fw(*next.payload, phase, delay);
    if (answer == tlm::TLM_UPDATED && phase == tlm::END_REQ) accepted(target);
  }
}

void CrossbarModule::accepted(Target& target) {
  const Target::Waiting request = target.waiting.front();
  target.waiting.pop_front();
  target.is_requesting = false;
  if (!request.owes_end_request) return;
  if (request.answer != nullptr) {
    *request.answer = true;
    return;
  }
  tlm::tlm_phase phase = tlm::END_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  (*from_cores_[info_of(*request.payload).source])->nb_transport_bw(*request.payload, phase, delay);
}

tlm::tlm_sync_enum CrossbarModule::nb_transport_bw(int target, tlm::tlm_generic_payload& payload,
                                                   tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase == tlm::END_REQ) {
    accepted(*to_targets_[target]);
    send(target);
    return tlm::TLM_ACCEPTED;
  }
  const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
  if (payload.is_write()) {
    info_of(payload).in_network += core_.latency();
    respond(payload, at + core_.latency());
  } else {
    // The network needs to know which far port the data comes from.
    if (target == kBuffer) {
      payload.set_address(payload.get_address() + static_cast<sc_dt::uint64>(kBufferBase));
    }
    if (incoming_.add(at, info_of(payload).source, {&payload, true})) {
      time_.call_at(at, Stage::response_network, *this, kIncoming);
    }
  }
  phase = tlm::END_RESP;
  return tlm::TLM_COMPLETED;
}

void CrossbarModule::on_time(std::uint64_t token) {
  (token == kOutgoing ? outgoing_ : incoming_).take_due(time_.now(), due_);
  for (std::size_t i = 0; i < due_.size(); ++i) {
    const Data data = due_[i].item;
    const CrossbarCore::Span span = carry(data);
    if (data.to_core) {
      respond(*data.payload, span.head);
    } else {
      const int target = target_of(*data.payload);
      to_targets_[target]->waiting.push_back({data.payload, span.head, false});
      send(target);
    }
  }
}

CrossbarCore::Span CrossbarModule::carry(const Data& data) {
  TransferInfo& info = info_of(*data.payload);
  const bool is_buffer = target_of(*data.payload) == kBuffer;
  const auto address = static_cast<std::int64_t>(data.payload->get_address());
  const auto bytes = static_cast<std::int64_t>(data.payload->get_data_length());
  const Picoseconds entered = std::max(info.tail, time_.now());
  CrossbarCore& core =
      is_private_ ? private_cores_.try_emplace(info.stream, core_).first->second : core_;
  const CrossbarCore::Span span =
      core.carry(time_.now(), {static_cast<std::int64_t>(info.source), is_buffer, data.to_core,
                               is_buffer ? address - kBufferBase : address, bytes, info.tail});
  info.tail = span.tail;
  info.in_network += span.tail - entered;
  bytes_carried_ += Bytes(bytes);
  return span;
}

void CrossbarModule::respond(tlm::tlm_generic_payload& payload, Picoseconds at) {
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  info_of(payload).tail = std::max(info_of(payload).tail, at);
  sc_core::sc_time delay = to_sc_time(at - time_.now());
  (*from_cores_[info_of(payload).source])->nb_transport_bw(payload, phase, delay);
}

}  // namespace simdse
