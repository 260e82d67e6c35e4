// Programs of ranks on simulated networks, against what theory says.
#include "sim/system/system_run.h"

#include <gtest/gtest.h>

#include "models/network/system.h"

namespace simdse {
namespace {

const Chip& chip() {
  static const Chip loaded = load_chip("tpu_v4", DataFiles(SIMDSE_SOURCE_DIR));
  return loaded;
}

std::shared_ptr<const Interconnect> network_of(const std::string& yaml) {
  return make_interconnect(read_network(parse_config(yaml, "network.yaml"), "network"), chip());
}

RankNode compute(const std::string& name, double seconds, std::vector<std::int32_t> after = {}) {
  RankNode node;
  node.name = name;
  node.work.duration = Seconds(seconds);
  node.after = std::move(after);
  return node;
}

RankNode message(RankAction action, std::int32_t peer, std::int64_t tag, std::int64_t bytes,
                 std::vector<std::int32_t> after = {}) {
  RankNode node;
  node.name = "message";
  node.action = action;
  node.peer = peer;
  node.tag = tag;
  node.bytes = Bytes(bytes);
  node.after = std::move(after);
  return node;
}

RankNode all_reduce(std::int64_t bytes, std::vector<std::int32_t> after = {}) {
  RankNode node;
  node.name = "reduce";
  node.action = RankAction::collective;
  node.group = 0;
  node.bytes = Bytes(bytes);
  node.after = std::move(after);
  return node;
}

/// Groups: one of all ranks.
RankPrograms programs_of(std::vector<RankProgram> ranks) {
  RankPrograms programs;
  programs.name = "test";
  programs.ranks = std::move(ranks);
  RankGroup all{"all", {}};
  for (std::size_t i = 0; i < programs.ranks.size(); ++i) {
    all.ranks.push_back(static_cast<std::int32_t>(i));
  }
  programs.groups = {all};
  return programs;
}

SystemRunResult run(const Interconnect& network, const RankPrograms& programs,
                    const SystemRunOptions& options = {}) {
  const auto time = [&](RankNodeId id) { return programs.node(id).work.duration; };
  const SystemRunResult result = run_system(network, programs, time, options);
  for (const RankRecord& record : result.ranks) {
    EXPECT_EQ(record.compute + record.exchange + record.bubble, result.time);
    EXPECT_GE(record.exchange, 0);
    EXPECT_GE(record.bubble, 0);
  }
  return result;
}

constexpr double kPs = 1e12;

SystemRunOptions by_ring() {
  SystemRunOptions options;
  options.algorithm = [](CollectiveOp, Bytes, const std::vector<std::int32_t>&) {
    return CollectiveAlgorithm::ring;
  };
  return options;
}

/// All forward, then all backward, of `m` microbatches in stages of `forward[s]`; backward takes
/// twice as long.
RankPrograms gpipe(const std::vector<double>& forward, int m, std::int64_t bytes) {
  std::vector<RankProgram> ranks(forward.size());
  const auto stages = static_cast<int>(forward.size());
  for (int s = 0; s < stages; ++s) {
    std::vector<RankNode>& nodes = ranks[static_cast<std::size_t>(s)].nodes;
    std::int32_t last = -1;
    const auto add = [&](RankNode node) {
      nodes.push_back(std::move(node));
      return static_cast<std::int32_t>(nodes.size()) - 1;
    };
    for (int way = 0; way < 2; ++way) {
      const int from = way == 0 ? s - 1 : s + 1;
      const int to = way == 0 ? s + 1 : s - 1;
      for (int k = 0; k < m; ++k) {
        std::vector<std::int32_t> after;
        if (last >= 0) after.push_back(last);
        if (from >= 0 && from < stages) {
          after.push_back(add(message(RankAction::receive, from, way, bytes)));
        }
        last = add(compute("work", (way + 1) * forward[static_cast<std::size_t>(s)], after));
        if (to >= 0 && to < stages) add(message(RankAction::send, to, way, bytes, {last}));
      }
    }
  }
  return programs_of(std::move(ranks));
}

// Messages of nothing over links of 145 ns, next to work of a millisecond.
TEST(SystemRun, BubblesOfEqualStagesAreThoseOfTheory) {
  const int stages = 4;
  const int microbatches = 12;
  const auto network = network_of("{topology: ring, chips: 4}");
  const SystemRunResult result =
      run(*network, gpipe(std::vector<double>(stages, 1e-3), microbatches, 0));
  const double expected = 3e-3 * (microbatches + stages - 1);
  EXPECT_NEAR(static_cast<double>(result.time) / kPs, expected, 1e-3 * expected);
  for (const RankRecord& record : result.ranks) {
    const double bubble = static_cast<double>(record.bubble) / static_cast<double>(result.time);
    EXPECT_NEAR(bubble, (stages - 1.0) / (microbatches + stages - 1), 1e-3);
  }
}

// A stage of twice the work sets the pace; the others wait for it.
TEST(SystemRun, TheSlowestStageSetsThePace) {
  const auto network = network_of("{topology: ring, chips: 4}");
  const SystemRunResult result = run(*network, gpipe({1e-3, 2e-3, 1e-3, 1e-3}, 12, 0));
  const double expected = 3 * (12 * 2e-3 + 3 * 1e-3);
  EXPECT_NEAR(static_cast<double>(result.time) / kPs, expected, 1e-3 * expected);
}

// The line from stage 1 to stage 2 takes longer for a message than stages for their work.
TEST(SystemRun, ASlowLinkSetsThePaceOfAPipeline) {
  const auto network =
      network_of("{topology: ring, chips: 4, slow_links: [{from: chip1, to: chip2, share: 0.1}]}");
  const double bandwidth = network->lines().front().bandwidth.value();
  const auto bytes = static_cast<std::int64_t>(2e-3 * 0.1 * bandwidth);  // 2 ms on the slow line
  const SystemRunResult result = run(*network, gpipe({1e-3, 1e-3, 1e-3, 1e-3}, 12, bytes));
  // Forward: two stages, 12 messages of 2 ms, two stages, and 0.2 ms on each other line. Backward
  // the lines are fast.
  const double expected = 2e-3 + 12 * 2e-3 + 2e-3 + 2 * 0.2e-3 + 2e-3 * (12 + 3) + 3 * 0.2e-3;
  EXPECT_NEAR(static_cast<double>(result.time) / kPs, expected, 0.01 * expected);
}

// Gradients of 64 MiB behind the work: everybody waits for the slowest, which waits for nobody.
TEST(SystemRun, AStragglerIsWaitedForByAll) {
  const auto network = network_of("{topology: ring, chips: 8}");
  std::vector<RankProgram> ranks(8);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    ranks[i].nodes = {compute("work", i == 5 ? 3e-3 : 1e-3), all_reduce(64 << 20, {0}),
                      compute("update", 1e-4, {1})};
  }
  const SystemRunResult result = run(*network, programs_of(ranks), by_ring());
  const Line& line = network->lines().front();
  const double reduce =
      2 * 7 / 8.0 * (64 << 20) / line.bandwidth.value() + 14 * line.latency.value();
  EXPECT_NEAR(static_cast<double>(result.time) / kPs, 3e-3 + reduce + 1e-4, 0.01 * reduce);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(result.ranks[i].bubble) / kPs, i == 5 ? 0 : 2e-3,
                0.01 * reduce);
    EXPECT_NEAR(static_cast<double>(result.ranks[i].exchange) / kPs, reduce, 0.01 * reduce);
  }
}

// Rank 0 waits a millisecond for rank 1, and only then comes to a message that has been there from
// the beginning on: it was not under way for all that time.
TEST(SystemRun, AMessageThatIsThereBeforeItsReceiveWasNotWaitedFor) {
  const auto network = network_of("{topology: ring, chips: 4}");
  std::vector<RankProgram> ranks(2);
  ranks[0].nodes = {all_reduce(8), message(RankAction::receive, 1, 0, 8, {0}),
                    compute("work", 1e-6, {1})};
  ranks[1].nodes = {message(RankAction::send, 0, 0, 8), compute("slow", 1e-3), all_reduce(8, {1})};
  const SystemRunResult result = run(*network, programs_of(ranks));
  EXPECT_GT(static_cast<double>(result.ranks[0].bubble), 0.99 * static_cast<double>(result.time));
}

// The first half of the gradients is reduced while the second half is made.
TEST(SystemRun, ExchangesThatNothingWaitsForAreHidden) {
  const auto network = network_of("{topology: ring, chips: 4}");
  const Line& line = network->lines().front();
  const double reduce =
      2 * 3 / 4.0 * (32 << 20) / line.bandwidth.value() + 6 * line.latency.value();
  std::vector<RankProgram> ranks(4);
  for (RankProgram& rank : ranks) {
    rank.nodes = {compute("first", 1e-3), all_reduce(32 << 20, {0}),
                  compute("second", 2 * reduce, {0}), all_reduce(32 << 20, {2}),
                  compute("update", 1e-4, {1, 3})};
  }
  const SystemRunResult result = run(*network, programs_of(ranks), by_ring());
  EXPECT_NEAR(static_cast<double>(result.time) / kPs, 1e-3 + 2 * reduce + reduce + 1e-4,
              0.01 * reduce);
  EXPECT_NEAR(static_cast<double>(result.ranks[0].exchange) / kPs, reduce, 0.01 * reduce);
}

// Two all-reduces of a group that could begin together follow each other.
TEST(SystemRun, CollectivesOfAGroupFollowEachOther) {
  const auto network = network_of("{topology: ring, chips: 4}");
  std::vector<RankProgram> ranks(4);
  for (RankProgram& rank : ranks) rank.nodes = {all_reduce(32 << 20), all_reduce(32 << 20)};
  const SystemRunResult result = run(*network, programs_of(ranks), by_ring());
  const auto first = static_cast<double>(result.ranks[0].finish[0]);
  const auto second = static_cast<double>(result.ranks[0].finish[1]);
  EXPECT_NEAR(second, 2 * first, 0.01 * first);
}

// Chips 1 to 3 send to chip 0 through a switch at once: its port is shared.
TEST(SystemRun, ACongestedSwitchDelaysAll) {
  const auto network = network_of("{topology: switched, chips: 4}");
  std::vector<RankProgram> ranks(4);
  for (std::int32_t from = 1; from < 4; ++from) {
    ranks[0].nodes.push_back(message(RankAction::receive, from, 0, 64 << 20));
    ranks[static_cast<std::size_t>(from)].nodes = {message(RankAction::send, 0, 0, 64 << 20)};
  }
  const SystemRunResult result = run(*network, programs_of(ranks));
  const double alone = (64 << 20) / network->lines().front().bandwidth.value();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(static_cast<double>(result.ranks[0].finish[i]) / kPs, 3 * alone, 0.02 * alone);
  }
}

TEST(SystemRun, RanksMaySitOnAnyChips) {
  const auto network = network_of("{topology: ring, chips: 8}");
  std::vector<RankProgram> ranks(2);
  ranks[0].nodes = {message(RankAction::send, 1, 0, 0)};
  ranks[1].nodes = {message(RankAction::receive, 0, 0, 0)};
  SystemRunOptions options;
  options.chips = {6, 2};
  const SystemRunResult result = run(*network, programs_of(ranks), options);
  const double hops = 4 * network->lines().front().latency.value() + 3 * 100e-9;
  EXPECT_NEAR(static_cast<double>(result.time) / kPs, hops, 1e-11);
}

TEST(SystemRun, ADeadlockNamesTheCircle) {
  const auto network = network_of("{topology: ring, chips: 2}");
  std::vector<RankProgram> ranks(2);
  for (std::int32_t rank = 0; rank < 2; ++rank) {
    ranks[static_cast<std::size_t>(rank)].nodes = {message(RankAction::receive, 1 - rank, 0, 8),
                                                   message(RankAction::send, 1 - rank, 0, 8, {0})};
  }
  try {
    run(*network, programs_of(ranks));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("deadlock: rank "), std::string::npos) << error.what();
  }
}

TEST(SystemRun, TimesThatCannotBeCountedAreRefused) {
  const auto network = network_of("{topology: ring, chips: 2}");
  const auto refusal = [&](std::vector<RankProgram> ranks) -> std::string {
    try {
      run(*network, programs_of(std::move(ranks)));
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({{{compute("long", 1e7)}}}),
            "rank 0 compute 'long': a time of 1e+07 s is longer than the 9.22337e+06 s that can be "
            "counted");
  EXPECT_EQ(refusal({{{compute("a", 5e6), compute("b", 5e6)}}}),
            "rank 0 works for more than the 9.22337e+06 s that can be counted");
}

// Each rank's work can be counted; one after the other they take too long.
TEST(SystemRun, ASumOverRanksThatCannotBeCountedIsRefused) {
  const auto network = network_of("{topology: ring, chips: 2}");
  std::vector<RankProgram> ranks(2);
  ranks[0].nodes = {compute("a", 5e6), message(RankAction::send, 1, 0, 8, {0})};
  ranks[1].nodes = {message(RankAction::receive, 0, 0, 8), compute("b", 5e6, {0})};
  try {
    run(*network, programs_of(ranks));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "test takes more than the 9.22337e+06 s that can be counted");
  }
}

TEST(SystemRun, WhatIsGivenUpAtIsTheFirstNodeThatIsNotDone) {
  const auto network = network_of("{topology: ring, chips: 2}");
  std::vector<RankProgram> ranks(2);
  // Done at time 0, and no less done for that.
  for (RankProgram& rank : ranks) rank.nodes = {compute("nothing", 0), all_reduce(1 << 20, {0})};
  ranks[0].nodes[1].name = "a\nb";
  SystemRunOptions options;
  options.most_events = 30;
  try {
    run(*network, programs_of(ranks), options);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "given up: rank 0 collective 'a?b' has not ended");
  }
}

TEST(SystemRun, TooFewChipsOrEventsAreRefused) {
  const auto network = network_of("{topology: ring, chips: 2}");
  EXPECT_THROW(run(*network, programs_of(std::vector<RankProgram>(3))), InputError);
  std::vector<RankProgram> ranks(2);
  for (RankProgram& rank : ranks) rank.nodes = {all_reduce(1 << 20)};
  SystemRunOptions options;
  options.most_events = 10;
  try {
    run(*network, programs_of(ranks), options);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("given up: rank 0 collective 'reduce'"),
              std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace simdse
