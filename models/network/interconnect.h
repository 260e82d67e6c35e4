// What joins the chips of a system: lines between nodes, and the way that a message takes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/base/units.h"
#include "models/chip/chip.h"
#include "models/network/network_config.h"

namespace simdse {

/// All links that lead from one node to another, in one direction: a message is spread over them
/// packet by packet, so that they count as one line of their common bandwidth.
struct Line {
  std::int32_t from = 0;  ///< node
  std::int32_t to = 0;    ///< node
  BytesPerSecond bandwidth;
  Seconds latency;   ///< from the first bit's leaving to its being taken in
  double links = 1;  ///< may be a fraction: see read_network
};

/// Which of two equally long ways around a ring a message takes. By `even` those from an even place
/// go forward and those from an odd one backward, so that both directions carry as much.
enum class RingWay : std::uint8_t { even, forward, backward };

/// One line on a message's way.
struct Hop {
  std::int32_t line = 0;
  /// Class of the places in which a message waits behind this line for the next one. Lines whose
  /// messages wait for each other in a circle would block for good; see TorusInterconnect.
  std::int32_t place_class = 0;
};

/// Nodes 0 to chips() - 1 are the chips, those above are switches. Immutable.
class Interconnect {
 public:
  virtual ~Interconnect() = default;

  std::int32_t chips() const { return chips_; }
  std::int32_t nodes() const { return static_cast<std::int32_t>(forward_latency_.size()); }
  const std::vector<Line>& lines() const { return lines_; }
  const NetworkConfig& config() const { return config_; }
  /// What a node needs to pass a message on: from a line's far end to the next one's near end.
  Seconds forward_latency(std::int32_t node) const {
    return forward_latency_[static_cast<std::size_t>(node)];
  }
  /// "chip3", "switch0", "spine".
  virtual std::string node_name(std::int32_t node) const;

  /// The lines from chip `from` to chip `to`, another one, in order, in place of what was in
  /// `hops`.
  virtual void route(std::int32_t from, std::int32_t to, RingWay way,
                     std::vector<Hop>& hops) const = 0;

  /// Sizes of the levels by which hierarchical collectives go, nearest first: a torus' dimensions,
  /// or chips per node and nodes. One entry where there is only one level.
  const std::vector<std::int64_t>& levels() const { return levels_; }

  /// From the first byte's leaving `from` to its being at `to` when nobody is in the way, with what
  /// the sender spends on a message.
  Seconds latency(const std::vector<Hop>& hops) const;

 protected:
  Interconnect(NetworkConfig config, std::int32_t chips);
  /// Adds a switch and returns its node.
  std::int32_t add_switch(Seconds forward_latency);
  std::int32_t add_line(std::int32_t from, std::int32_t to, const Link& link, double links);
  /// Called when all lines are there. Throws InputError for a slow link that is none.
  void slow_down();
  void set_levels(std::vector<std::int64_t> levels) { levels_ = std::move(levels); }

 private:
  NetworkConfig config_;
  std::int32_t chips_;
  std::vector<Seconds> forward_latency_;  // by node
  std::vector<Line> lines_;
  std::vector<std::int64_t> levels_;
};

/// Builds what `config` describes for chips like `chip`, whose links are taken where the network
/// has none of its own. Throws InputError when there are none at all.
std::shared_ptr<const Interconnect> make_interconnect(const NetworkConfig& config,
                                                      const Chip& chip);

}  // namespace simdse
