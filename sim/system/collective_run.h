// A collective under way in a system's network.
#pragma once

#include <functional>
#include <vector>

#include "models/network/system_network.h"
#include "sim/system/collective_order.h"

namespace simdse {

/// Sends the messages of a collective, each as soon as what it waits for has happened. Reductions
/// of what arrives take no time of their own: memory and vector cores are faster than links.
class CollectiveRun : public MessageClient {
 public:
  /// Called when a member of the group has all that it is to get, and has sent all that it is to
  /// send. The run may be destroyed some time after that of the last member, not within it.
  using Done = std::function<void(std::size_t member)>;

  /// `order` must live as long as this.
  CollectiveRun(SystemNetwork& network, TimeService& time, const CollectiveOrder& order,
                Done done = {});

  /// All members take part from now on. Once.
  void start();

  bool is_done() const { return members_left_ == 0; }
  /// When the last member was done.
  Picoseconds finished() const { return finished_; }
  std::size_t messages_delivered() const { return delivered_; }

 private:
  void message_sent(std::uint64_t token) override;
  void message_delivered(std::uint64_t token) override;
  void release(std::uint32_t message, Prerequisite::Kind kind);
  void satisfy(std::uint32_t message);
  void count_down(std::size_t member);

  SystemNetwork& network_;
  TimeService& time_;
  const CollectiveOrder& order_;
  Done done_;
  std::vector<std::uint32_t> waits_;  // by message: what has yet to happen
  std::vector<std::size_t> left_;     // by member: ends of messages, and one for the start
  std::size_t members_left_;
  std::size_t delivered_ = 0;
  Picoseconds finished_ = 0;
};

}  // namespace simdse
