// One direction of a serial link, against hand calculations.
#include <gtest/gtest.h>

#include "models/link/serdes_core.h"

namespace simdse {
namespace {

/// 1 byte per ns, packets of 100 bytes with a header of 10, latency 1000 ns.
Serdes::Params slow() {
  Serdes::Params params;
  params.lanes = 1;
  params.lane_rate = BytesPerSecond(1e9);
  params.encoding = 1;
  params.packet = Bytes(100);
  params.header = Bytes(10);
  params.phy_latency = Seconds(400e-9);
  params.fec_latency = Seconds(500e-9);
  params.wire_latency = Seconds(100e-9);
  params.receive_buffer = Bytes(100'000);
  return params;
}

Serdes link_of(const Serdes::Params& params) { return {params, {Clock(Hertz(1e9)), 1}}; }

constexpr Picoseconds kNs = 1000;

TEST(SerdesCore, SerialisationAndLatency) {
  SerdesCore core(link_of(slow()));
  core.begin(0, 250, 0);
  EXPECT_TRUE(core.send());
  EXPECT_EQ(core.head(), 1000 * kNs);
  // Packets of 100, 100 and 50 bytes, each with a header.
  EXPECT_EQ(core.line_free(), (250 + 3 * 10) * kNs);
  EXPECT_EQ(core.tail(), core.line_free() + 1000 * kNs);
  // The next one waits for the line.
  core.begin(0, 100, 0);
  EXPECT_TRUE(core.send());
  EXPECT_EQ(core.head(), (280 + 1000) * kNs);
}

TEST(SerdesCore, FourLanesAndACodeChangeTheRate) {
  Serdes::Params params = slow();
  params.lanes = 4;
  params.encoding = 0.5;
  SerdesCore core(link_of(params));
  EXPECT_EQ(core.serialisation(100), 55 * kNs);
}

// A place is taken for serialisation + latency there + latency back.
TEST(SerdesCore, ThroughputIsTheWindowPerRoundTrip) {
  for (const std::int64_t window : {1, 2, 5, 19, 20, 40}) {
    Serdes::Params params = slow();
    params.receive_buffer = Bytes(100 * window + 99);
    const Serdes link = link_of(params);
    SerdesCore core(link);
    constexpr std::int64_t kPackets = 4000;
    core.begin(0, 100 * kPackets, 0);
    EXPECT_EQ(core.send(), window >= kPackets);
    core.accept(0);
    EXPECT_TRUE(core.send());
    const double expected =
        std::min(100 / 110.0, 100.0 * static_cast<double>(window) / (110 + 2000));  // bytes per ns
    const double measured = 100.0 * kPackets * kNs / static_cast<double>(core.tail() - 1000 * kNs);
    EXPECT_NEAR(measured, expected, 0.01 * expected) << window;
    EXPECT_NEAR(link.bandwidth().value(), expected * 1e9, 1e-6 * expected * 1e9);
  }
}

// Software that makes ready half of what the line carries leaves it idle half of the time; one that
// is faster than the line changes nothing.
TEST(SerdesCore, DataComesNoFasterThanItIsCopied) {
  for (const double copied : {0.5e9, 0.8e9, 5e9}) {
    Serdes::Params params = slow();
    params.copy_rate = BytesPerSecond(copied);
    const Serdes link = link_of(params);
    const double expected = std::min(copied, 1e9 * 100 / 110);
    EXPECT_NEAR(link.bandwidth().value(), expected, 1e-6 * expected);
    SerdesCore core(link);
    core.begin(0, 80'000, 0);
    ASSERT_TRUE(core.send());
    EXPECT_NEAR(80'000 * 1e12 / static_cast<double>(core.line_free()), expected, 1e-3 * expected);
  }
}

TEST(SerdesCore, WhatIsNotAcceptedKeepsItsPlaces) {
  Serdes::Params params = slow();
  params.receive_buffer = Bytes(300);
  SerdesCore core(link_of(params));
  core.begin(0, 200, 0);
  EXPECT_TRUE(core.send());
  core.begin(0, 200, 0);
  EXPECT_FALSE(core.send());  // one packet of it fits
  EXPECT_TRUE(core.has_head());
  core.accept(50'000 * kNs);  // the first transfer: its credits are back 1000 ns later
  EXPECT_TRUE(core.send());
  EXPECT_EQ(core.line_free(), (51'000 + 110) * kNs);
}

TEST(SerdesCore, TheLastPacketWaitsForTheLastByte) {
  SerdesCore core(link_of(slow()));
  core.begin(0, 250, 5000 * kNs);
  EXPECT_TRUE(core.send());
  EXPECT_EQ(core.tail(), 6000 * kNs);
}

TEST(Serdes, ABufferWithoutRoomForAPacketIsRefused) {
  Serdes::Params params = slow();
  params.receive_buffer = Bytes(99);
  EXPECT_THROW(link_of(params), InputError);
}

}  // namespace
}  // namespace simdse
