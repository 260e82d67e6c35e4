// A buffer that costs nothing and never makes anyone wait: for what-if questions and for tests that
// compare simulation and closed form.
#include <limits>

#include "models/buffer/buffer.h"

namespace simdse {
namespace {

class IdealBuffer : public Buffer {
 public:
  struct Params {
    Bytes capacity = Bytes(std::int64_t{32} << 20);
    static void declare(ParamTable<Params>& table) {
      table.add("capacity", &Params::capacity, "capacity").range(1 << 16, 1LL << 40);
    }
  };

  IdealBuffer(const Params& params, const BlockContext&) : p_(params) {}

  Bytes capacity() const override { return p_.capacity; }
  std::int64_t banks() const override { return 1; }
  Bytes interleave() const override { return Bytes(1024); }
  BytesPerCycle bank_width() const override {
    return BytesPerCycle(std::numeric_limits<double>::infinity());
  }
  Cycles latency() const override { return Cycles(0); }
  std::int64_t queue_depth() const override { return std::numeric_limits<std::int64_t>::max(); }
  BlockCost cost(const Technology&) const override { return {}; }

 private:
  Params p_;
};

const RegisterBlock<IdealBuffer> registration("buffer", "ideal",
                                              "no area, no energy, infinite bandwidth");

}  // namespace
}  // namespace simdse
