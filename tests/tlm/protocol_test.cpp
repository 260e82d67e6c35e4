// The blocks keep to the protocol and lose nothing: plain, watched, stalled at random, and built in
// reverse order.
#include <random>

#include "tlm/bench.h"

namespace simdse {
namespace {

std::vector<std::vector<Request>> random_scripts(std::uint64_t seed, std::size_t initiators) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<Request>> scripts(initiators);
  for (auto& script : scripts) {
    for (int i = 0; i < 60; ++i) {
      Request r;
      r.at = static_cast<Picoseconds>(random() % 20'000'000);
      r.is_write = random() % 2 == 0;
      r.in_buffer = random() % 2 == 0;
      r.address = static_cast<std::int64_t>(random() % (4 << 20));
      r.bytes = static_cast<std::int64_t>(1 + random() % 65536);
      script.push_back(r);
    }
  }
  return scripts;
}

Bytes total_bytes(const std::vector<std::vector<Request>>& scripts) {
  Bytes total;
  for (const auto& script : scripts) {
    for (const Request& r : script) total += Bytes(r.bytes);
  }
  return total;
}

Chip busy_chip(const std::string& network) {
  return load_chip("tpu_v2", DataFiles(SIMDSE_SOURCE_DIR),
                   {{"cores.0.count", "4"},
                    {"noc", network},
                    {"memory.queue_depth", "3"},
                    {"global_buffer.queue_depth", "2"}});
}

void expect_conservation(StorageBench& bench, const std::vector<std::vector<Request>>& scripts) {
  const Bytes expected = total_bytes(scripts);
  Bytes received;
  for (const auto& initiator : bench.initiators) received += initiator->bytes;
  EXPECT_EQ(received, expected);
  EXPECT_EQ(bench.noc->bytes_carried(), expected);
  EXPECT_EQ(bench.buffer->bytes_read() + bench.buffer->bytes_written() +
                bench.memory->bytes_read() + bench.memory->bytes_written(),
            expected);
  if (bench.monitors.empty()) return;
  Bytes at_cores;
  Bytes at_storages;
  const std::size_t count = bench.monitors.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes seen = bench.monitors[i]->bytes_read() + bench.monitors[i]->bytes_written();
    (i + 2 < count ? at_cores : at_storages) += seen;
  }
  EXPECT_EQ(at_cores, expected);
  EXPECT_EQ(at_storages, expected);
  EXPECT_EQ(bench.monitors[count - 2]->bytes_written(), bench.buffer->bytes_written());
  EXPECT_EQ(bench.monitors[count - 1]->bytes_read(), bench.memory->bytes_read());
}

class Seeds : public ::testing::TestWithParam<std::tuple<int, const char*>> {
 protected:
  std::vector<std::vector<Request>> scripts() const {
    return random_scripts(static_cast<std::uint64_t>(std::get<0>(GetParam())), 4);
  }
  Chip chip() const { return busy_chip(std::get<1>(GetParam())); }
};

TEST_P(Seeds, PlainRunsConserveBytes) {
  const auto requests = scripts();
  const Chip design = chip();
  StorageBench bench(design, requests);
  bench.run();
  expect_conservation(bench, requests);
}

TEST_P(Seeds, WatchedRunsKeepTheProtocol) {
  const auto requests = scripts();
  const Chip design = chip();
  StorageBench bench(design, requests, Between::checkers, false, Bytes(100'000));
  bench.run();
  expect_conservation(bench, requests);
  bench.expect_littles_law();
}

TEST_P(Seeds, RandomStallsLoseNothing) {
  const auto requests = scripts();
  const Chip design = chip();
  StorageBench bench(design, requests, Between::stallers, false, Bytes(100'000));
  bench.run();
  expect_conservation(bench, requests);
}

INSTANTIATE_TEST_SUITE_P(
    Random, Seeds,
    ::testing::Combine(::testing::Range(1, 6),
                       ::testing::Values("{type: crossbar}",
                                         "{type: mesh, flit_width: 128 B/cycle}")));

// The same numbers whatever order the modules are built in: those that the rotating key gives.
class Reversed : public ::testing::TestWithParam<bool> {};

TEST_P(Reversed, EqualArrivalsAreServedInTheOrderOfTheKey) {
  // Twice, all four ask at once for 16 KiB of a channel that gives 32 bytes per nanosecond.
  std::vector<std::vector<Request>> scripts(4);
  for (std::size_t i = 0; i < 4; ++i) {
    for (const Picoseconds at : {0, 10'000'000}) {
      scripts[i].push_back({at, false, false, static_cast<std::int64_t>(i) << 20, 16384});
    }
  }
  const Chip chip = hand_chip();
  StorageBench bench(chip, scripts, Between::nothing, GetParam());
  bench.run();
  // The key starts behind core 0, so that core 0 comes last each time. Data is 512 ns each.
  for (std::size_t i = 0; i < 4; ++i) {
    const Picoseconds each = 512'000;
    const auto place = static_cast<Picoseconds>(i == 0 ? 4 : i);
    EXPECT_EQ(bench.initiators[i]->done[0], place * each);
    EXPECT_EQ(bench.initiators[i]->done[1], 10'000'000 + place * each);
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, Reversed, ::testing::Bool());

}  // namespace
}  // namespace simdse
