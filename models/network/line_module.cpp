#include "models/network/line_module.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace simdse {
namespace {

// Tokens of on_time: these, the address of a payload that is ready, or kPlace and up.
constexpr std::uint64_t kFinish = 0;
constexpr std::uint64_t kDecide = 1;
constexpr std::uint64_t kReady = 2;
constexpr std::uint64_t kPlace = 3;

Picoseconds delay_of(const sc_core::sc_time& delay) {
  return static_cast<Picoseconds>(delay.value());
}

sc_core::sc_time to_delay(Picoseconds time) {
  return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(time));
}

}  // namespace

LineModule::LineModule(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
                       MessageTable& messages, const Line& line, const NetworkParams& params)
    : sc_module(name),
      in("in"),
      out("out"),
      time_(time),
      pool_(pool),
      messages_(messages),
      picoseconds_per_byte_(1e12 / line.bandwidth.value()),
      latency_(to_picoseconds(line.latency)),
      queue_bytes_(params.queue.value()),
      segment_bytes_(params.segment.value()) {
  in.register_nb_transport_fw(this, &LineModule::nb_transport_fw);
  out.register_nb_transport_bw(this, &LineModule::nb_transport_bw);
  time_.join(*this, this->name());
}

std::size_t LineModule::places_for(std::int32_t next_line, std::int32_t place_class) {
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i].next_line == next_line && places_[i].place_class == place_class) return i;
  }
  places_.push_back({next_line, place_class, queue_bytes_, {}, {}});
  return places_.size() - 1;
}

Picoseconds LineModule::serialisation(std::int64_t bytes) const {
  return static_cast<Picoseconds>(std::ceil(static_cast<double>(bytes) * picoseconds_per_byte_));
}

tlm::tlm_sync_enum LineModule::nb_transport_fw(tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_REQ) SC_REPORT_FATAL("simdse/line", "unexpected phase");
  const Picoseconds head = time_.now() + delay_of(delay);
  const Picoseconds ready =
      std::max(head, info_of(payload).tail - serialisation(payload.get_data_length()));
  if (ready <= time_.now()) {
    enqueue(payload);
  } else {
    // From one line they come in order, but several lines lead here.
    const auto later =
        std::upper_bound(coming_.begin(), coming_.end(), ready,
                         [](Picoseconds at, const Coming& other) { return at < other.ready; });
    coming_.insert(later, {ready, &payload});
    time_.call_at(ready, Stage::arrival, *this, kReady);
  }
  phase = tlm::END_REQ;
  delay = sc_core::SC_ZERO_TIME;
  return tlm::TLM_UPDATED;
}

void LineModule::enqueue(tlm::tlm_generic_payload& payload) {
  Message& message = messages_[info_of(payload).tag];
  cut_run();
  std::int64_t& turn = message.turns[info_of(payload).stream];
  const std::int64_t begin = std::max(turn, turn_);
  turn = begin + payload.get_data_length();
  push({begin, message.key, &payload});
  ask_for_decision();
}

void LineModule::push(const Segment& segment) {
  queue_.push_back(segment);
  std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
}

void LineModule::ask_for_decision() {
  if (is_deciding_ || on_line_ != nullptr || queue_.empty()) return;
  is_deciding_ = true;
  time_.call_at(time_.now(), Stage::request_network, *this, kDecide);
}

void LineModule::on_time(std::uint64_t token) {
  switch (token) {
    case kFinish:
      // That of a run which has been cut comes too late.
      if (on_line_ != nullptr && time_.now() == line_is_free_) finish();
      return;
    case kDecide:
      is_deciding_ = false;
      return decide();
    case kReady: {
      tlm::tlm_generic_payload& payload = *coming_.front().payload;
      coming_.pop_front();
      return enqueue(payload);
    }
    default: {
      Places& places = places_[token - kPlace];
      places.room += places.coming_back.front();
      places.coming_back.pop_front();
      if (!places.waiting.empty()) cut_run();
      for (const Segment& segment : places.waiting) push(segment);
      places.waiting.clear();
      return ask_for_decision();
    }
  }
}

void LineModule::decide() {
  while (!queue_.empty() && on_line_ == nullptr) {
    std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
    const Segment segment = queue_.back();
    queue_.pop_back();
    const MessageRoute& route = *messages_[info_of(*segment.payload).tag].route;
    const std::size_t hop = info_of(*segment.payload).stream;
    if (hop + 1 < route.hops.size()) {
      Places& places = places_[route.places[hop]];
      const std::int64_t bytes = segment.payload->get_data_length();
      if (places.room < bytes) {
        places.waiting.push_back(segment);
        continue;
      }
      places.room -= bytes;
    }
    send(segment);
  }
}

void LineModule::send(const Segment& segment) {
  on_line_ = segment.payload;
  turn_ = std::max(turn_, segment.turn);
  const std::int64_t bytes = segment.payload->get_data_length();
  run_ = find_run();
  if (run_) {
    line_is_free_ = time_.now() + run_time(run_->bytes);
  } else {
    line_is_free_ = time_.now() + serialisation(bytes);
    busy_ += line_is_free_ - time_.now();
    bytes_carried_ += Bytes(bytes);
    announce(*on_line_, bytes, line_is_free_ + latency_, 0);
  }
  time_.call_at(line_is_free_, Stage::arrival, *this, kFinish);
}

std::optional<LineModule::Run> LineModule::find_run() {
  const TransferInfo& info = info_of(*on_line_);
  Message& message = messages_[info.tag];
  // Without a latency the receiver would hear of a run's end later than of a segment's.
  const bool is_possible =
      queue_.empty() && message.to_inject > 0 && message.route->hops.size() == 1 && latency_ > 0;
  if (!is_possible) return {};
  // What a payload's length can say.
  constexpr std::int64_t most_bytes = std::int64_t{1} << 31;
  const std::int64_t bytes =
      std::min(on_line_->get_data_length() + message.to_inject,
               std::max(most_bytes / segment_bytes_, std::int64_t{1}) * segment_bytes_);
  return Run{time_.now(), bytes, std::max(message.turns[info.stream], turn_)};
}

Picoseconds LineModule::run_time(std::int64_t bytes) const {
  return bytes / segment_bytes_ * serialisation(segment_bytes_) +
         serialisation(bytes % segment_bytes_);
}

std::int64_t LineModule::turn_of_run(std::int64_t begun) const {
  return begun == 1 ? turn_ : run_->second_turn + (begun - 2) * segment_bytes_;
}

void LineModule::cut_run() {
  if (!run_) return;
  const Picoseconds per_segment = serialisation(segment_bytes_);
  const std::int64_t begun =
      std::max<std::int64_t>(1, ceil_div(time_.now() - run_->began, per_segment));
  turn_ = turn_of_run(begun);
  if (begun * segment_bytes_ >= run_->bytes) return;
  run_->bytes = begun * segment_bytes_;
  line_is_free_ = run_->began + begun * per_segment;
  time_.call_at(line_is_free_, Stage::arrival, *this, kFinish);
}

void LineModule::end_run() {
  const TransferInfo& info = info_of(*on_line_);
  Message& message = messages_[info.tag];
  const std::int64_t further = run_->bytes - on_line_->get_data_length();
  message.to_inject -= further;
  message.segments_under_way -= ceil_div(further, segment_bytes_);
  if (further > 0) message.turns[info.stream] = run_->second_turn + further;
  turn_ = turn_of_run(ceil_div(run_->bytes, segment_bytes_));
  busy_ += time_.now() - run_->began;
  bytes_carried_ += Bytes(run_->bytes);
  announce(*on_line_, run_->bytes, time_.now() + latency_, time_.now() - run_->began);
  run_.reset();
}

void LineModule::announce(tlm::tlm_generic_payload& leaving, std::int64_t bytes, Picoseconds tail,
                          Picoseconds in_network) {
  const TransferInfo& from = info_of(leaving);
  tlm::tlm_generic_payload& next = pool_.acquire(
      tlm::TLM_WRITE_COMMAND, {{static_cast<std::int64_t>(leaving.get_address()), bytes}});
  TransferInfo& info = info_of(next);
  info.tag = from.tag;
  info.source = from.source;
  info.stream = from.stream + 1;
  info.tail = tail;
  info.in_network = in_network;
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = to_delay(latency_);
  out->nb_transport_fw(next, phase, delay);
}

void LineModule::finish() {
  if (run_) end_run();
  tlm::tlm_generic_payload& payload = *on_line_;
  on_line_ = nullptr;
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  info_of(payload).tail = time_.now();
  tlm::tlm_phase phase = tlm::BEGIN_RESP;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  in->nb_transport_bw(payload, phase, delay);
  ask_for_decision();
}

tlm::tlm_sync_enum LineModule::nb_transport_bw(tlm::tlm_generic_payload& payload,
                                               tlm::tlm_phase& phase, sc_core::sc_time& delay) {
  if (phase != tlm::BEGIN_RESP) SC_REPORT_FATAL("simdse/line", "unexpected phase");
  const TransferInfo& info = info_of(payload);
  const std::size_t hop = info.stream - 1;
  const MessageRoute& route = *messages_[info.tag].route;
  if (hop + 1 < route.hops.size()) {
    const std::size_t place = route.places[hop];
    places_[place].coming_back.push_back(payload.get_data_length());
    time_.call_at(time_.now() + delay_of(delay) + latency_, Stage::arrival, *this, kPlace + place);
  }
  payload.release();
  phase = tlm::END_RESP;
  return tlm::TLM_COMPLETED;
}

}  // namespace simdse
