// Networks between chips, simulated: messages alone, sharing lines, and whole collectives.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/network/system.h"
#include "sim/kernel/event_queue.h"
#include "sim/system/collective_run.h"

namespace simdse {
namespace {

/// Chips whose six links carry 1 byte per ns each and take 1000 ns: with a header of nothing.
const Chip& round_chip() {
  static const Chip chip = load_chip(
      "tpu_v4", DataFiles(SIMDSE_SOURCE_DIR),
      {{"links",
        "{count: 6, type: serdes, lanes: 1, lane_rate: 8 Gb/s, encoding: 1, packet: 256 B, "
        "header: 0 B, phy_latency: 1000 ns, fec_latency: 0 ns, wire_latency: 0 ns, "
        "receive_buffer: 1 MiB}"}});
  return chip;
}

std::shared_ptr<const Interconnect> network_of(const std::string& yaml) {
  return make_interconnect(read_network(parse_config(yaml, "network.yaml"), "network"),
                           round_chip());
}

constexpr Picoseconds kNs = 1000;

/// Notes when its messages have gone and arrived.
class Sender : public MessageClient {
 public:
  explicit Sender(TimeService& time) : time_(time) {}
  void message_sent(std::uint64_t token) override { sent[token] = time_.now(); }
  void message_delivered(std::uint64_t token) override {
    EXPECT_EQ(delivered.count(token), 0U);
    delivered[token] = time_.now();
  }
  double delivered_ns(std::uint64_t token) const {
    return static_cast<double>(delivered.at(token)) / kNs;
  }

  std::map<std::uint64_t, Picoseconds> sent;
  std::map<std::uint64_t, Picoseconds> delivered;

 private:
  TimeService& time_;
};

/// One network with monitors behind every line.
struct Bench {
  explicit Bench(const std::string& yaml)
      : network(network_of(yaml)),
        queue("queue"),
        system("system", queue, *network, true),
        sender(queue) {}

  void start() { sc_core::sc_start(sc_core::SC_ZERO_TIME); }
  void finish() {
    sc_core::sc_start();
    check();
  }

  /// Nothing is left, no line carried more than it can, and what left chips came to chips.
  void check() const {
    EXPECT_EQ(system.messages_under_way(), 0U);
    EXPECT_EQ(system.live_payloads(), 0U);
    for (std::size_t i = 0; i < network->lines().size(); ++i) {
      const auto line = static_cast<std::int32_t>(i);
      EXPECT_LE(system.monitor(line).worst_excess(), 1);  // picosecond, of rounding
      EXPECT_LE(system.monitor(line).utilisation(), 1 + 1e-6);
      EXPECT_EQ(system.monitor(line).bytes(), system.line(line).bytes_carried());
    }
    Bytes sent(0);
    Bytes received(0);
    for (std::int32_t chip = 0; chip < network->chips(); ++chip) {
      sent += system.node(chip).bytes_sent();
      received += system.node(chip).bytes_received();
    }
    EXPECT_EQ(sent, received);
  }

  std::shared_ptr<const Interconnect> network;
  EventQueue queue;
  SystemNetwork system;
  Sender sender;
};

// 3 links per port: 3 B/ns. Four hops of a ring of eight, cut through: the serialisation counts
// once.
TEST(SystemNetwork, SerialisationCountsOnceOverManyHops) {
  Bench bench("{topology: ring, chips: 8, segment: 4 KiB}");
  bench.start();
  bench.system.send(0, 1, Bytes(300'000), bench.sender, 1);
  bench.system.send(4, 7, Bytes(300'000), bench.sender, 2);
  bench.finish();
  EXPECT_NEAR(bench.sender.delivered_ns(1), 100'000 + 1000, 0.2);
  EXPECT_NEAR(static_cast<double>(bench.sender.sent.at(1)), 100'000.0 * kNs, 100);
  EXPECT_NEAR(bench.sender.delivered_ns(2), 100'000 + 3 * 1000 + 2 * 100, 0.5);
}

TEST(SystemNetwork, AMessageOfNothingTakesTheLatency) {
  Bench bench("{topology: switched, chips: 4, send_overhead: 500 ns}");
  bench.start();
  bench.system.send(2, 3, Bytes(0), bench.sender, 7);
  bench.finish();
  EXPECT_EQ(bench.sender.delivered.at(7), (500 + 1000 + 100 + 1000) * kNs);
}

// From a line of 1 B/ns to one of 6 B/ns, and the other way round: the slower one decides, once.
TEST(SystemNetwork, TheSlowestLineDecides) {
  Bench bench(
      "{topology: switched_two_level, chips: 4, node: 2, upper: {attach: node, links: {type: "
      "serdes, lanes: 1, lane_rate: 8 Gb/s, encoding: 1, header: 0 B, phy_latency: 1000 ns, "
      "fec_latency: 0 ns, wire_latency: 0 ns, receive_buffer: 1 MiB}}}");
  bench.start();
  bench.system.send(0, 3, Bytes(600'000), bench.sender, 1);
  bench.finish();
  EXPECT_NEAR(bench.sender.delivered_ns(1), 600'000 + 4 * 1000 + 100 + 300 + 100, 1);
}

// Five chips send to one through a switch; a sixth pair has lines of its own.
TEST(SystemNetwork, ACongestedPortOfASwitchIsSharedAndOthersAreNotHeldUp) {
  Bench bench("{topology: switched, chips: 8, segment: 16 KiB, queue: 64 KiB}");
  bench.start();
  const Bytes bytes(6'000'000);  // 1 ms alone
  for (std::int32_t from = 1; from <= 5; ++from) {
    bench.system.send(from, 0, bytes, bench.sender, static_cast<std::uint64_t>(from));
  }
  bench.system.send(6, 7, bytes, bench.sender, 6);
  // Chip 1 also sends to chip 2, whose port is free: it gets what is left of chip 1's own line.
  bench.system.send(1, 2, bytes, bench.sender, 7);
  bench.finish();
  for (std::uint64_t token = 1; token <= 5; ++token) {
    EXPECT_NEAR(bench.sender.delivered_ns(token), 5e6, 0.02 * 5e6);
  }
  EXPECT_NEAR(bench.sender.delivered_ns(6), 1e6 + 2100, 1);
  EXPECT_NEAR(bench.sender.delivered_ns(7), 1e6 / 0.8, 0.03 * 1e6);
}

// Chip 0 sends to chips 3 and 2; nine messages make the line from chip 2 to chip 3 a tenth as fast.
// The message to chip 2 does not take that line, but waits behind the line from chip 0 in the same
// places as the one that does, so that it goes at the pace of this one (twice its own time without
// that).
TEST(SystemNetwork, ALineThatIsCongestedTwoLinesOnHoldsUpOthers) {
  Bench bench("{topology: ring, chips: 9, segment: 16 KiB, queue: 64 KiB}");
  bench.start();
  const Bytes bytes(3'000'000);  // 1 ms alone
  bench.system.send(0, 3, bytes, bench.sender, 1);
  bench.system.send(0, 2, bytes, bench.sender, 2);
  for (std::uint64_t token = 3; token < 12; ++token) {
    bench.system.send(2, 3, bytes, bench.sender, token);
  }
  bench.finish();
  EXPECT_NEAR(bench.sender.delivered_ns(1), 10e6, 0.02 * 10e6);
  EXPECT_GT(bench.sender.delivered_ns(2), 4e6);
}

// Two messages over one line: the shorter one is done after twice its time, the longer one after
// the time of both.
TEST(SystemNetwork, MessagesShareALineEqually) {
  Bench bench("{topology: ring, chips: 8, segment: 16 KiB}");
  bench.start();
  bench.system.send(0, 1, Bytes(3'000'000), bench.sender, 1);
  bench.system.send(0, 2, Bytes(9'000'000), bench.sender, 2);
  bench.finish();
  EXPECT_NEAR(bench.sender.delivered_ns(1), 2e6, 0.01 * 2e6);
  EXPECT_NEAR(bench.sender.delivered_ns(2), 4e6, 0.01 * 4e6);
}

/// A message of many bytes, and when its sender begins.
struct Departure {
  Picoseconds time;
  std::int64_t bytes;
};

/// Sends messages from chip 0 to chip 1, each at its time.
class Departures : public Timed {
 public:
  Departures(Bench& bench, const std::vector<Departure>& messages)
      : bench_(bench), messages_(messages) {
    bench_.queue.join(*this, "departures");
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      bench_.queue.call_at(messages_[i].time, Stage::arrival, *this, i);
    }
  }
  void on_time(std::uint64_t i) override {
    bench_.system.send(0, 1, Bytes(messages_[i].bytes), bench_.sender, i);
  }

 private:
  Bench& bench_;
  const std::vector<Departure>& messages_;
};

/// When each has left a line on which they take turns, one segment after the other: start-time fair
/// queueing as in the paper, without any kernel.
std::vector<Picoseconds> segment_by_segment(const std::vector<Departure>& messages,
                                            std::int64_t segment, double bytes_per_ns) {
  struct Flow {
    std::int64_t left = 0;
    std::int64_t turn = 0;  // where that of its next segment begins
    bool waits = false;
  };
  std::vector<Flow> flows(messages.size());
  std::vector<Picoseconds> gone(messages.size());
  std::int64_t line_turn = 0;
  Picoseconds now = 0;
  std::size_t come = 0;  // messages are in the order of their times
  for (std::size_t left = messages.size(); left > 0;) {
    for (; come < messages.size() && messages[come].time <= now; ++come) {
      flows[come] = {messages[come].bytes, line_turn, true};
    }
    std::size_t next = messages.size();
    for (std::size_t i = 0; i < come; ++i) {
      if (flows[i].waits && (next == messages.size() || flows[i].turn < flows[next].turn)) next = i;
    }
    if (next == messages.size()) {
      now = messages[come].time;
      continue;
    }
    Flow& flow = flows[next];
    line_turn = std::max(line_turn, flow.turn);
    const std::int64_t bytes = std::min(segment, flow.left);
    const Picoseconds end =
        now + static_cast<Picoseconds>(std::ceil(static_cast<double>(bytes) / bytes_per_ns * 1000));
    for (; come < messages.size() && messages[come].time <= end; ++come) {
      flows[come] = {messages[come].bytes, line_turn, true};
    }
    flow.turn = std::max(flow.turn + bytes, line_turn);
    flow.left -= bytes;
    now = end;
    if (flow.left == 0) {
      flow.waits = false;
      gone[next] = end;
      --left;
    }
  }
  return gone;
}

// Long messages are simulated in runs of segments, and come at the picosecond at which they would
// come segment by segment: whoever comes meanwhile, also at the very end of a segment.
TEST(SystemNetwork, RunsOfSegmentsAreCutByWhoeverComes) {
  constexpr std::int64_t segment = 3000;  // 1 us
  std::mt19937_64 random(7);
  std::vector<Departure> messages;
  Picoseconds time = 0;
  for (int i = 0; i < 400; ++i) {
    time += static_cast<Picoseconds>(random() % 60) * (i % 2 == 0 ? 1'000'000 : 999'983);
    const bool is_long = random() % 3 == 0;
    messages.push_back(
        {time, 1 + static_cast<std::int64_t>(random() % (is_long ? 300'000U : 10'000U))});
  }
  Bench bench("{topology: ring, chips: 8, segment: 3000 B}");
  bench.start();
  Departures departures(bench, messages);
  bench.finish();
  const std::vector<Picoseconds> gone = segment_by_segment(messages, segment, 3);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(bench.sender.sent.at(i), gone[i]) << i;
    EXPECT_EQ(bench.sender.delivered.at(i), gone[i] + 1000 * kNs) << i;
  }
  std::int64_t segments = 0;
  for (const Departure& message : messages) segments += (message.bytes + segment - 1) / segment;
  // One by one they would take two call-backs each.
  EXPECT_LT(bench.queue.delivered(), static_cast<std::uint64_t>(2 * segments));
}

// Alone, a message takes a few call-backs however long it is, more than 4 GiB included.
TEST(SystemNetwork, AMessageAloneIsOneRun) {
  Bench bench("{topology: ring, chips: 8}");
  bench.start();
  bench.system.send(0, 1, Bytes(300'000), bench.sender, 1);
  bench.system.send(2, 3, Bytes(6'000'000'000), bench.sender, 2);
  bench.finish();
  EXPECT_NEAR(bench.sender.delivered_ns(1), 100'000 + 1000, 0.1);
  EXPECT_NEAR(bench.sender.delivered_ns(2), 2e9 + 1000, 100);
  EXPECT_LE(bench.queue.delivered(), 20U);
}

class Saturation : public ::testing::TestWithParam<const char*> {};

// Everybody sends to everybody at once, with room for one segment in each queue: nothing may be
// stuck.
TEST_P(Saturation, NothingIsStuckWithTheSmallestQueues) {
  Bench bench(GetParam());
  bench.start();
  std::mt19937_64 random(1);
  std::uint64_t token = 0;
  for (int times = 0; times < 3; ++times) {
    for (std::int32_t from = 0; from < bench.network->chips(); ++from) {
      for (std::int32_t to = 0; to < bench.network->chips(); ++to) {
        if (from == to) continue;
        const auto bytes = static_cast<std::int64_t>(random() % 20'000);
        bench.system.send(from, to, Bytes(bytes), bench.sender, token++);
      }
    }
  }
  bench.finish();
  EXPECT_EQ(bench.sender.delivered.size(), token);
  EXPECT_EQ(bench.sender.sent.size(), token);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, Saturation,
    ::testing::Values("{topology: ring, chips: 16, segment: 1 KiB, queue: 1 KiB}",
                      "{topology: ring, chips: 9, segment: 1 KiB, queue: 1 KiB}",
                      "{topology: torus_2d, shape: [5, 4], segment: 1 KiB, queue: 1 KiB}",
                      "{topology: torus_3d, shape: [3, 4, 2], segment: 1 KiB, queue: 1 KiB}",
                      "{topology: switched, chips: 12, segment: 1 KiB, queue: 1 KiB}",
                      "{topology: switched_two_level, chips: 12, node: 4, segment: 1 KiB, queue: 1 "
                      "KiB, upper: {attach: node, links: {type: serdes}}}"));

// --- collectives ---------------------------------------------------------------------------------

std::vector<std::int32_t> first_chips(std::int32_t n) {
  std::vector<std::int32_t> group;
  for (std::int32_t i = 0; i < n; ++i) group.push_back(i);
  return group;
}

/// Independent networks in one kernel, each with its collectives.
class Collectives {
 public:
  Collectives() : queue_("queue") {}

  std::size_t add_network(const std::string& yaml) {
    networks_.push_back(network_of(yaml));
    const std::string name = "system" + std::to_string(networks_.size());
    systems_.push_back(
        std::make_unique<SystemNetwork>(name.c_str(), queue_, *networks_.back(), true));
    return networks_.size() - 1;
  }
  void add(std::size_t network, const CollectiveRequest& request) {
    orders_.push_back(std::make_unique<CollectiveOrder>(*networks_[network], request));
    runs_.push_back(std::make_unique<CollectiveRun>(*systems_[network], queue_, *orders_.back()));
    formula_.push_back(collective_time(*networks_[network], request).value());
  }
  void run() {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (const auto& each : runs_) each->start();
    sc_core::sc_start();
    for (const auto& each : runs_) EXPECT_TRUE(each->is_done());
    for (std::size_t i = 0; i < systems_.size(); ++i) {
      EXPECT_EQ(systems_[i]->messages_under_way(), 0U);
      EXPECT_EQ(systems_[i]->live_payloads(), 0U);
      for (std::size_t l = 0; l < networks_[i]->lines().size(); ++l) {
        EXPECT_LE(systems_[i]->monitor(static_cast<std::int32_t>(l)).worst_excess(), 1);
      }
    }
  }
  const Interconnect& network(std::size_t i) const { return *networks_[i]; }
  const SystemNetwork& system(std::size_t i) const { return *systems_[i]; }
  double simulated(std::size_t collective) const {
    return to_seconds(runs_[collective]->finished()).value();
  }
  double formula(std::size_t collective) const { return formula_[collective]; }

 private:
  EventQueue queue_;
  std::vector<std::shared_ptr<const Interconnect>> networks_;
  std::vector<std::unique_ptr<SystemNetwork>> systems_;
  std::vector<std::unique_ptr<CollectiveOrder>> orders_;
  std::vector<std::unique_ptr<CollectiveRun>> runs_;
  std::vector<double> formula_;
};

class RingAllReduce : public ::testing::TestWithParam<int> {};

TEST_P(RingAllReduce, TakesWhatTheTextbookSays) {
  const int n = GetParam();
  constexpr std::int64_t kSizes[] = {1 << 10, 1 << 17, 1 << 24, 1 << 30};
  Collectives bench;
  for (const std::int64_t bytes : kSizes) {
    const std::size_t network =
        bench.add_network("{topology: ring, chips: " + std::to_string(n) + "}");
    bench.add(network,
              {CollectiveOp::all_reduce, CollectiveAlgorithm::ring, Bytes(bytes), first_chips(n)});
  }
  bench.run();
  for (std::size_t i = 0; i < 4; ++i) {
    const Line& line = bench.network(i).lines().front();
    const double steps = 2.0 * (n - 1);
    const double textbook = steps / n * static_cast<double>(kSizes[i]) / line.bandwidth.value() +
                            steps * line.latency.value();
    EXPECT_NEAR(bench.simulated(i), textbook, 0.02 * textbook) << kSizes[i];
    EXPECT_NEAR(bench.formula(i), textbook, 0.001 * textbook) << kSizes[i];
    // What every chip sends is known, so is what lines forward carry.
    const Bytes carried = bench.system(i).monitor(0).bytes();
    EXPECT_NEAR(to_double(carried), steps / n * static_cast<double>(kSizes[i]), 2.0 * n);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, RingAllReduce, ::testing::Values(3, 4, 7, 8, 16, 33, 64));

TEST(RingAllReduceOfTwo, TakesWhatTheTextbookSays) {
  Collectives bench;
  const std::size_t network = bench.add_network("{topology: ring, chips: 2}");
  bench.add(network, {CollectiveOp::all_reduce, CollectiveAlgorithm::ring, Bytes(1 << 20), {0, 1}});
  bench.run();
  const Line& line = bench.network(0).lines().front();
  const double textbook = (1 << 20) / line.bandwidth.value() + 2 * line.latency.value();
  EXPECT_NEAR(bench.simulated(0), textbook, 0.02 * textbook);
}

// Two rings over the same lines, begun together: each has half of the bandwidth. On lines of their
// own (the other way around) they do not feel each other.
TEST(SharedLinks, TwoCollectivesHaveHalfOfTheBandwidthEach) {
  Collectives bench;
  const std::size_t shared = bench.add_network("{topology: ring, chips: 8}");
  const CollectiveRequest request{CollectiveOp::all_reduce, CollectiveAlgorithm::ring,
                                  Bytes(64 << 20), first_chips(8)};
  bench.add(shared, request);
  bench.add(shared, request);
  const std::size_t apart = bench.add_network("{topology: ring, chips: 8}");
  bench.add(apart, request);
  CollectiveRequest reversed = request;
  std::reverse(reversed.group.begin(), reversed.group.end());
  bench.add(apart, reversed);
  bench.run();
  const double alone = bench.formula(0);
  EXPECT_NEAR(bench.simulated(0), 2 * alone, 0.03 * alone);
  EXPECT_NEAR(bench.simulated(1), 2 * alone, 0.03 * alone);
  EXPECT_NEAR(bench.simulated(2), alone, 0.01 * alone);
  EXPECT_NEAR(bench.simulated(3), alone, 0.01 * alone);
}

// One line at a quarter of its bandwidth: a ring goes at the pace of its slowest line.
TEST(SlowLinks, ARingGoesAtThePaceOfItsSlowestLine) {
  Collectives bench;
  const std::size_t network = bench.add_network(
      "{topology: ring, chips: 8, slow_links: [{from: chip3, to: chip4, share: 0.25}]}");
  bench.add(network,
            {CollectiveOp::all_gather, CollectiveAlgorithm::ring, Bytes(64 << 20), first_chips(8)});
  bench.run();
  const Line& line = bench.network(0).lines().front();
  const double expected = 7.0 / 8 * (64 << 20) / (line.bandwidth.value() / 4);
  EXPECT_NEAR(bench.simulated(0), expected, 0.05 * expected);
}

/// Where the formula is further from the simulation than elsewhere, and why.
struct Exception {
  CollectiveAlgorithm algorithm;
  std::string topology;
  CollectiveOp op;
  double tolerance;
};

const std::vector<Exception>& exceptions() {
  using By = CollectiveAlgorithm;
  using Op = CollectiveOp;
  static const std::vector<Exception> all = {
      // Pieces on their way up meet those on their way down, and those of the other tree, on lines
      // that the formula has busy with the average of all: a chip's only port, or a node's.
      {By::tree, "torus_3d", Op::all_reduce, 0.09},
      {By::tree, "fully_connected", Op::all_reduce, 0.04},
      {By::tree, "switched", Op::all_reduce, 0.08},
      {By::tree, "switched_two_level", Op::all_reduce, 0.12},
      // Of one step, some messages stay in their node and are early; what their receivers send next
      // meets what is still between nodes.
      {By::tree, "switched_two_level", Op::all_gather, 0.11},
      {By::tree, "switched_two_level", Op::all_to_all, 0.19},
      // Dimensions of 4, 2 and 2: parts that began with another one are not in step, and come to
      // the same lines.
      {By::hierarchical, "torus_3d", Op::all_reduce, 0.09},
      {By::hierarchical, "torus_3d", Op::reduce_scatter, 0.05},
      {By::hierarchical, "torus_3d", Op::all_gather, 0.07},
      {By::hierarchical, "torus_3d", Op::all_to_all, 0.055},
  };
  return all;
}

class EveryCollective : public ::testing::TestWithParam<CollectiveAlgorithm> {};

// All operations on all topologies: what the formula says, unless messages of one step meet on a
// line at other times than the formula has them.
TEST_P(EveryCollective, IsAsTheFormulaSays) {
  Collectives bench;
  std::vector<std::string> names;
  std::vector<const Exception*> exception_of;
  for (const char* yaml :
       {"{topology: ring, chips: 8}", "{topology: torus_2d, shape: [4, 4]}",
        "{topology: torus_3d, shape: [4, 2, 2]}", "{topology: fully_connected, chips: 8}",
        "{topology: switched, chips: 8}",
        "{topology: switched_two_level, chips: 16, node: 4, upper: {links: {type: serdes, lanes: "
        "1, "
        "lane_rate: 8 Gb/s}}}"}) {
    for (const CollectiveOp op :
         {CollectiveOp::all_reduce, CollectiveOp::reduce_scatter, CollectiveOp::all_gather,
          CollectiveOp::all_to_all, CollectiveOp::broadcast}) {
      const auto network = network_of(yaml);
      const CollectiveRequest request{op, GetParam(), Bytes(16 << 20),
                                      first_chips(network->chips())};
      try {
        check_collective(*network, request);
      } catch (const InputError&) {
        continue;
      }
      bench.add(bench.add_network(yaml), request);
      names.push_back(std::string(yaml) + " " + collective_name(op));
      const std::string& topology =
          topology_names()[static_cast<std::size_t>(network->config().topology)];
      exception_of.push_back(nullptr);
      for (const Exception& one : exceptions()) {
        if (one.algorithm == GetParam() && one.topology == topology && one.op == op) {
          exception_of.back() = &one;
        }
      }
    }
  }
  bench.run();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double gap = bench.formula(i) / bench.simulated(i) - 1;
    std::printf("%-100s %.6g s, formula %+.2f %%\n", names[i].c_str(), bench.simulated(i),
                100 * gap);
    // Everybody's messages to everybody share lines, and end at different times.
    const double usual = GetParam() == CollectiveAlgorithm::direct ? 0.06 : 0.02;
    const Exception* exception = exception_of[i];
    EXPECT_NEAR(gap, 0, exception != nullptr ? exception->tolerance : usual) << names[i];
    if (exception != nullptr) {
      EXPECT_GT(std::abs(gap), usual) << names[i] << " is no exception";
    }
  }
}

// A sender's software takes its time for each message: for each piece of a pipelined collective.
TEST_P(EveryCollective, CountsWhatSendersTakePerMessage) {
  Collectives bench;
  std::vector<std::string> names;
  for (const char* yaml : {"{topology: ring, chips: 8, send_overhead: 20 us}",
                           "{topology: switched, chips: 8, send_overhead: 20 us}"}) {
    for (const CollectiveOp op :
         {CollectiveOp::all_reduce, CollectiveOp::reduce_scatter, CollectiveOp::all_gather,
          CollectiveOp::all_to_all, CollectiveOp::broadcast}) {
      const CollectiveRequest request{op, GetParam(), Bytes(16 << 20), first_chips(8)};
      try {
        check_collective(*network_of(yaml), request);
      } catch (const InputError&) {
        continue;
      }
      bench.add(bench.add_network(yaml), request);
      names.push_back(std::string(yaml) + " " + collective_name(op));
    }
  }
  bench.run();
  for (std::size_t i = 0; i < names.size(); ++i) {
    // Pieces on their way up a tree meet those on their way down.
    const double tolerance = GetParam() == CollectiveAlgorithm::tree ? 0.1 : 0.03;
    EXPECT_NEAR(bench.formula(i) / bench.simulated(i), 1, tolerance) << names[i];
  }
}

/// Of small messages latency is what counts, and their ways are not equally far: who has a near
/// neighbour does not wait for who has a far one.
TEST(Collectives, SmallMessagesFollowTheSlowestChain) {
  using By = CollectiveAlgorithm;
  Collectives bench;
  std::vector<std::string> names;
  for (const char* yaml :
       {"{topology: torus_3d, shape: [4, 2, 2]}",
        "{topology: switched_two_level, chips: 16, node: 4, upper: {links: {type: serdes}}}"}) {
    for (const By algorithm : {By::ring, By::tree}) {
      for (const CollectiveOp op : {CollectiveOp::all_reduce, CollectiveOp::reduce_scatter,
                                    CollectiveOp::all_gather, CollectiveOp::all_to_all}) {
        // Two trees in pieces, which meet.
        if (algorithm == By::tree && op == CollectiveOp::all_reduce) continue;
        bench.add(bench.add_network(yaml), {op, algorithm, Bytes(8192), first_chips(16)});
        names.push_back(std::string(yaml) + (algorithm == By::ring ? " ring " : " tree ") +
                        collective_name(op));
      }
    }
  }
  bench.run();
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_NEAR(bench.formula(i) / bench.simulated(i), 1, 1e-3) << names[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, EveryCollective,
                         ::testing::Values(CollectiveAlgorithm::ring,
                                           CollectiveAlgorithm::bidirectional_ring,
                                           CollectiveAlgorithm::tree,
                                           CollectiveAlgorithm::hierarchical,
                                           CollectiveAlgorithm::direct));

}  // namespace
}  // namespace simdse
