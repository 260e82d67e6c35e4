#include "models/network/network_config.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "models/chip/block_config.h"

namespace simdse {
namespace {

constexpr std::int64_t kMostPerDimension = 1024;

int dimensions_of(NetworkTopology topology) {
  switch (topology) {
    case NetworkTopology::torus_2d:
      return 2;
    case NetworkTopology::torus_3d:
      return 3;
    default:
      return 1;
  }
}

bool is_torus(NetworkTopology topology) {
  return topology == NetworkTopology::torus_2d || topology == NetworkTopology::torus_3d;
}

std::vector<std::int64_t> read_shape(const ConfigValue& value, const std::string& path,
                                     NetworkTopology topology) {
  const std::vector<ConfigValue>& items = value.items(path);
  const auto wanted = static_cast<std::size_t>(dimensions_of(topology));
  if (items.size() != wanted) {
    throw InputError(value.where(),
                     fmt::format("{}: a {} has {} dimension{}, not {}", path,
                                 topology_names()[static_cast<std::size_t>(topology)], wanted,
                                 wanted == 1 ? "" : "s", items.size()));
  }
  std::vector<std::int64_t> shape;
  for (std::size_t i = 0; i < items.size(); ++i) {
    shape.push_back(read_integer(items[i], fmt::format("{}.{}", path, i), 1, kMostPerDimension));
  }
  return shape;
}

/// The shape from the members `shape` and `chips`, of which one may be missing.
std::vector<std::int64_t> read_size(ConfigReader& reader, NetworkTopology topology) {
  const ConfigValue* shape_value = reader.find("shape");
  const ConfigValue* chips_value = reader.find("chips");
  if (shape_value != nullptr && !is_torus(topology)) {
    throw InputError(shape_value->where(),
                     reader.path_of("shape") + ": only a torus has a shape; give `chips`");
  }
  const std::int64_t most =
      topology == NetworkTopology::fully_connected ? kMostFullyConnected : kMostChips;
  std::int64_t chips = 0;
  if (chips_value != nullptr) {
    chips = read_integer(*chips_value, reader.path_of("chips"), 2, most);
  }
  if (shape_value == nullptr) {
    if (chips_value == nullptr) reader.require(is_torus(topology) ? "shape" : "chips");
    return balanced_shape(chips, dimensions_of(topology));
  }
  const std::vector<std::int64_t> shape =
      read_shape(*shape_value, reader.path_of("shape"), topology);
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  if (chips_value != nullptr && product != chips) {
    throw InputError(shape_value->where(),
                     fmt::format("{}: {} makes {} chips, but {} is {}", reader.path_of("shape"),
                                 fmt::join(shape, " x "), product, reader.path_of("chips"), chips));
  }
  if (product < 2 || product > most) {
    throw InputError(shape_value->where(),
                     fmt::format("{}: {} makes {} chips; a network has 2 to {}",
                                 reader.path_of("shape"), fmt::join(shape, " x "), product, most));
  }
  return shape;
}

UpperLevel read_upper(const ConfigValue& value, const std::string& path,
                      const std::vector<std::string>& plugins) {
  const ParamTable<UpperLevel::Params> table;
  ConfigReader reader(value, path);
  UpperLevel upper;
  upper.params = table.make(read_params(table.schema(), reader));
  upper.links = read_links(reader.require("links"), reader.path_of("links"), plugins);
  reader.finish();
  return upper;
}

std::vector<SlowLink> read_slow_links(const ConfigValue& value, const std::string& path) {
  std::vector<SlowLink> links;
  const std::vector<ConfigValue>& items = value.items(path);
  for (std::size_t i = 0; i < items.size(); ++i) {
    ConfigReader reader(items[i], fmt::format("{}.{}", path, i));
    SlowLink link;
    link.from = reader.text("from");
    link.to = reader.text("to");
    link.share = reader.quantity("share", Dimension::count, 1e-6, 1);
    link.where = items[i].where();
    reader.finish();
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace

const std::vector<std::string>& topology_names() {
  static const std::vector<std::string> names = {
      "ring", "torus_2d", "torus_3d", "fully_connected", "switched", "switched_two_level"};
  return names;
}

void NetworkParams::declare(ParamTable<NetworkParams>& table) {
  table
      .add("forward_latency", &NetworkParams::forward_latency,
           "what a chip or switch needs to pass a message on")
      .range(0, 1e-3);
  table
      .add("send_overhead", &NetworkParams::send_overhead,
           "what a chip's software needs to begin a message; others may begin meanwhile")
      .range(0, 1e-2);
  table
      .add("segment", &NetworkParams::segment,
           "of a message, what a line carries without a break; messages that share a line take "
           "turns by segments")
      .range(256, 1LL << 30);
  table
      .add("queue", &NetworkParams::queue,
           "what may wait in a node, of one line in, for one line out: at least a segment")
      .range(256, 1LL << 30);
}

void UpperLevel::Params::declare(ParamTable<Params>& table) {
  table.add_choice("attach", &Params::attach, {"chip", "node"},
                   "who has ports to the upper switch: every chip, or every node's switch");
  table.add("forward_latency", &Params::forward_latency, "of the upper switch").range(0, 1e-3);
}

std::int64_t NetworkConfig::chips() const {
  std::int64_t product = 1;
  for (const std::int64_t size : shape) product *= size;
  return product;
}

std::vector<std::int64_t> balanced_shape(std::int64_t chips, int dimensions) {
  if (dimensions == 1) return {chips};
  // The smallest dimension is the largest divisor that leaves the others no smaller.
  const auto root = std::pow(static_cast<double>(chips), 1.0 / dimensions);
  auto size = static_cast<std::int64_t>(std::llround(std::floor(root + 1e-9)));
  while (chips % size != 0) --size;
  std::vector<std::int64_t> shape = balanced_shape(chips / size, dimensions - 1);
  shape.push_back(size);
  return shape;
}

NetworkConfig read_network(const ConfigValue& network, const std::string& path,
                           const std::vector<std::string>& plugins) {
  ConfigReader reader(network, path);
  NetworkConfig config;
  const std::string& name =
      read_choice(reader.require("topology"), reader.path_of("topology"), topology_names());
  const std::vector<std::string>& names = topology_names();
  config.topology =
      static_cast<NetworkTopology>(std::find(names.begin(), names.end(), name) - names.begin());
  config.shape = read_size(reader, config.topology);
  const ParamTable<NetworkParams> table;
  config.params = table.make(read_params(table.schema(), reader));
  if (config.params.queue < config.params.segment) {
    throw InputError(network.where(),
                     fmt::format("{}: a queue of {} B holds no segment of {} B", path,
                                 config.params.queue.value(), config.params.segment.value()));
  }
  if (const ConfigValue* links = reader.find("links")) {
    config.links = read_links(*links, reader.path_of("links"), plugins);
  }
  if (config.topology == NetworkTopology::switched_two_level) {
    const ConfigValue& node = reader.require("node");
    config.node = read_integer(node, reader.path_of("node"), 1, kMostChips);
    if (config.chips() % config.node != 0) {
      throw InputError(node.where(),
                       fmt::format("{}: {} chips make no nodes of {}", reader.path_of("node"),
                                   config.chips(), config.node));
    }
    config.upper = read_upper(reader.require("upper"), reader.path_of("upper"), plugins);
  }
  if (const ConfigValue* slow = reader.find("slow_links")) {
    config.slow_links = read_slow_links(*slow, reader.path_of("slow_links"));
  }
  reader.finish();
  return config;
}

}  // namespace simdse
