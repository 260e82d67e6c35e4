#include "models/noc/noc_module.h"

#include <algorithm>
#include <iterator>

namespace simdse {
namespace {
// Tokens of on_time.
constexpr std::uint64_t kOutgoing = 0;
constexpr std::uint64_t kIncoming = 1;

template <class EndpointOf>
std::vector<std::int64_t> endpoints(std::int64_t ports, EndpointOf&& endpoint_of) {
  std::vector<std::int64_t> result;
  for (std::int64_t port = 0; port < ports; ++port) result.push_back(endpoint_of(port));
  return result;
}
}  // namespace

NocModule::NocModule(const sc_core::sc_module_name& name, TimeService& time, const Chip& chip,
                     const CoreFactory& make_core)
    : sc_module(name),
      time_(time),
      noc_(chip.noc()),
      clock_(chip.clock()),
      make_core_(make_core),
      spread_{PortSpread(Interleave(noc_.buffer_ports(), chip.buffer().interleave().value()),
                         endpoints(noc_.buffer_ports(),
                                   [&](auto port) { return noc_.topology().buffer_port(port); })),
              PortSpread(Interleave(noc_.memory_ports(), chip.memory().interleave().value()),
                         endpoints(noc_.memory_ports(),
                                   [&](auto port) { return noc_.topology().memory_port(port); }))},
      core_(make_core(noc_, clock_)),
      outgoing_(chip.core_count()),
      incoming_(chip.core_count()) {
  for (std::size_t i = 0; i < chip.core_count(); ++i) {
    from_cores_.push_back(
        std::make_unique<CoreSocket>(("core" + std::to_string(i)).c_str(), *this, i));
  }
  for (const int target : {kBuffer, kMemory}) {
    to_targets_.push_back(std::make_unique<Target>(target == kBuffer ? "buffer" : "memory", *this,
                                                   static_cast<std::size_t>(target)));
  }
  const Topology& topology = noc_.topology();
  near_ = endpoints(static_cast<std::int64_t>(chip.core_count()),
                    [&](auto core) { return topology.core(core); });
  for (const int target : {kBuffer, kMemory}) {
    for (std::size_t core = 0; core < chip.core_count(); ++core) {
      for (const std::int64_t far : spread_[target].endpoints()) {
        latency_[target].push_back(clock_.span(Cycles(topology.latency(near_[core], far))));
      }
    }
  }
  const auto is_as_the_first = [this](Picoseconds latency) {
    return latency == latency_[kMemory].front();
  };
  is_latency_uniform_ = std::all_of(std::begin(latency_), std::end(latency_), [&](const auto& all) {
    return std::all_of(all.begin(), all.end(), is_as_the_first);
  });
  time_.join(*this, this->name());
}

std::vector<std::string> NocModule::resource_names() const {
  std::vector<std::string> names;
  for (std::int64_t link = 0; link < noc_.topology().links(); ++link) {
    names.push_back(noc_.topology().link_name(link));
  }
  return names;
}

// On the way of every transfer: always inlined.
[[gnu::always_inline]] inline Picoseconds NocModule::latency(
    const tlm::tlm_generic_payload& payload, std::int64_t address) const {
  if (is_latency_uniform_) return latency_[kMemory].front();
  const int target = target_of(address);
  const std::int64_t port =
      spread_[target].interleave().unit_of(address - (target == kBuffer ? kBufferBase : 0));
  return latency_[target][info_of(payload).source * spread_[target].endpoints().size() +
                          static_cast<std::size_t>(port)];
}

[[gnu::always_inline]] inline bool NocModule::request(int target_index,
                                                      tlm::tlm_generic_payload& payload,
                                                      Picoseconds at) {
  Target& target = *to_targets_[target_index];
  target.is_requesting = target.is_answering = true;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = to_sc_time(std::max<Picoseconds>(0, at - time_.now()));
  const std::int64_t base = target_index == kBuffer ? kBufferBase : 0;
  payload.set_address(payload.get_address() - static_cast<sc_dt::uint64>(base));
  const tlm::tlm_sync_enum answer = target.socket.send(payload, phase, delay);
  target.is_answering = false;
  if (answer == tlm::TLM_UPDATED && phase == tlm::END_REQ) target.is_requesting = false;
  return !target.is_requesting;
}

[[gnu::always_inline]] inline void NocModule::respond(tlm::tlm_generic_payload& payload,
                                                      Picoseconds at) {
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  info_of(payload).tail = std::max(info_of(payload).tail, at);
  sc_core::sc_time delay = to_sc_time(at - time_.now());
  from_cores_[info_of(payload).source]->send_back(payload, phase, delay);
}

[[gnu::always_inline]] inline NocCore::Span NocModule::carry(const Data& data) {
  TransferInfo& info = info_of(*data.payload);
  const auto bytes = static_cast<std::int64_t>(data.payload->get_data_length());
  const Picoseconds entered = std::max(info.tail, time_.now());
  const auto address = static_cast<std::int64_t>(data.payload->get_address());
  const int target = target_of(address);
  const std::vector<NocCore::Transfer::Piece>& pieces =
      spread_[target].of(target == kBuffer ? address - kBufferBase : address, info.pieces);
  NocCore& core = is_private_ ? private_core(info.stream) : *core_;
  const NocCore::Span span =
      core.carry(time_.now(), {near_[info.source], data.to_core, info.tail, pieces});
  info.tail = span.tail;
  info.in_network += span.tail - entered;
  bytes_carried_ += Bytes(bytes);
  return span;
}

tlm::tlm_sync_enum NocModule::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                      sc_core::sc_time& delay, std::size_t core) {
  if (phase != tlm::BEGIN_REQ) SC_REPORT_FATAL("simdse/noc", "unexpected phase");
  const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
  if (payload.is_write()) {
    // Data first waits for the network's ports, and is taken in at once.
    if (outgoing_.add(at, core, {&payload, false})) {
      time_.call_at(at, Stage::request_network, *this, kOutgoing);
    }
    phase = tlm::END_REQ;
    delay = sc_core::SC_ZERO_TIME;
    return tlm::TLM_UPDATED;
  }
  const int target = target_of(payload);
  const Picoseconds way = latency(payload, static_cast<std::int64_t>(payload.get_address()));
  info_of(payload).in_network += way;
  Fifo<Target::Waiting>& waiting = to_targets_[target]->waiting;
  if (!waiting.empty() || !request(target, payload, at + way)) {
    waiting.push_back({&payload, at + way, true});
    return tlm::TLM_ACCEPTED;
  }
  phase = tlm::END_REQ;
  delay = sc_core::SC_ZERO_TIME;
  return tlm::TLM_UPDATED;
}

void NocModule::send(int target_index) {
  Target& target = *to_targets_[target_index];
  while (!target.waiting.empty() && !target.is_requesting) {
    const Target::Waiting& next = target.waiting.front();
    if (request(target_index, *next.payload, next.at)) accepted(target);
  }
}

void NocModule::accepted(Target& target) {
  const Target::Waiting request = target.waiting.front();
  target.waiting.pop_front();
  target.is_requesting = false;
  if (!request.owes_end_request) return;
  tlm::tlm_phase phase = tlm::END_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  from_cores_[info_of(*request.payload).source]->send_back(*request.payload, phase, delay);
}

tlm::tlm_sync_enum NocModule::backward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                       sc_core::sc_time& delay, std::size_t target) {
  if (to_targets_[target]->is_answering) {
    SC_REPORT_FATAL("simdse/noc", "a target calls back before it returns");
  }
  if (phase == tlm::END_REQ) {
    accepted(*to_targets_[target]);
    send(static_cast<int>(target));
    return tlm::TLM_ACCEPTED;
  }
  const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
  const std::int64_t address =
      static_cast<std::int64_t>(payload.get_address()) + (target == kBuffer ? kBufferBase : 0);
  if (payload.is_write()) {
    const Picoseconds way = latency(payload, address);
    info_of(payload).in_network += way;
    respond(payload, at + way);
  } else {
    // The network needs to know which far port the data comes from.
    payload.set_address(static_cast<sc_dt::uint64>(address));
    if (incoming_.add(at, info_of(payload).source, {&payload, true})) {
      time_.call_at(at, Stage::response_network, *this, kIncoming);
    }
  }
  phase = tlm::END_RESP;
  return tlm::TLM_COMPLETED;
}

void NocModule::on_time(std::uint64_t token) {
  // Not twice: for those that arrive alone, and for those that don't.
  const auto pass = [this](Data data) __attribute__((noinline)) {
    const NocCore::Span span = carry(data);
    if (data.to_core) {
      respond(*data.payload, span.head);
      return;
    }
    const int target = target_of(*data.payload);
    Fifo<Target::Waiting>& waiting = to_targets_[target]->waiting;
    if (!waiting.empty() || !request(target, *data.payload, span.head)) {
      waiting.push_back({data.payload, span.head, false});
    }
  };
  (token == kOutgoing ? outgoing_ : incoming_).deliver(time_.now(), pass);
}

NocCore& NocModule::private_core(std::uint32_t stream) {
  std::unique_ptr<NocCore>& own = private_cores_[stream];
  if (own == nullptr) own = make_core_(noc_, clock_);
  return *own;
}

}  // namespace simdse
