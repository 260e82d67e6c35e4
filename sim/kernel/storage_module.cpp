#include "sim/kernel/storage_module.h"

#include <algorithm>

namespace simdse {
namespace {
// A transfer's way through a storage, a network and a port is a chain of short functions, each
// called in one or two places: those are always inlined.

// Tokens of on_time.
constexpr std::uint64_t kServe = 0;
constexpr std::uint64_t kAdmit = 1;

StorageRequest request_of(const tlm::tlm_generic_payload& payload, const TransferInfo& info,
                          const TransferPiece& piece) {
  return {payload.is_write(), static_cast<std::int64_t>(payload.get_address()) + piece.offset,
          piece.bytes, info.stream};
}
}  // namespace

StorageModule::StorageModule(const sc_core::sc_module_name& name, TimeService& time,
                             std::unique_ptr<StorageCore> core, std::size_t ports,
                             std::size_t sources, bool is_memory,
                             std::size_t transactions_per_entry)
    : sc_module(name),
      time_(time),
      core_(std::move(core)),
      deferred_(core_->deferred()),
      // An endless queue stays as long as can be counted.
      queue_depth_(std::min(core_->queue_depth(), ~std::size_t{0} / transactions_per_entry) *
                   transactions_per_entry),
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
  const Picoseconds now = time_.now();
  while (!finishing_.empty() && finishing_.front() <= now) finishing_.pop_front();
}

/// Puts it in its place among the others, mostly the last.
[[gnu::always_inline]] inline void StorageModule::note_finish(Picoseconds tail) {
  constexpr std::size_t few = 16;  // several are forgotten at a time
  if (finishing_.size() >= few) forget_finished();
  finishing_.push_back(tail);
  for (std::size_t i = finishing_.size() - 1; i > 0 && finishing_[i - 1] > tail; --i) {
    std::swap(finishing_[i - 1], finishing_[i]);
  }
}

bool StorageModule::has_room() {
  const auto seems_to = [this] { return waiting_ + finishing_.size() < queue_depth_; };
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

[[gnu::always_inline]] inline void StorageModule::arrive(std::size_t port,
                                                         tlm::tlm_generic_payload& payload,
                                                         Picoseconds at) {
  ++waiting_;
  const bool is_first = arrivals_.add(at, info_of(payload).source, {&payload, port});
  if (is_first) time_.call_at(at, Stage::storage, *this, kServe);
}

tlm::tlm_sync_enum StorageModule::forward(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                          sc_core::sc_time& delay, std::size_t port) {
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

[[gnu::always_inline]] inline void StorageModule::answer(std::size_t port,
                                                         tlm::tlm_generic_payload& payload,
                                                         Picoseconds since,
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
  sc_core::sc_time delay = to_sc_time(head - now);
  const tlm::tlm_sync_enum answered = sockets_[port]->send_back(payload, phase, delay);
  if (answered != tlm::TLM_COMPLETED) {
    SC_REPORT_FATAL("simdse/storage", "a response must be completed at once");
  }
}

void StorageModule::serve(std::size_t port, tlm::tlm_generic_payload& payload) {
  const Picoseconds now = time_.now();
  const TransferInfo& info = info_of(payload);
  StorageSpan span{kNever, now};
  for (const TransferPiece& piece : info.pieces) {
    span.add(core_->serve(now, request_of(payload, info, piece)));
  }
  answer(port, payload, now, span);
}

void StorageModule::on_time(std::uint64_t token) {
  if (token == kServe) {
    // Serving calls back into initiators, which may announce more.
    arrivals_.deliver(time_.now(), [this](const Arrived& arrived) {
      (arrived.payload->is_write() ? bytes_written_ : bytes_read_) +=
          Bytes(arrived.payload->get_data_length());
      if (deferred_ == nullptr) {
        serve(arrived.port, *arrived.payload);
      } else {
        submit(arrived.port, *arrived.payload);
      }
    });
  } else {
    is_waiting_for_room_ = false;
  }
  if (!blocked_.empty()) admit_blocked();
}

/// Asks for a call when the next transfer ends, unless one is coming already.
void StorageModule::wait_for_room() {
  if (is_waiting_for_room_) return;
  // Not those that end now: whoever asks may have been answered at once.
  while (!finishing_.empty() && finishing_.front() < time_.now()) finishing_.pop_front();
  if (finishing_.empty()) return;
  is_waiting_for_room_ = true;
  time_.call_at(finishing_.front(), Stage::storage, *this, kAdmit);
}

void StorageModule::submit(std::size_t port, tlm::tlm_generic_payload& payload) {
  const Picoseconds now = time_.now();
  const TransferInfo& info = info_of(payload);
  if (free_tags_.empty()) {
    free_tags_.push_back(submitted_.size());
    submitted_.emplace_back();
  }
  const std::uint64_t tag = free_tags_.back();
  free_tags_.pop_back();
  submitted_[tag] = {&payload, port, now, info.pieces.size(), {kNever, now}};
  for (const TransferPiece& piece : info.pieces) {
    deferred_->submit(now, request_of(payload, info, piece), tag);
  }
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

void StorageModule::admit_blocked() {
  while (!blocked_.empty() && has_room()) {
    const Blocked next = blocked_.front();
    blocked_.pop_front();
    arrive(next.port, *next.payload, std::max(next.at, time_.now()));
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    sockets_[next.port]->send_back(*next.payload, phase, delay);
  }
  if (!blocked_.empty()) wait_for_room();
}

}  // namespace simdse
