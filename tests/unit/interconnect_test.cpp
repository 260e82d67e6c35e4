// Networks between chips: their lines and ways, and collectives by formula and step by step.
#include <gtest/gtest.h>

#include <cmath>
#include <queue>
#include <set>

#include "models/network/collective_steps.h"
#include "models/network/system.h"

namespace simdse {
namespace {

const DataFiles& files() {
  static const DataFiles data(SIMDSE_SOURCE_DIR);
  return data;
}

const Chip& chip() {
  static const Chip loaded = load_chip("tpu_v4", files());
  return loaded;
}

std::shared_ptr<const Interconnect> network_of(const std::string& yaml) {
  return make_interconnect(read_network(parse_config(yaml, "network.yaml"), "network"), chip());
}

const char* const kTwoLevels =
    "{topology: switched_two_level, chips: 16, node: 4, upper: {links: {type: serdes}}}";

std::vector<std::string> all_networks() {
  return {"{topology: ring, chips: 2}",
          "{topology: ring, chips: 7}",
          "{topology: torus_2d, shape: [4, 3]}",
          "{topology: torus_2d, shape: [2, 5]}",
          "{topology: torus_3d, shape: [3, 2, 4]}",
          "{topology: torus_3d, shape: [4, 1, 2]}",
          "{topology: fully_connected, chips: 6}",
          "{topology: switched, chips: 9}",
          kTwoLevels,
          "{topology: switched_two_level, chips: 12, node: 3, upper: {attach: node, links: {type: "
          "serdes}}}"};
}

/// Least number of lines between two nodes, by breadth-first search.
std::vector<int> distances_from(const Interconnect& network, std::int32_t from) {
  std::vector<int> distance(static_cast<std::size_t>(network.nodes()), -1);
  std::queue<std::int32_t> open;
  open.push(from);
  distance[static_cast<std::size_t>(from)] = 0;
  while (!open.empty()) {
    const std::int32_t node = open.front();
    open.pop();
    for (const Line& line : network.lines()) {
      if (line.from != node || distance[static_cast<std::size_t>(line.to)] >= 0) continue;
      distance[static_cast<std::size_t>(line.to)] = distance[static_cast<std::size_t>(node)] + 1;
      open.push(line.to);
    }
  }
  return distance;
}

TEST(Interconnect, WaysAreConnectedAndAsShortAsCanBe) {
  for (const std::string& yaml : all_networks()) {
    const auto network = network_of(yaml);
    std::vector<Hop> hops;
    for (std::int32_t from = 0; from < network->chips(); ++from) {
      const std::vector<int> distance = distances_from(*network, from);
      for (std::int32_t to = 0; to < network->chips(); ++to) {
        if (from == to) continue;
        for (const RingWay way : {RingWay::even, RingWay::forward, RingWay::backward}) {
          network->route(from, to, way, hops);
          std::int32_t at = from;
          for (const Hop& hop : hops) {
            const Line& line = network->lines()[static_cast<std::size_t>(hop.line)];
            EXPECT_EQ(line.from, at);
            at = line.to;
          }
          EXPECT_EQ(at, to) << yaml;
          EXPECT_EQ(static_cast<int>(hops.size()), distance[static_cast<std::size_t>(to)]) << yaml;
        }
      }
    }
  }
}

// Dally and Seitz: no circle of places means no deadlock. A place is that behind a line for the
// next line, by class; a message that has one waits for the next one on its way.
TEST(Interconnect, PlacesWaitForEachOtherInNoCircle) {
  using Place = std::tuple<std::int32_t, std::int32_t, std::int32_t>;
  for (const std::string& yaml : all_networks()) {
    const auto network = network_of(yaml);
    std::map<Place, std::set<Place>> waits;
    std::vector<Hop> hops;
    for (std::int32_t from = 0; from < network->chips(); ++from) {
      for (std::int32_t to = 0; to < network->chips(); ++to) {
        if (from == to) continue;
        for (const RingWay way : {RingWay::even, RingWay::forward, RingWay::backward}) {
          network->route(from, to, way, hops);
          for (std::size_t i = 0; i + 2 < hops.size(); ++i) {
            waits[{hops[i].line, hops[i + 1].line, hops[i].place_class}].insert(
                {hops[i + 1].line, hops[i + 2].line, hops[i + 1].place_class});
          }
        }
      }
    }
    std::map<Place, int> state;
    std::function<bool(const Place&)> has_circle = [&](const Place& place) {
      int& own = state[place];
      if (own != 0) return own == 1;
      own = 1;
      for (const Place& next : waits[place]) {
        if (has_circle(next)) return true;
      }
      state[place] = 2;
      return false;
    };
    std::vector<Place> places;
    for (const auto& [place, next] : waits) places.push_back(place);
    for (const Place& place : places) EXPECT_FALSE(has_circle(place)) << yaml;
  }
}

TEST(Interconnect, LinksOfAChipAreSharedOutOverItsPorts) {
  const double link = chip().link()->bandwidth().value();
  const auto port = [&](const std::string& yaml) {
    return network_of(yaml)->lines().front().bandwidth.value() / link;
  };
  EXPECT_DOUBLE_EQ(port("{topology: ring, chips: 8}"), 3);
  EXPECT_DOUBLE_EQ(port("{topology: torus_2d, shape: [4, 4]}"), 1.5);
  EXPECT_DOUBLE_EQ(port("{topology: torus_3d, shape: [4, 4, 4]}"), 1);
  EXPECT_DOUBLE_EQ(port("{topology: torus_3d, shape: [4, 4, 1]}"), 1.5);
  EXPECT_DOUBLE_EQ(port("{topology: fully_connected, chips: 8}"), 6.0 / 7);
  EXPECT_DOUBLE_EQ(port("{topology: switched, chips: 8}"), 6);
  EXPECT_DOUBLE_EQ(port(kTwoLevels), 6);
  double links = 0;
  const auto torus = network_of("{topology: torus_2d, shape: [4, 4]}");
  for (const Line& line : torus->lines()) {
    links += line.from == 0 ? line.links : 0;
  }
  EXPECT_DOUBLE_EQ(links, 6);
}

TEST(Interconnect, ASlowLinkHasAShare) {
  const auto network =
      network_of("{topology: ring, chips: 4, slow_links: [{from: chip1, to: chip2, share: 0.25}]}");
  for (const Line& line : network->lines()) {
    const double share = line.bandwidth / network->lines().front().bandwidth;
    EXPECT_DOUBLE_EQ(share, line.from == 1 && line.to == 2 ? 0.25 : 1);
  }
}

TEST(Interconnect, BalancedShapes) {
  using Shape = std::vector<std::int64_t>;
  EXPECT_EQ(balanced_shape(64, 3), (Shape{4, 4, 4}));
  EXPECT_EQ(balanced_shape(32, 2), (Shape{8, 4}));
  EXPECT_EQ(balanced_shape(7, 2), (Shape{7, 1}));
  EXPECT_EQ(balanced_shape(1024, 3), (Shape{16, 8, 8}));
}

void expect_refused(const std::string& yaml, const std::string& text) {
  try {
    network_of(yaml);
    FAIL() << yaml;
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST(Interconnect, WhatMakesNoSenseIsRefused) {
  expect_refused("{topology: torus_3d, shape: [4, 4, 4], chips: 32}",
                 "network.yaml:1:29: network.shape: 4 x 4 x 4 makes 64 chips, but network.chips is "
                 "32");
  expect_refused("{topology: torus_3d, shape: [4, 4]}", "a torus_3d has 3 dimensions, not 2");
  expect_refused("{topology: torus_4d, chips: 4}", "'torus_4d' is not known (did you mean 'torus_");
  expect_refused("{topology: ring, shape: [4]}", "only a torus has a shape");
  expect_refused("{topology: ring}", "'network.chips' is missing");
  expect_refused("{topology: torus_2d}", "'network.shape' is missing");
  expect_refused("{topology: ring, chips: 1}", "1 is out of range (2 to 4096)");
  expect_refused("{topology: fully_connected, chips: 1000}", "1000 is out of range (2 to 128)");
  expect_refused("{topology: ring, chips: 4, segmnt: 1 KiB}",
                 "unknown key 'network.segmnt' (did you mean 'segment'?)");
  expect_refused("{topology: ring, chips: 4, segment: 1 MiB, queue: 64 KiB}", "holds no segment");
  expect_refused("{topology: ring, chips: 4, node: 2}", "unknown key 'network.node'");
  expect_refused("{topology: switched_two_level, chips: 10, node: 4, upper: {}}",
                 "10 chips make no nodes of 4");
  expect_refused("{topology: ring, chips: 4, slow_links: [{from: chip0, to: chip2, share: 0.5}]}",
                 "no line leads from 'chip0' to 'chip2'");
}

// --- collectives ---------------------------------------------------------------------------------

constexpr CollectiveOp kOps[] = {CollectiveOp::all_reduce, CollectiveOp::reduce_scatter,
                                 CollectiveOp::all_gather, CollectiveOp::all_to_all,
                                 CollectiveOp::broadcast};
constexpr CollectiveAlgorithm kAlgorithms[] = {
    CollectiveAlgorithm::ring, CollectiveAlgorithm::bidirectional_ring, CollectiveAlgorithm::tree,
    CollectiveAlgorithm::hierarchical, CollectiveAlgorithm::direct};

std::vector<std::int32_t> first_chips(std::int32_t n) {
  std::vector<std::int32_t> group;
  for (std::int32_t i = 0; i < n; ++i) group.push_back(i);
  return group;
}

/// Calls `check` with every algorithm of every operation that fits, for all chips of each network
/// and for every third one in reversed order.
template <class Check>
void for_all_collectives(const Check& check) {
  for (const std::string& yaml : all_networks()) {
    const auto network = network_of(yaml);
    std::vector<std::int32_t> some;
    for (std::int32_t i = network->chips() - 1; i >= 0; i -= 3) some.push_back(i);
    for (const auto& group : {first_chips(network->chips()), some}) {
      if (group.size() < 2) continue;
      for (const CollectiveOp op : kOps) {
        for (const CollectiveAlgorithm algorithm : kAlgorithms) {
          const CollectiveRequest request{op, algorithm, Bytes(1'000'003), group};
          try {
            check_collective(*network, request);
          } catch (const InputError&) {
            EXPECT_EQ(algorithm, CollectiveAlgorithm::hierarchical);
            continue;
          }
          SCOPED_TRACE(yaml + " " + collective_name(op) + " " +
                       collective_algorithm_names()[static_cast<std::size_t>(algorithm)]);
          check(*network, request);
        }
      }
    }
  }
}

// What a chip can know: its own, and what those knew from whom it got messages, as far as these
// waited for what they pass on.
TEST(CollectiveSteps, WhatEveryChipNeedsReachesIt) {
  for_all_collectives([](const Interconnect& network, const CollectiveRequest& request) {
    const CollectiveSteps steps = collective_steps(network, request);
    std::vector<std::set<std::int32_t>> carried(steps.size());
    std::map<std::int32_t, std::set<std::int32_t>> known;
    for (const std::int32_t member : request.group) known[member] = {member};
    for (std::size_t i = 0; i < steps.size(); ++i) {
      carried[i] = {steps.message(i).from};
      for (const Prerequisite* wait = steps.begin(i); wait != steps.end(i); ++wait) {
        ASSERT_LT(wait->message, i);
        const CollectiveMessage& before = steps.message(wait->message);
        if (wait->kind == Prerequisite::Kind::delivered) {
          ASSERT_EQ(before.to, steps.message(i).from);
        } else {
          ASSERT_EQ(before.from, steps.message(i).from);
        }
        carried[i].insert(carried[wait->message].begin(), carried[wait->message].end());
      }
      known[steps.message(i).to].insert(carried[i].begin(), carried[i].end());
    }
    for (const std::int32_t member : request.group) {
      if (request.op == CollectiveOp::broadcast) {
        EXPECT_EQ(known[member].count(request.group.front()), 1U);
      } else {
        EXPECT_EQ(known[member].size(), request.group.size());
      }
    }
  });
}

// Chan et al.: no chip can do with less, whatever the algorithm. What is optimal sends no more.
TEST(CollectiveSteps, NobodySendsOrGetsLessThanTheBound) {
  for_all_collectives([](const Interconnect& network, const CollectiveRequest& request) {
    const CollectiveSteps steps = collective_steps(network, request);
    std::map<std::int32_t, double> sent;
    std::map<std::int32_t, double> received;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      sent[steps.message(i).from] += static_cast<double>(steps.message(i).bytes);
      received[steps.message(i).to] += static_cast<double>(steps.message(i).bytes);
    }
    const std::size_t n = request.group.size();
    const double bound = bus_factor(request.op, n) * to_double(request.bytes);
    const double slack = static_cast<double>(4 * n);  // shares are whole bytes
    // In an all-reduce a chip that leaves the adding to others can do with its own bytes each way.
    const double least = request.op == CollectiveOp::all_reduce ? to_double(request.bytes) : bound;
    double most = 0;
    double sum = 0;
    for (const std::int32_t member : request.group) {
      most = std::max(most, sent[member]);
      sum += received[member];
      if (request.op == CollectiveOp::broadcast) {
        EXPECT_EQ(received[member], member == request.group.front() ? 0 : bound);
        continue;
      }
      EXPECT_GE(sent[member], least - slack);
      EXPECT_GE(received[member], least - slack);
    }
    const auto members = static_cast<double>(n);
    EXPECT_GE(sum, request.op == CollectiveOp::broadcast ? (members - 1) * bound
                                                         : members * (bound - slack));
    const bool is_reduction =
        request.op != CollectiveOp::broadcast && request.op != CollectiveOp::all_to_all;
    // A ring, and levels of rings; of two trees the inner nodes send as much as the others save.
    if (is_reduction && !(request.algorithm == CollectiveAlgorithm::tree &&
                          request.op == CollectiveOp::all_reduce)) {
      EXPECT_LE(most, bound + slack);
    }
  });
}

TEST(TwoTrees, NobodyIsAnInnerNodeTwiceAndDepthsAreLogarithmic) {
  for (std::size_t n = 2; n <= 130; ++n) {
    std::vector<int> inner(n, 0);
    for (const BinaryTree& tree : two_trees(n)) {
      std::vector<int> children(n, 0);
      std::vector<int> depth(n, 0);
      std::vector<bool> seen(n, false);
      ASSERT_EQ(tree.downward.size(), n);
      for (const std::int32_t place : tree.downward) {
        const auto at = static_cast<std::size_t>(place);
        seen[at] = true;
        if (tree.parent[at] < 0) continue;
        const auto parent = static_cast<std::size_t>(tree.parent[at]);
        EXPECT_TRUE(seen[parent]);
        ++children[parent];
        depth[at] = depth[parent] + 1;
        EXPECT_LE(depth[at], std::ceil(std::log2(n)) + 1);
      }
      for (std::size_t i = 0; i < n; ++i) {
        EXPECT_LE(children[i], 2);
        inner[i] += children[i] > 0 ? 1 : 0;
      }
    }
    int twice = 0;
    for (const int times : inner) twice += times > 1 ? 1 : 0;
    EXPECT_LE(twice, n % 2 == 0 ? 0 : 1) << n;
  }
}

// Textbook formulas with the line's own bandwidth and latency.
TEST(CollectiveTime, IsTheTextbooks) {
  const double bytes = 1 << 24;
  for (const std::int32_t n : {2, 3, 8, 16}) {
    const auto ring = network_of("{topology: ring, chips: " + std::to_string(n) + "}");
    const double beta = 1 / ring->lines().front().bandwidth.value();
    const double alpha = ring->lines().front().latency.value();
    const auto time = [&](const Interconnect& network, CollectiveOp op,
                          CollectiveAlgorithm algorithm) {
      return collective_time(
                 network, {op, algorithm, Bytes(static_cast<std::int64_t>(bytes)), first_chips(n)})
          .value();
    };
    const double steps = n - 1;
    const double part = bytes / n;
    using Op = CollectiveOp;
    using By = CollectiveAlgorithm;
    const auto near = [](double value, double expected) {
      EXPECT_NEAR(value, expected, 1e-9 * expected);
    };
    near(time(*ring, Op::all_reduce, By::ring), 2 * steps * (alpha + part * beta));
    near(time(*ring, Op::reduce_scatter, By::ring), steps * (alpha + part * beta));
    near(time(*ring, Op::all_gather, By::ring), steps * (alpha + part * beta));
    near(time(*ring, Op::all_reduce, By::bidirectional_ring),
         2 * steps * (alpha + part / 2 * beta));
    near(time(*ring, Op::all_to_all, By::ring), steps * alpha + steps * n / 2 * part * beta);
    // On a switch a message has two lines and the switch between, and everybody his own lines.
    const auto star = network_of("{topology: switched, chips: " + std::to_string(n) + "}");
    const double star_beta = 1 / star->lines().front().bandwidth.value();
    const double star_alpha = 2 * alpha + 100e-9;
    const double rounds = std::ceil(std::log2(n));
    near(time(*star, Op::broadcast, By::tree), rounds * (star_alpha + bytes * star_beta));
    near(time(*star, Op::all_gather, By::tree), rounds * star_alpha + steps * part * star_beta);
    near(time(*star, Op::reduce_scatter, By::tree), rounds * star_alpha + steps * part * star_beta);
    near(time(*star, Op::all_to_all, By::direct), star_alpha + steps * part * star_beta);
    const auto full = network_of("{topology: fully_connected, chips: " + std::to_string(n) + "}");
    near(time(*full, Op::all_to_all, By::direct),
         alpha + part / full->lines().front().bandwidth.value());
  }
}

// Rings of four in one dimension, then in the other with a quarter of the bytes; in four parts, of
// which two begin with the other dimension, and two go backward.
TEST(CollectiveTime, OfATorusIsThatOfItsDimensions) {
  const auto torus = network_of("{topology: torus_2d, shape: [4, 4]}");
  const double beta = 1 / torus->lines().front().bandwidth.value();
  const double alpha = torus->lines().front().latency.value();
  const double bytes = 1 << 20;
  const double expected =
      2 * (3 * (alpha + bytes / 4 / 4 * beta) + 3 * (alpha + bytes / 4 / 16 * beta));
  const CollectiveRequest request{CollectiveOp::all_reduce, CollectiveAlgorithm::hierarchical,
                                  Bytes(1 << 20), first_chips(16)};
  EXPECT_NEAR(collective_time(*torus, request).value(), expected, 1e-9 * expected);
}

// A ring of every other chip of a ring: two lines to each neighbour, which nobody else uses. In
// bit-reversed order neighbours are far away, and share lines.
TEST(CollectiveTime, CountsWhatLinesReallyCarry) {
  const auto ring = network_of("{topology: ring, chips: 8}");
  const double beta = 1 / ring->lines().front().bandwidth.value();
  const double alpha = ring->lines().front().latency.value();
  const double bytes = 1 << 20;
  const auto time = [&](std::vector<std::int32_t> group) {
    return collective_time(*ring, {CollectiveOp::all_gather, CollectiveAlgorithm::ring,
                                   Bytes(1 << 20), std::move(group)})
        .value();
  };
  EXPECT_NEAR(time({0, 2, 4, 6}), 3 * (2 * alpha + 100e-9 + bytes / 4 * beta), 1e-12);
  EXPECT_GT(time({0, 4, 2, 6, 1, 5, 3, 7}), 2 * time({0, 1, 2, 3, 4, 5, 6, 7}));
}

// Eight per chip; what a chain waits for its first piece is an eighth. Beyond 2^18 messages, fewer.
TEST(PipelinePieces, AreManyAsLongAsMessagesAreFew) {
  const auto ring = network_of("{topology: ring, chips: 4}");
  const Bytes much(std::int64_t{1} << 40);
  EXPECT_EQ(pipeline_pieces(*ring, much, 2), 16);
  EXPECT_EQ(pipeline_pieces(*ring, much, 181), 8 * 181);
  EXPECT_EQ(pipeline_pieces(*ring, much, 182), (1 << 18) / 182);
  EXPECT_EQ(pipeline_pieces(*ring, much, 1024), 256);
  EXPECT_EQ(pipeline_pieces(*ring, Bytes(3 * 65536 + 1), 181), 4);
  EXPECT_EQ(pipeline_pieces(*ring, Bytes(0), 181), 1);
}

TEST(CollectiveTime, RefusesWhatMakesNoSense) {
  const auto refused = [](const std::string& yaml, CollectiveAlgorithm algorithm,
                          std::vector<std::int32_t> group, const std::string& text) {
    try {
      const auto network = network_of(yaml);
      collective_time(*network, {CollectiveOp::all_reduce, algorithm, Bytes(1), std::move(group)});
      FAIL() << text;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
  };
  const std::string ring = "{topology: ring, chips: 4}";
  refused(ring, CollectiveAlgorithm::hierarchical, {0, 1, 2, 3},
          "need two levels or more, and a ring of 4 has one");
  refused("{topology: torus_2d, shape: [7, 1]}", CollectiveAlgorithm::hierarchical, {0, 1, 2},
          "need two levels or more, and a torus_2d of 7 x 1 has one: levels are");
  refused(ring, CollectiveAlgorithm::ring, {0}, "needs 2 chips at least, not 1");
  refused(ring, CollectiveAlgorithm::ring, {0, 4}, "the system has chips 0 to 3");
  refused(ring, CollectiveAlgorithm::ring, {0, 1, 0}, "chip 0 is twice");
  refused(kTwoLevels, CollectiveAlgorithm::hierarchical, {0, 1, 4}, "2 in one and 1 in another");
  refused(kTwoLevels, CollectiveAlgorithm::hierarchical, {0, 1, 2, 3}, "1 level of more than one");
  refused(kTwoLevels, CollectiveAlgorithm::hierarchical, {0, 1, 6, 7}, "fills a grid");
}

}  // namespace
}  // namespace simdse
