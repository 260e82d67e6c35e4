// A collective under way in a system's network.
#pragma once

#include <functional>
#include <unordered_map>
#include <vector>

#include "models/network/collective_steps.h"
#include "models/network/system_network.h"

namespace simdse {

/// Sends the messages of a collective, each as soon as what it waits for has happened and its
/// sender takes part; what arrives at a chip that does not yet take part waits there. Reductions of
/// what arrives take no time of their own: memory and vector cores are faster than links.
class CollectiveRun : public MessageClient {
 public:
  /// Called when a chip of the group has all that it is to get, and has sent all that it is to
  /// send.
  using Done = std::function<void(std::int32_t chip)>;

  /// `steps` must live as long as this.
  CollectiveRun(SystemNetwork& network, TimeService& time, const CollectiveSteps& steps,
                const std::vector<std::int32_t>& group, Done done = {});

  /// The chip takes part from now on. Once for each chip of the group.
  void arrive(std::int32_t chip);
  /// All do.
  void arrive_all();

  bool is_done() const { return chips_left_ == 0; }
  /// When the last chip was done.
  Picoseconds finished() const { return finished_; }
  std::size_t messages_delivered() const { return delivered_; }

 private:
  struct Member {
    std::vector<std::uint32_t> first;  ///< its messages that wait for nobody else
    std::size_t left = 1;              ///< messages to send or receive, and one for its arrival
  };

  void message_sent(std::uint64_t token) override;
  void message_delivered(std::uint64_t token) override;
  void release(std::uint32_t message, Prerequisite::Kind kind);
  void satisfy(std::uint32_t message);
  void start(std::uint32_t message);
  void count_down(std::int32_t chip);
  Member& member(std::int32_t chip) { return members_.at(chip); }

  SystemNetwork& network_;
  TimeService& time_;
  const CollectiveSteps& steps_;
  Done done_;
  std::unordered_map<std::int32_t, Member> members_;
  std::vector<std::uint32_t> waits_;  // by message: what has to happen, its sender's part included
  std::vector<std::size_t> first_waiter_;  // by message, into waiters_; one more than messages
  /// Who waits for a message, and which kind of event.
  std::vector<Prerequisite> waiters_;
  std::size_t chips_left_;
  std::size_t delivered_ = 0;
  Picoseconds finished_ = 0;
};

}  // namespace simdse
