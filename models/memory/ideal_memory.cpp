// A memory that costs nothing and never makes anyone wait.
#include <limits>

#include "models/memory/memory.h"

namespace simdse {
namespace {

class IdealMemory : public Memory {
 public:
  struct Params {
    Bytes capacity = Bytes(std::int64_t{16} << 30);
    static void declare(ParamTable<Params>& table) {
      table.add("capacity", &Params::capacity, "capacity").range(1 << 20, 1LL << 50);
    }
  };

  IdealMemory(const Params& params, const BlockContext&) : p_(params) {}

  Bytes capacity() const override { return p_.capacity; }
  std::int64_t channels() const override { return 1; }
  Bytes interleave() const override { return Bytes(1024); }
  std::int64_t queue_depth() const override { return std::numeric_limits<std::int64_t>::max(); }
  BytesPerSecond peak_bandwidth() const override {
    return BytesPerSecond(std::numeric_limits<double>::infinity());
  }
  BytesPerSecond sustained_bandwidth() const override { return peak_bandwidth(); }
  Seconds latency() const override { return Seconds(0); }
  Bytes access_size() const override { return Bytes(64); }
  BlockCost cost(const Technology&) const override { return {}; }

 private:
  Params p_;
};

const RegisterBlock<IdealMemory> registration("memory", "ideal",
                                              "no area, no energy, infinite bandwidth, no latency");

}  // namespace
}  // namespace simdse
