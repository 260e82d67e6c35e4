#include "models/link/serdes_core.h"

#include <algorithm>
#include <cmath>

namespace simdse {

SerdesCore::SerdesCore(const Serdes& link)
    : picoseconds_per_byte_(1e12 / link.line_rate().value()),
      copy_picoseconds_per_byte_(
          link.copy_rate() > BytesPerSecond(0) ? 1e12 / link.copy_rate().value() : 0),
      packet_(link.packet().value()),
      header_(link.header().value()),
      latency_(to_picoseconds(link.latency())),
      window_(static_cast<std::size_t>(link.window())) {}

Picoseconds SerdesCore::serialisation(std::int64_t data) const {
  return static_cast<Picoseconds>(
      std::ceil(std::max(static_cast<double>(data + header_) * picoseconds_per_byte_,
                         static_cast<double>(data) * copy_picoseconds_per_byte_)));
}

void SerdesCore::begin(Picoseconds now, std::int64_t bytes, Picoseconds tail) {
  left_ = bytes;
  earliest_ = now;
  source_tail_ = tail;
  head_ = kNever;
  is_accepted_ = false;
  unaccepted_.emplace_back();
}

bool SerdesCore::send() {
  while (left_ > 0) {
    Picoseconds start = std::max(earliest_, line_free_);
    if (credit_times_.size() + held_ == window_) {
      if (credit_times_.empty()) return false;
      start = std::max(start, credit_times_.front());
      credit_times_.pop_front();
    }
    const std::int64_t data = std::min(left_, packet_);
    left_ -= data;
    line_free_ = start + serialisation(data);
    // The last packet can't be whole before its data is.
    if (left_ == 0) line_free_ = std::max(line_free_, source_tail_);
    const Picoseconds arrival = line_free_ + latency_;
    if (head_ == kNever) head_ = start + latency_;
    tail_ = arrival;
    if (is_accepted_) {
      credit_times_.push_back(std::max(arrival, accepted_at_) + latency_);
    } else {
      unaccepted_.back().arrivals.push_back(arrival);
      ++held_;
    }
  }
  return true;
}

void SerdesCore::accept(Picoseconds now) {
  for (const Picoseconds arrival : unaccepted_.front().arrivals) {
    credit_times_.push_back(std::max(arrival, now) + latency_);
    --held_;
  }
  unaccepted_.pop_front();
  if (unaccepted_.empty()) {
    is_accepted_ = true;
    accepted_at_ = now;
  }
}

}  // namespace simdse
