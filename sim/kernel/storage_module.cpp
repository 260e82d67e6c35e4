#include "sim/kernel/storage_module.h"

#include <algorithm>

namespace simdse {
namespace {
// Tokens of on_time.
constexpr std::uint64_t kServe = 0;
constexpr std::uint64_t kAdmit = 1;
}  // namespace

StorageModule::StorageModule(const sc_core::sc_module_name& name, TimeService& time,
                             std::unique_ptr<StorageCore> core, std::size_t ports,
                             std::size_t sources, bool is_memory)
    : sc_module(name),
      time_(time),
      core_(std::move(core)),
      deferred_(core_->deferred()),
      is_memory_(is_memory),
      arrivals_(sources) {
  for (std::size_t port = 0; port < ports; ++port) {
    sockets_.push_back(
        std::make_unique<Socket>(("port" + std::to_string(port)).c_str(), *this, port));
  }
  time_.join(*this, this->name());
  if (deferred_ != nullptr) deferred_->attach(time, std::string(this->name()) + ".core", *this);
}

void StorageModule::forget_finished() {
  while (!finishing_.empty() && finishing_.front() <= time_.now()) finishing_.pop_front();
}

/// Puts it in its place among the others, mostly the last.
void StorageModule::note_finish(Picoseconds tail) {
  forget_finished();
  finishing_.push_back(tail);
  for (std::size_t i = finishing_.size() - 1; i > 0 && finishing_[i - 1] > tail; --i) {
    std::swap(finishing_[i - 1], finishing_[i]);
  }
}

bool StorageModule::has_room() {
  const auto seems_to = [this] { return waiting_ + finishing_.size() < core_->queue_depth(); };
  if (seems_to()) return true;
  forget_finished();
  return seems_to();
}

std::size_t StorageModule::under_way() {
  forget_finished();
  const auto has_come = [this](const Blocked& blocked) { return blocked.at <= time_.now(); };
  return finishing_.size() + (submitted_.size() - free_tags_.size()) +
         static_cast<std::size_t>(std::count_if(blocked_.begin(), blocked_.end(), has_come));
}

void StorageModule::arrive(std::size_t port, tlm::tlm_generic_payload& payload, Picoseconds at) {
  ++waiting_;
  const bool is_first = arrivals_.add(at, info_of(payload).source, {&payload, port});
  if (is_first) time_.call_at(at, Stage::storage, *this, kServe);
}

tlm::tlm_sync_enum StorageModule::forward(std::size_t port, tlm::tlm_generic_payload& payload,
                                          tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_REQ) {
    SC_REPORT_FATAL("simdse/storage", "unexpected phase");
  }
  const Picoseconds at = time_.now() + static_cast<Picoseconds>(delay.value());
  if (!blocked_.empty() || !has_room()) {
    blocked_.push_back({port, &payload, at});
    wait_for_room();
    return tlm::TLM_ACCEPTED;
  }
  arrive(port, payload, at);
  phase = tlm::END_REQ;
  delay = sc_core::SC_ZERO_TIME;
  return tlm::TLM_UPDATED;
}

void StorageModule::on_time(std::uint64_t token) {
  if (token == kServe) {
    arrivals_.take_due(time_.now(), due_);
    // Serving calls back into initiators, which may announce more; `due_` is not touched by that.
    for (std::size_t i = 0; i < due_.size(); ++i) serve(due_[i].item.port, *due_[i].item.payload);
  } else {
    is_waiting_for_room_ = false;
  }
  if (!blocked_.empty()) admit_blocked();
}

/// Asks for a call when the next transfer ends, unless one is coming already.
void StorageModule::wait_for_room() {
  if (is_waiting_for_room_ || finishing_.empty()) return;
  is_waiting_for_room_ = true;
  time_.call_at(std::max(finishing_.front(), time_.now()), Stage::storage, *this, kAdmit);
}

void StorageModule::serve(std::size_t port, tlm::tlm_generic_payload& payload) {
  const Picoseconds now = time_.now();
  const TransferInfo& info = info_of(payload);
  (payload.is_write() ? bytes_written_ : bytes_read_) += Bytes(payload.get_data_length());
  StorageSpan span{kNever, now};
  std::uint64_t tag = 0;
  if (deferred_ != nullptr) {
    if (free_tags_.empty()) {
      free_tags_.push_back(submitted_.size());
      submitted_.emplace_back();
    }
    tag = free_tags_.back();
    free_tags_.pop_back();
    submitted_[tag] = {&payload, port, now, info.pieces.size(), span};
  }
  for (const TransferPiece& piece : info.pieces) {
    const StorageRequest request{payload.is_write(),
                                 static_cast<std::int64_t>(payload.get_address()) + piece.offset,
                                 piece.bytes, info.stream};
    if (deferred_ == nullptr) {
      span.add(core_->serve(now, request));
    } else {
      deferred_->submit(now, request, tag);
    }
  }
  if (deferred_ == nullptr) answer(port, payload, now, span);
}

void StorageModule::served(std::uint64_t tag, const StorageSpan& span) {
  Submitted& submitted = submitted_[tag];
  submitted.span.add(span);
  if (--submitted.pieces_left > 0) return;
  const Submitted done = submitted;
  free_tags_.push_back(tag);
  answer(done.port, *done.payload, done.since, done.span);
  if (!blocked_.empty()) wait_for_room();
}

void StorageModule::answer(std::size_t port, tlm::tlm_generic_payload& payload, Picoseconds since,
                           const StorageSpan& span) {
  TransferInfo& info = info_of(payload);
  const Picoseconds now = time_.now();
  // A write is not complete before its own last byte has come.
  info.tail = std::max(span.tail, info.tail);
  (is_memory_ ? info.in_memory : info.in_buffer) += info.tail - since;
  --waiting_;
  note_finish(info.tail);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  const Picoseconds head = payload.is_write() ? info.tail : std::max(span.head, now);
  sc_core::sc_time delay = sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(head - now));
  const tlm::tlm_sync_enum answered = (*sockets_[port])->nb_transport_bw(payload, phase, delay);
  if (answered != tlm::TLM_COMPLETED) {
    SC_REPORT_FATAL("simdse/storage", "a response must be completed at once");
  }
}

void StorageModule::admit_blocked() {
  while (!blocked_.empty() && has_room()) {
    const Blocked next = blocked_.front();
    blocked_.pop_front();
    arrive(next.port, *next.payload, std::max(next.at, time_.now()));
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    (*sockets_[next.port])->nb_transport_bw(*next.payload, phase, delay);
  }
  if (!blocked_.empty()) wait_for_room();
}

}  // namespace simdse
