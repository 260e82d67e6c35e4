// What a network does under a load: by formula, and by running packets through it.
#pragma once

#include <cstdint>
#include <string>

#include "models/noc/packet_network.h"
#include "models/noc/traffic.h"

namespace simdse {

/// Every endpoint offers packets of `packet` flits at random (Bernoulli) times.
struct NetworkLoad {
  double rate = 0.1;  ///< flits per endpoint and cycle
  std::int64_t packet = 1;
  std::int64_t cycles = 20000;  ///< of the measurement, and as many before it to warm up
  std::uint64_t seed = 1;
};

struct LoadFigures {
  double mean_latency = 0;    ///< cycles from a packet's making to the arrival of its last flit
  double accepted_rate = 0;   ///< flits per endpoint and cycle
  bool is_saturated = false;  ///< the network can't carry what is offered
};

/// The closed form:
///   latency = mean over packets of (latency of the head alone + flits + sum of waits at links),
///   wait at a link of load u = u x packet / (2 (1 - u)): an M/D/1 queue, as if arrivals there were
///   random; infinite at or above the bound. Loads follow from the routes.
///   bound = the rate at which the most loaded link is always busy, or 1 if none ever is, which is
///   all that an endpoint offers. Routers reach less.
/// Beyond the bound, a source whose packets pass an overloaded link is held back to that link's
/// rate, as its packets leave in order.
struct LoadFormula {
  LoadFigures figures;
  double bound = 0;          ///< flits per endpoint and cycle
  std::string binding_link;  ///< the most loaded link, first of equals

  /// `link_rate`: flits that a link carries per cycle; infinite for an ideal network.
  static LoadFormula of(const Traffic& traffic, const NetworkLoad& load, double link_rate = 1);
};

/// Runs the load through the network. Packets made in the measurement are followed until they have
/// arrived, while the load goes on; at most `cycles` again. The network is saturated when, over the
/// measurement, what it holds back of some source has grown by more than 1 % of what that source
/// offered, and 8 packets, or when a packet has not arrived in the end; the latency is then that of
/// what has arrived, and depends on how long the run was.
LoadFigures run_load(PacketNetwork& network, const Traffic& traffic, const NetworkLoad& load);

}  // namespace simdse
