// A collective step by step: its messages, and what each of them waits for.
#pragma once

#include <cstddef>
#include <vector>

#include "models/network/collective.h"

namespace simdse {

/// What a message waits for.
struct Prerequisite {
  enum class Kind : std::uint8_t {
    delivered,  ///< it brought something that is sent on
    sent,       ///< it goes first: the last byte of it has left the chip
    begun       ///< it waits for all that this one waits for
  };
  std::uint32_t message = 0;
  Kind kind = Kind::delivered;
};

/// The messages in an order in which each follows what it waits for. A message whose chips have
/// nothing to wait for may leave as soon as its sender takes part.
class CollectiveSteps {
 public:
  std::size_t size() const { return messages_.size(); }
  const CollectiveMessage& message(std::size_t i) const { return messages_[i]; }
  /// First and end of what message `i` waits for.
  const Prerequisite* begin(std::size_t i) const { return waits_.data() + first_[i]; }
  const Prerequisite* end(std::size_t i) const { return waits_.data() + first_[i + 1]; }

  /// Returns the number of the new message.
  std::uint32_t add(const CollectiveMessage& message, const std::vector<Prerequisite>& waits);

 private:
  std::vector<CollectiveMessage> messages_;
  std::vector<std::size_t> first_ = {0};  // into waits_, one more than messages
  std::vector<Prerequisite> waits_;
};

/// Messages without bytes (more chips than bytes) are there as well: they keep the order. Throws
/// InputError.
CollectiveSteps collective_steps(const Interconnect& network, const CollectiveRequest& request);

}  // namespace simdse
