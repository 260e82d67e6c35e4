#include "models/network/collective.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace simdse {

const std::vector<std::string>& collective_algorithm_names() {
  static const std::vector<std::string> names = {"ring", "bidirectional_ring", "tree",
                                                 "hierarchical", "direct"};
  return names;
}

Bytes largest_side(CollectiveOp op, Bytes before, std::size_t n) {
  return op == CollectiveOp::all_gather ? before * static_cast<std::int64_t>(n) : before;
}

void check_collective(const Interconnect& network, const CollectiveRequest& request) {
  std::vector<bool> is_member(static_cast<std::size_t>(network.chips()), false);
  for (const std::int32_t chip : request.group) {
    if (chip < 0 || chip >= network.chips()) {
      throw InputError(fmt::format("a collective of chip {}: the system has chips 0 to {}", chip,
                                   network.chips() - 1));
    }
    if (is_member[static_cast<std::size_t>(chip)]) {
      throw InputError(fmt::format("a collective in which chip {} is twice", chip));
    }
    is_member[static_cast<std::size_t>(chip)] = true;
  }
  if (request.group.size() < 2) {
    throw InputError(
        fmt::format("a collective needs 2 chips at least, not {}", request.group.size()));
  }
  if (request.algorithm == CollectiveAlgorithm::hierarchical) {
    level_rings(network, request.group);
  }
}

std::vector<std::vector<std::vector<std::int32_t>>> level_rings(
    const Interconnect& network, const std::vector<std::int32_t>& group) {
  const std::string name = topology_names()[static_cast<std::size_t>(network.config().topology)];
  const std::vector<std::int64_t>& levels = network.levels();
  if (levels.size() < 2) {
    throw InputError(fmt::format(
        "hierarchical collectives need two levels or more, and a {} of {} has one: levels "
        "are the dimensions of a torus, and the two of a switched_two_level",
        name, fmt::join(network.config().shape, " x ")));
  }
  std::vector<std::vector<std::vector<std::int32_t>>> result;
  std::size_t places = 1;
  std::int64_t stride = 1;
  for (const std::int64_t size : levels) {
    // Members that differ in this level only are one ring.
    std::map<std::int64_t, std::map<std::int64_t, std::int32_t>> rings;
    for (std::size_t i = 0; i < group.size(); ++i) {
      const std::int64_t place = group[i] / stride % size;
      rings[group[i] - place * stride].emplace(place, static_cast<std::int32_t>(i));
    }
    stride *= size;
    const std::size_t members = rings.begin()->second.size();
    std::vector<std::vector<std::int32_t>> of_level;
    for (const auto& [rest, ring] : rings) {
      std::vector<std::int32_t> order;
      for (const auto& [place, member] : ring) order.push_back(member);
      of_level.push_back(std::move(order));
    }
    for (const auto& ring : of_level) {
      if (ring.size() == members) continue;
      throw InputError(fmt::format(
          "a hierarchical collective needs as many chips in every node or row: this group has {} "
          "in one and {} in another",
          members, ring.size()));
    }
    places *= members;
    if (members > 1) result.push_back(std::move(of_level));
  }
  if (places != group.size() || result.size() < 2) {
    throw InputError(fmt::format(
        "a hierarchical collective needs a group that fills a grid of the levels of {}: this one "
        "has {} chips on one of {} places with {} level{} of more than one",
        name, group.size(), places, result.size(), result.size() == 1 ? "" : "s"));
  }
  return result;
}

std::vector<LevelPart> level_parts(const Interconnect& network,
                                   const std::vector<std::int32_t>& group) {
  LevelPart part{level_rings(network, group), RingWay::even};
  const NetworkTopology topology = network.config().topology;
  if (topology != NetworkTopology::torus_2d && topology != NetworkTopology::torus_3d) {
    return {part};
  }
  std::vector<LevelPart> parts;
  for (std::size_t first = 0; first < part.levels.size(); ++first) {
    part.way = RingWay::forward;
    parts.push_back(part);
    LevelPart back = part;
    back.way = RingWay::backward;
    for (auto& level : back.levels) {
      for (auto& ring : level) std::reverse(ring.begin(), ring.end());
    }
    parts.push_back(std::move(back));
    std::rotate(part.levels.begin(), part.levels.begin() + 1, part.levels.end());
  }
  return parts;
}

double bus_factor(CollectiveOp op, std::size_t n) {
  const auto members = static_cast<double>(n);
  switch (op) {
    case CollectiveOp::all_reduce:
      return 2 * (members - 1) / members;
    case CollectiveOp::broadcast:
      return 1;
    default:
      return (members - 1) / members;
  }
}

std::int64_t pipeline_pieces(const Interconnect& network, Bytes bytes, std::size_t n) {
  constexpr std::int64_t per_chip = 8;
  constexpr std::int64_t most_messages = 1 << 18;
  const auto chips = static_cast<std::int64_t>(n);
  const std::int64_t most =
      std::min(per_chip * chips, std::max<std::int64_t>(1, most_messages / chips));
  const std::int64_t segment = network.config().params.segment.value();
  return std::clamp<std::int64_t>(ceil_div(std::max<std::int64_t>(1, bytes.value()), segment), 1,
                                  most);
}

namespace {

/// In-order tree over places `first` to `first` + `count` - 1, `first` even: what is left of a root
/// is a full tree, so roots are at odd places and leaves at even ones.
void grow(BinaryTree& tree, std::int32_t parent, std::int32_t first, std::int32_t count) {
  if (count == 0) return;
  std::int32_t power = 1;
  while (2 * power <= count) power *= 2;
  const std::int32_t root = first + power - 1;
  tree.parent[static_cast<std::size_t>(root)] = parent;
  tree.downward.push_back(root);
  grow(tree, root, first, power - 1);
  grow(tree, root, root + 1, count - power);
}

}  // namespace

std::vector<BinaryTree> two_trees(std::size_t n) {
  const auto count = static_cast<std::int32_t>(n);
  BinaryTree tree;
  tree.parent.assign(n, -1);
  grow(tree, -1, 0, count);
  const auto moved = [count](std::int32_t place) {
    return count % 2 == 0 ? count - 1 - place : (place + 1) % count;
  };
  BinaryTree other;
  other.parent.assign(n, -1);
  for (const std::int32_t place : tree.downward) {
    const std::int32_t parent = tree.parent[static_cast<std::size_t>(place)];
    other.downward.push_back(moved(place));
    other.parent[static_cast<std::size_t>(moved(place))] = parent < 0 ? -1 : moved(parent);
  }
  return {tree, other};
}

}  // namespace simdse
