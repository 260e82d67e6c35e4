// Messages on their way through a system's network.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <vector>

#include "models/base/clock.h"
#include "models/network/interconnect.h"

namespace simdse {

/// Who sends messages, and is told how they fare.
class MessageClient {
 public:
  virtual ~MessageClient() = default;
  /// The last byte has left the sender, whose memory may be used again.
  virtual void message_sent(std::uint64_t token) = 0;
  /// The last byte is at the receiver.
  virtual void message_delivered(std::uint64_t token) = 0;
};

/// The way between two chips, shared by all messages that take it.
struct MessageRoute {
  std::vector<Hop> hops;
  /// By hop but the last one: which of its line's counts of places the message waits in behind it.
  std::vector<std::size_t> places;
  std::uint64_t key = 0;   ///< sender, and the receiver's turn, see SystemNetwork::route()
  std::uint64_t sent = 0;  ///< messages so far
};

struct Message {
  MessageRoute* route = nullptr;
  MessageClient* client = nullptr;
  std::uint64_t token = 0;
  /// Decides between messages that are equally entitled to a line: by sender, the receiver's turn,
  /// and age.
  std::uint64_t key = 0;
  std::int64_t bytes = 0;
  std::int64_t to_inject = 0;           ///< bytes that no line has been given yet
  std::int64_t segments_under_way = 0;  ///< not at the receiver, those to inject included
  /// By hop: where the message's turn on the line ends, in bytes; see LineModule.
  boost::container::small_vector<std::int64_t, 4> turns;
};

/// What the header of a packet would say, for all modules of one network: payloads carry a
/// message's number here as `tag`, and as `stream` the number of hops behind them.
class MessageTable {
 public:
  std::uint64_t add(Message message) {
    ++under_way_;
    if (idle_.empty()) {
      messages_.push_back(std::move(message));
      return messages_.size() - 1;
    }
    const std::uint64_t number = idle_.back();
    idle_.pop_back();
    messages_[number] = std::move(message);
    return number;
  }
  void remove(std::uint64_t number) {
    --under_way_;
    idle_.push_back(number);
  }
  Message& operator[](std::uint64_t number) { return messages_[number]; }
  std::size_t under_way() const { return under_way_; }

 private:
  std::deque<Message> messages_;
  std::vector<std::uint64_t> idle_;
  std::size_t under_way_ = 0;
};

}  // namespace simdse
