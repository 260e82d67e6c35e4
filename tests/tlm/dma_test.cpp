// The engine that fills the buffer, between a fast memory and a slow buffer.
#include <algorithm>

#include "models/buffer/dma_module.h"
#include "tlm/bench.h"

namespace simdse {
namespace {

constexpr std::int64_t kBlock = 64 * 1024;
constexpr std::int64_t kBlocks = 32;  // of each stream
constexpr Bytes kWindow = Bytes(4 * kBlock);
constexpr double kBufferRate = 64;  // bytes per nanosecond; memory has 256

TransferLimits limits(std::int64_t part = kBlock) {
  TransferLimits result;
  result.dma_window = kWindow;
  result.dma_bytes = part;
  return result;
}

/// Two streams of blocks for the engine, and a core that reads from the buffer.
class DmaBench : public DmaClient {
 public:
  explicit DmaBench(std::vector<Request> core_reads, const TransferLimits& cut = limits(),
                    const char* buffer_latency = "0")
      : queue_("queue"),
        chip_(hand_chip({{"memory.channels", "8"},
                         {"global_buffer.interleave", "256 B"},
                         {"global_buffer.latency", buffer_latency}})),
        core_("core", queue_, pool_, std::move(core_reads), 0, Bytes(1 << 30)),
        idle_("idle", queue_, pool_, {}, 0, Bytes(1 << 30)),
        dma_("dma", queue_, pool_, 2, chip_.core_count(), cut),
        buffer_("buffer", queue_, storage(chip_.design().global_buffer), kStoragePorts,
                chip_.core_count() + 1, false),
        memory_("memory", queue_, storage(chip_.design().memory), kStoragePorts,
                chip_.core_count() + 1, true) {
    core_.port.socket().bind(buffer_.socket(kNetworkPort));
    idle_.port.socket().bind(memory_.socket(kNetworkPort));
    dma_.buffer_socket().bind(buffer_.socket(kDmaPort));
    dma_.memory_socket().bind(memory_.socket(kDmaPort));
  }

  void run() {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    core_.start();
    for (std::int64_t stream = 0; stream < 2; ++stream) {
      for (std::int64_t block = 0; block < kBlocks; ++block) {
        const std::int64_t address = (stream * kBlocks + block) * kBlock;
        dma_.copy(static_cast<std::size_t>(stream), address, address, kBlock, *this,
                  static_cast<std::uint64_t>(stream));
      }
    }
    sc_core::sc_start();
    EXPECT_EQ(pool_.live(), 0U);
  }

  void block_copied(std::uint64_t stream) override {
    order_.push_back(stream);
    landed_ += kBlock;
    most_between_ = std::max(most_between_, memory_.bytes_read().value() - landed_);
    finish_ = queue_.now();
  }

  double finish_ns() const { return static_cast<double>(finish_) / 1000; }
  const std::vector<std::uint64_t>& order() const { return order_; }
  std::int64_t most_between() const { return most_between_; }
  const ScriptedInitiator& core() const { return core_; }
  Bytes written() const { return buffer_.bytes_written(); }

 private:
  std::unique_ptr<StorageCore> storage(const BlockConfig& block) const {
    return ModuleRegistry::instance().find(block.kind, block.type)->storage(chip_);
  }

  EventQueue queue_;
  PayloadPool pool_;
  Chip chip_;
  ScriptedInitiator core_;
  ScriptedInitiator idle_;
  DmaModule dma_;
  StorageModule buffer_;
  StorageModule memory_;
  std::vector<std::uint64_t> order_;
  std::int64_t landed_ = 0;
  std::int64_t most_between_ = 0;
  Picoseconds finish_ = 0;
};

TEST(Dma, ASlowBufferHoldsTheReadsBack) {
  DmaBench bench({});
  bench.run();
  EXPECT_EQ(bench.written(), Bytes(2 * kBlocks * kBlock));
  EXPECT_NEAR(bench.finish_ns(), 2 * kBlocks * kBlock / kBufferRate, 0.01 * bench.finish_ns());
  // The window may be entered by one more block as long as it is not full.
  EXPECT_LE(bench.most_between(), kWindow.value() + kBlock);
}

TEST(Dma, ACoreWaitsForTwoBlocksNotForAllThatIsToBeCopied) {
  const Picoseconds in_the_middle = 20'000'000;
  DmaBench bench({{in_the_middle, false, true, 0, kBlock}});
  bench.run();
  const double took = static_cast<double>(bench.core().done.at(0) - in_the_middle) / 1000;
  const double own = kBlock / kBufferRate;
  EXPECT_GE(took, own);
  EXPECT_LE(took, own + 2 * kBlock / kBufferRate);
}

// Two and a half parts a block: all of it lands, each block once, and a core waits for two parts.
TEST(Dma, BlocksAreCopiedInParts) {
  const std::int64_t part = kBlock * 2 / 5;
  const Picoseconds in_the_middle = 20'000'000;
  DmaBench bench({{in_the_middle, false, true, 0, kBlock}}, limits(part));
  bench.run();
  EXPECT_EQ(bench.written(), Bytes(2 * kBlocks * kBlock));
  EXPECT_EQ(bench.order().size(), static_cast<std::size_t>(2 * kBlocks));
  EXPECT_EQ(std::count(bench.order().begin(), bench.order().end(), 0), kBlocks);
  EXPECT_NEAR(bench.finish_ns(), (2 * kBlocks + 1) * kBlock / kBufferRate,
              0.01 * bench.finish_ns());
  const double took = static_cast<double>(bench.core().done.at(0) - in_the_middle) / 1000;
  const double own = kBlock / kBufferRate;
  EXPECT_GE(took, own);
  EXPECT_LE(took, own + 2 * static_cast<double>(part) / kBufferRate);
}

// Transactions of the chip's that are smaller still cut the engine's.
TEST(Dma, NoPartIsLargerThanAnyTransaction) {
  TransferLimits small = limits();
  small.max_bytes = 4096;
  DmaBench fine({}, small);
  fine.run();
  EXPECT_EQ(fine.written(), Bytes(2 * kBlocks * kBlock));
  EXPECT_LE(fine.most_between(), kWindow.value() + kBlock);
}

// What may wait at the buffer is counted in bytes: small parts hide the buffer's latency as well.
TEST(Dma, SmallPartsAreAsFast) {
  TransferLimits small = limits();
  small.max_bytes = 4096;
  DmaBench bench({}, small, "200");
  bench.run();
  EXPECT_NEAR(bench.finish_ns(), 2 * kBlocks * kBlock / kBufferRate, 0.01 * bench.finish_ns());
}

TEST(Dma, StreamsTakeTurns) {
  DmaBench bench({});
  bench.run();
  ASSERT_EQ(bench.order().size(), 2U * kBlocks);
  // Stream 0 asks first and fills the window before stream 1 asks for anything.
  const std::int64_t head_start = kWindow.value() / kBlock;
  std::int64_t ahead = 0;  // blocks by which stream 0 is ahead of stream 1
  for (const std::uint64_t stream : bench.order()) {
    ahead += stream == 0 ? 1 : -1;
    EXPECT_LE(std::abs(ahead), head_start);
  }
}

}  // namespace
}  // namespace simdse
