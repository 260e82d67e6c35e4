// A block of each kind that the other plug-ins don't bring: network, buffer and vector core, each
// with one parameter that slows it down.
#include "models/buffer/banked_sram_core.h"
#include "models/noc/crossbar_core.h"
#include "models/vector_core/simd.h"
#include "sim/kernel/module_registry.h"

namespace {

using namespace simdse;

/// Ways from every core to every port, which take `latency` cycles.
class PlainNoc : public Noc {
 public:
  struct Params {
    BytesPerCycle width = BytesPerCycle(64);
    std::int64_t latency = 20;
    static void declare(ParamTable<Params>& table) {
      table.add("width", &Params::width, "of every port").range(1, 4096);
      table.add("latency", &Params::latency, "cycles from end to end").range(0, 1000);
    }
  };

  PlainNoc(const Params& params, const BlockContext& context)
      : p_(params), topology_(context.initiators, 2, 2, params.latency) {}
  BytesPerCycle port_width() const override { return p_.width; }
  std::int64_t buffer_ports() const override { return 2; }
  std::int64_t memory_ports() const override { return 2; }
  Cycles latency() const override { return Cycles(p_.latency); }
  const Topology& topology() const override { return topology_; }
  BlockCost cost(const Technology&) const override {
    return {{{"wires", Area(1), true}}, Watts(0.5), {{"byte", Joules(1e-12), 1e9}}};
  }

 private:
  Params p_;
  TwoSidedTopology topology_;
};

/// One bank.
class PlainBuffer : public Buffer {
 public:
  struct Params {
    BytesPerCycle width = BytesPerCycle(256);
    static void declare(ParamTable<Params>& table) {
      table.add("width", &Params::width, "of its one bank").range(1, 4096);
    }
  };

  PlainBuffer(const Params& params, const BlockContext&) : p_(params) {}
  Bytes capacity() const override { return Bytes(8 << 20); }
  std::int64_t banks() const override { return 1; }
  Bytes interleave() const override { return Bytes(1024); }
  BytesPerCycle bank_width() const override { return p_.width; }
  Cycles latency() const override { return Cycles(10); }
  std::int64_t queue_depth() const override { return 16; }
  BlockCost cost(const Technology&) const override {
    return {{{"bank", Area(2), true}}, Watts(0.25), {{"byte", Joules(1e-12), 1e9}}};
  }

 private:
  Params p_;
};

/// The SIMD unit, `stretch` times as long at its work.
class PlainVector : public Simd {
 public:
  struct Params {
    std::int64_t stretch = 1;
    static void declare(ParamTable<Params>& table) {
      table.add("stretch", &Params::stretch, "cycles that take the place of one").range(-1, 1000);
    }
  };

  PlainVector(const Params& params, const BlockContext& context)
      : Simd({}, context), stretch_(params.stretch) {}
  TileTiming timing(const VectorShape& tile) const override {
    TileTiming timing = Simd::timing(tile);
    timing.body = Cycles(timing.body.value() * stretch_);
    timing.open = timing.body;
    return timing;
  }

 private:
  std::int64_t stretch_;
};

const RegisterBlock<PlainNoc> noc("noc", "plain", "a way from each to each");
const RegisterBlock<PlainBuffer> buffer("buffer", "plain", "one bank");
const RegisterBlock<PlainVector> vector_core("vector_core", "plain", "a slow SIMD unit");
const RegisterModule noc_module({"noc", "plain", nullptr, [](const Noc& noc, const Clock& clock) {
                                   return std::make_unique<CrossbarCore>(noc, clock);
                                 }});
const RegisterModule buffer_module({"buffer", "plain",
                                    [](const Chip& chip) {
                                      return std::make_unique<BankedSramCore>(chip.buffer(),
                                                                              chip.clock());
                                    },
                                    nullptr});

}  // namespace
