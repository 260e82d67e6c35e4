// Links between two chips: plain, held up by the target, and stalled at random.
#include <random>

#include "models/link/link_module.h"
#include "tlm/bench.h"

namespace simdse {
namespace {

/// Takes each transfer a given time after its announcement, and answers when its tail is there.
class SlowTarget : public sc_core::sc_module, public Timed {
 public:
  SlowTarget(const sc_core::sc_module_name& name, TimeService& time, Picoseconds hold)
      : sc_module(name), socket("socket"), time_(time), hold_(hold) {
    socket.register_nb_transport_fw(this, &SlowTarget::nb_transport_fw);
    time_.join(*this, this->name());
  }

  tlm_utils::simple_target_socket<SlowTarget> socket;
  std::vector<Picoseconds> heads;
  std::vector<Picoseconds> tails;
  std::int64_t bytes = 0;

 private:
  tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time&) {
    EXPECT_EQ(phase, tlm::BEGIN_REQ);
    EXPECT_EQ(held_, nullptr);
    heads.push_back(time_.now());
    held_ = &payload;
    time_.call_at(time_.now() + hold_, Stage::storage, *this, 0);
    return tlm::TLM_ACCEPTED;
  }
  void on_time(std::uint64_t) override {
    tlm::tlm_generic_payload& payload = *held_;
    held_ = nullptr;
    payload.acquire();
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    socket->nb_transport_bw(payload, phase, delay);
    bytes += payload.get_data_length();
    tails.push_back(std::max(info_of(payload).tail, time_.now()));
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
    phase = tlm::BEGIN_RESP;
    delay = sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(tails.back() - time_.now()));
    socket->nb_transport_bw(payload, phase, delay);
    payload.release();
  }

  TimeService& time_;
  Picoseconds hold_;
  tlm::tlm_generic_payload* held_ = nullptr;
};

/// 1 byte per ns, packets of 100 bytes without header, latency 1000 ns, 10 packets of room.
Serdes small_link() {
  Serdes::Params params;
  params.lanes = 1;
  params.lane_rate = BytesPerSecond(1e9);
  params.encoding = 1;
  params.packet = Bytes(100);
  params.header = Bytes(0);
  params.phy_latency = Seconds(1000e-9);
  params.fec_latency = Seconds(0);
  params.wire_latency = Seconds(0);
  params.receive_buffer = Bytes(1000);
  return {params, {Clock(Hertz(1e9)), 1}};
}

constexpr Picoseconds kNs = 1000;

struct LinkBench {
  LinkBench(const std::vector<Request>& from_0, const std::vector<Request>& from_1,
            Picoseconds hold_0, Picoseconds hold_1, bool with_stalls = false)
      : queue("queue"),
        sender{{"sender0", queue, pool, from_0, 0, Bytes(1 << 30)},
               {"sender1", queue, pool, from_1, 1, Bytes(1 << 30)}},
        target{{"target0", queue, hold_0}, {"target1", queue, hold_1}},
        link("link", queue, serdes) {
    for (int side = 0; side < 2; ++side) {
      if (with_stalls) {
        const std::string name = "side" + std::to_string(side);
        for (const char* place : {"_before", "_behind"}) {
          stallers.push_back(std::make_unique<RandomStaller>((name + place).c_str(), queue,
                                                             stallers.size() + 1, 300'000));
          checkers.push_back(
              std::make_unique<ProtocolChecker>((name + place + "_checker").c_str()));
          stallers.back()->initiator.bind(checkers.back()->target);
        }
        sender[side].port.socket().bind(stallers[stallers.size() - 2]->target);
        checkers[checkers.size() - 2]->initiator.bind(link.in(side));
        link.out(side).bind(stallers.back()->target);
        checkers.back()->initiator.bind(target[side].socket);
      } else {
        sender[side].port.socket().bind(link.in(side));
        link.out(side).bind(target[side].socket);
      }
    }
  }

  void run() {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (ScriptedInitiator& each : sender) each.start();
    sc_core::sc_start();
    EXPECT_EQ(pool.live(), 0U);
    for (const auto& checker : checkers) {
      EXPECT_EQ(checker->violations(), std::vector<std::string>{});
      EXPECT_EQ(checker->under_way(), 0U);
    }
  }

  EventQueue queue;
  PayloadPool pool;
  Serdes serdes = small_link();
  ScriptedInitiator sender[2];
  SlowTarget target[2];  // of what the sender of that number sends
  LinkModule link;
  std::vector<std::unique_ptr<RandomStaller>> stallers;
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;
};

Request write(Picoseconds at, std::int64_t bytes) { return {at, true, false, 0, bytes}; }

TEST(LinkModule, ATransferTakesSerialisationAndLatencyAndItsAnswerTheWayBack) {
  LinkBench bench({write(0, 500), write(0, 300)}, {}, 0, 0);
  bench.run();
  EXPECT_EQ(bench.target[0].heads, (std::vector<Picoseconds>{1000 * kNs, 1500 * kNs}));
  EXPECT_EQ(bench.target[0].tails, (std::vector<Picoseconds>{1500 * kNs, 1800 * kNs}));
  EXPECT_EQ(bench.sender[0].done, (std::vector<Picoseconds>{2500 * kNs, 2800 * kNs}));
}

// Ten packets of 100 bytes per 100 + 2000 ns.
TEST(LinkModule, CreditsBoundALongTransfer) {
  LinkBench bench({write(0, 100'000)}, {}, 0, 0);
  bench.run();
  const double expected = 100'000 / 1000.0 * 2100;  // ns
  EXPECT_NEAR(static_cast<double>(bench.target[0].tails[0]) / kNs, expected, 0.02 * expected);
  EXPECT_EQ(bench.link.bytes_carried(0), Bytes(100'000));
}

// The target takes a transfer of 1000 bytes, as much as the buffer holds, every 10 us.
TEST(LinkModule, ATargetThatWithholdsEndReqHoldsUpTheSender) {
  std::vector<Request> script;
  for (int i = 0; i < 20; ++i) script.push_back(write(0, 1000));
  LinkBench held(script, script, 10'000 * kNs, 0);
  held.run();
  for (std::size_t i = 1; i < 20; ++i) {
    // Its buffer was full until then, and the credit had to come back before the next one left.
    EXPECT_EQ(held.target[0].heads[i] - held.target[0].heads[i - 1], (10'000 + 2000) * kNs);
    // The other direction does not feel it: 1000 bytes per window and round trip.
    EXPECT_EQ(held.target[1].heads[i] - held.target[1].heads[i - 1], 2100 * kNs);
  }
  EXPECT_EQ(held.target[0].bytes, 20'000);
  EXPECT_EQ(held.target[1].bytes, 20'000);
}

class LinkSeeds : public ::testing::TestWithParam<int> {};

TEST_P(LinkSeeds, RandomStallsLoseNothing) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  std::vector<Request> scripts[2];
  std::int64_t sent[2] = {0, 0};
  for (int side = 0; side < 2; ++side) {
    for (int i = 0; i < 80; ++i) {
      scripts[side].push_back(write(static_cast<Picoseconds>(random() % 100'000'000),
                                    static_cast<std::int64_t>(1 + random() % 5000)));
      sent[side] += scripts[side].back().bytes;
    }
  }
  LinkBench bench(scripts[0], scripts[1], 0, 700 * kNs, true);
  bench.run();
  for (int side = 0; side < 2; ++side) {
    EXPECT_EQ(bench.target[side].bytes, sent[side]);
    EXPECT_EQ(bench.link.bytes_carried(side), Bytes(sent[side]));
    EXPECT_EQ(bench.sender[side].bytes, Bytes(sent[side]));
    // No faster than the line.
    EXPECT_GE(bench.target[side].tails.back(), sent[side] * kNs + 1000 * kNs);
  }
}

INSTANTIATE_TEST_SUITE_P(Random, LinkSeeds, ::testing::Range(1, 6));

}  // namespace
}  // namespace simdse
