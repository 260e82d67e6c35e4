// Chips joined by switches, in one level or two.
#pragma once

#include "models/network/interconnect.h"

namespace simdse {

/// All chips on one switch, each with all of its links. The switch carries what its ports carry;
/// messages contend for the line to the chip that they go to.
class SwitchedInterconnect : public Interconnect {
 public:
  SwitchedInterconnect(const NetworkConfig& config, const Link& link, double links);

  void route(std::int32_t from, std::int32_t to, RingWay way,
             std::vector<Hop>& hops) const override;
};

/// Chips on the switch of their node, with all of their links, and an upper switch that joins the
/// nodes: by ports of every chip (adapters), or by ports of every node's switch. Within a node
/// messages take its switch; between nodes the upper one.
class TwoLevelInterconnect : public Interconnect {
 public:
  TwoLevelInterconnect(const NetworkConfig& config, const Link& link, double links,
                       const Link& upper);

  void route(std::int32_t from, std::int32_t to, RingWay way,
             std::vector<Hop>& hops) const override;
  std::string node_name(std::int32_t node) const override;

 private:
  std::int32_t per_node_;
  bool chips_have_ports_;
  std::int32_t upper_lines_ = 0;  ///< the first line to or from the upper switch
};

}  // namespace simdse
