// Chips of which every two are joined by links of their own.
#pragma once

#include "models/network/interconnect.h"

namespace simdse {

class FullyConnected : public Interconnect {
 public:
  FullyConnected(const NetworkConfig& config, const Link& link, double links)
      : Interconnect(config, static_cast<std::int32_t>(config.chips())) {
    for (std::int32_t from = 0; from < chips(); ++from) {
      for (std::int32_t to = 0; to < chips(); ++to) {
        if (from != to) add_line(from, to, link, links / (chips() - 1));
      }
    }
    slow_down();
  }

  void route(std::int32_t from, std::int32_t to, RingWay, std::vector<Hop>& hops) const override {
    hops.assign(1, {from * (chips() - 1) + to - (to > from ? 1 : 0), 0});
  }
};

}  // namespace simdse
