// A memory of one channel with its own behaviour in the simulation, which may go wrong there.
#include "fault.h"
#include "models/core/storage_core.h"
#include "models/memory/memory.h"
#include "sim/kernel/module_registry.h"

namespace {

using namespace simdse;

class FaultyMemory : public Memory {
 public:
  struct Params {
    BytesPerSecond bandwidth = BytesPerSecond(100e9);
    Fault fault = Fault::none;
    static void declare(ParamTable<Params>& table) {
      table.add("bandwidth", &Params::bandwidth, "of its one channel").range(1e9, 1e13);
      table.add_choice("fault", &Params::fault,
                       {"none", "throw", "crash", "hang", "corrupt", "leave"},
                       "what goes wrong in the simulation");
    }
  };

  FaultyMemory(const Params& params, const BlockContext&) : p_(params) {}
  Bytes capacity() const override { return Bytes(std::int64_t{16} << 30); }
  std::int64_t channels() const override { return 1; }
  Bytes interleave() const override { return Bytes(1024); }
  BytesPerSecond peak_bandwidth() const override { return p_.bandwidth; }
  BytesPerSecond sustained_bandwidth() const override { return p_.bandwidth; }
  std::int64_t queue_depth() const override { return 16; }
  Seconds latency() const override { return Seconds(100e-9); }
  Bytes access_size() const override { return Bytes(64); }
  BlockCost cost(const Technology&) const override { return {}; }
  Fault fault() const { return p_.fault; }

 private:
  Params p_;
};

class FaultyMemoryCore : public StorageCore {
 public:
  explicit FaultyMemoryCore(const FaultyMemory& memory)
      : fault_(memory.fault()),
        bytes_per_ps_(memory.peak_bandwidth().value() * 1e-12),
        depth_(static_cast<std::size_t>(memory.queue_depth())) {}

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override {
    commit(fault_);
    constexpr Picoseconds latency = 100'000;
    const Picoseconds head = std::max(now + latency, free_);
    free_ = head + static_cast<Picoseconds>(static_cast<double>(request.bytes) / bytes_per_ps_);
    return {head, free_};
  }
  std::size_t queue_depth() const override { return depth_; }

 private:
  Fault fault_;
  double bytes_per_ps_;
  std::size_t depth_;
  Picoseconds free_ = 0;
};

const RegisterBlock<FaultyMemory> block("memory", "faulty", "one channel, as told");
const RegisterModule module({"memory", "faulty",
                             [](const Chip& chip) {
                               return std::make_unique<FaultyMemoryCore>(
                                   dynamic_cast<const FaultyMemory&>(chip.memory()));
                             },
                             nullptr});

}  // namespace
