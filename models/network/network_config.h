// A system's network as data, before it is built.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/config_value.h"
#include "models/chip/design.h"

namespace simdse {

enum class NetworkTopology {
  ring,
  torus_2d,
  torus_3d,
  fully_connected,    ///< a line between any two chips
  switched,           ///< all chips on one switch
  switched_two_level  ///< nodes of chips on a switch each, joined by another switch
};

/// Names as files and options have them, in the enumeration's order.
const std::vector<std::string>& topology_names();

/// What is the same for every topology.
struct NetworkParams {
  Seconds forward_latency = Seconds(100e-9);
  Seconds send_overhead = Seconds(0);
  Bytes segment = Bytes(64 * 1024);
  Bytes queue = Bytes(1024 * 1024);
  static void declare(ParamTable<NetworkParams>& table);
};

/// The level above the nodes of a two-level network.
struct UpperLevel {
  /// Whether every chip has a port to the upper switch of its own (a network adapter per chip), or
  /// the node's switch has one for all of its chips.
  enum class Attach { chip, node };
  struct Params {
    Attach attach = Attach::chip;
    Seconds forward_latency = Seconds(300e-9);
    static void declare(ParamTable<Params>& table);
  };
  Params params;
  CoreGroupConfig links;  ///< of one chip or of one node, as `attach` says
};

/// A direction between two neighbours that has only a share of its bandwidth.
struct SlowLink {
  std::string from;  ///< node: "chip0", "switch0", ...
  std::string to;
  double share = 1;
  SourceLocation where;
};

struct NetworkConfig {
  NetworkTopology topology = NetworkTopology::ring;
  std::vector<std::int64_t> shape;  ///< of a torus or ring; else one number, the chips
  std::int64_t node = 0;            ///< chips per node, of two levels
  NetworkParams params;
  std::optional<CoreGroupConfig> links;  ///< of one chip; none: those of its design
  std::optional<UpperLevel> upper;       ///< of two levels
  std::vector<SlowLink> slow_links;

  std::int64_t chips() const;
};

/// A chip's network has at most this many chips, and this many when all are joined to all.
constexpr std::int64_t kMostChips = 4096;
constexpr std::int64_t kMostFullyConnected = 128;

/// Reads the member `network` of a system file. Throws InputError, e.g. when the product of `shape`
/// is not `chips`.
///
///   topology: torus_3d        # ring, torus_2d, torus_3d, fully_connected, switched, ...
///   shape: [4, 4, 4]          # tori only, and needed there unless chips are given
///   chips: 64                 # the others; with a shape, its product
///   links: {count: 6, type: serdes, ...}   # of one chip; default: those of its design
///
/// The links of a chip are shared out evenly over its ports (two per dimension of a torus, one per
/// other chip when fully connected, one to a switch), if need be lane by lane: 6 links over 4 ports
/// make ports of one and a half.
NetworkConfig read_network(const ConfigValue& network, const std::string& path,
                           const std::vector<std::string>& plugins = {});

/// `chips` chips in a shape as near to a square or cube as there is, largest dimension first;
/// needs as many divisors: 7 chips make a torus of 7 x 1.
std::vector<std::int64_t> balanced_shape(std::int64_t chips, int dimensions);

}  // namespace simdse
