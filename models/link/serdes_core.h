// One direction of a serial link: packets, credits, and the line between.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "models/base/clock.h"
#include "models/link/serdes.h"

namespace simdse {

/// Transfers are sent one after the other, cut into packets. A packet leaves when the line is free
/// and a credit is there; its place in the receiver's buffer is taken from then on, until the
/// transfer has been accepted at the far side and the packet has arrived, and the credit has come
/// back. Credits and acknowledgements take the latency, and no time of the line: they ride in
/// packets' headers.
class SerdesCore {
 public:
  explicit SerdesCore(const Serdes& link);

  /// True when the transfer before has been sent whole.
  bool is_idle() const { return left_ == 0; }

  /// Begins a transfer; its last byte is at the sender at `tail`. Only when idle.
  void begin(Picoseconds now, std::int64_t bytes, Picoseconds tail);

  /// Sends what credits allow of the transfer begun last. True when it has been sent whole.
  bool send();

  /// The oldest transfer that has not been accepted is, from `now` on.
  void accept(Picoseconds now);

  /// Of the transfer begun last: whether a packet of it has left, when its first byte arrives, and
  /// when the last byte of what has been sent arrives.
  bool has_head() const { return head_ != kNever; }
  Picoseconds head() const { return head_; }
  Picoseconds tail() const { return tail_; }

  /// When the line has nothing more of what has been sent.
  Picoseconds line_free() const { return line_free_; }
  Picoseconds latency() const { return latency_; }
  /// Time of a packet with `data` bytes of data on the line, or of making it ready if that takes
  /// longer.
  Picoseconds serialisation(std::int64_t data) const;

 private:
  struct Waiting {
    std::vector<Picoseconds> arrivals;  ///< of packets that are at the receiver, or on the way
  };

  double picoseconds_per_byte_;
  double copy_picoseconds_per_byte_;  ///< of data; 0: none
  std::int64_t packet_;
  std::int64_t header_;
  Picoseconds latency_;
  std::size_t window_;
  Picoseconds line_free_ = 0;
  std::int64_t left_ = 0;        // bytes to send of the transfer begun last
  Picoseconds earliest_ = 0;     // of the transfer begun last
  Picoseconds source_tail_ = 0;  // of the transfer begun last
  Picoseconds head_ = kNever;
  Picoseconds tail_ = 0;
  std::deque<Waiting> unaccepted_;        // transfers, oldest first
  std::size_t held_ = 0;                  // packets of those
  bool is_accepted_ = true;               // the transfer begun last
  Picoseconds accepted_at_ = 0;           // the same
  std::deque<Picoseconds> credit_times_;  // ascending: when a credit is, or was, back
};

}  // namespace simdse
