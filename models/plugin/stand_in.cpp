#include "models/plugin/stand_in.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>

#include "models/base/byte_text.h"
#include "models/buffer/buffer.h"
#include "models/dispatcher/dispatcher.h"
#include "models/memory/memory.h"
#include "models/noc/noc.h"
#include "models/tensor_core/tensor_core.h"
#include "models/vector_core/vector_core.h"

namespace simdse {

template <class Archive>
void exchange(Archive& archive, AreaPart& part) {
  auto& [name, area, is_macro] = part;
  archive(name, area, is_macro);
}

template <class Archive>
void exchange(Archive& archive, ActionCost& action) {
  auto& [name, energy, peak_per_second] = action;
  archive(name, energy, peak_per_second);
}

template <class Archive>
void exchange(Archive& archive, BlockCost& cost) {
  auto& [area, static_power, actions, has_own_supply, die_edge] = cost;
  archive(area, static_power, actions, has_own_supply, die_edge);
}

namespace {

// Beyond these a count or a size, a latency in cycles and one in seconds mean nothing, and their
// sums would pass what 64 bits hold.
constexpr double kMostCount = 1125899906842624;  // 2^50
constexpr double kMostCycles = 4294967296;       // 2^32
constexpr double kMostSeconds = 1;

/// Throws PluginFailure unless the number is at least `least` and at most `most`; infinite is
/// allowed if nothing is said of the most, NaN is not.
void check(const char* what, double value, double least,
           double most = std::numeric_limits<double>::infinity()) {
  if (value >= least && value <= most) return;
  throw PluginFailure(fmt::format("its {} is {}", what, value));
}

void check_count(const char* what, double value, double least) {
  check(what, value, least, kMostCount);
}

std::string checked_label(const std::string& label) {
  constexpr std::size_t longest = 64;
  if (label.empty() || label.size() > longest || printable(label) != label) {
    throw PluginFailure(fmt::format("its label '{}' is not a short printable text",
                                    printable(label.substr(0, longest))));
  }
  return label;
}

[[noreturn]] void only_in_children() {
  throw std::logic_error("a plug-in's closed forms run in child processes only");
}

/// A stand-in for a block of one kind: facts of struct `Facts`.
template <class Interface, class Facts>
class StandIn : public Interface {
 public:
  StandIn(const std::string& description, std::function<BlockCost(const Technology&)> cost)
      : facts_(from_bytes<Facts>(description)), cost_(std::move(cost)) {}
  BlockCost cost(const Technology& technology) const override { return cost_(technology); }

 protected:
  Facts facts_;

 private:
  std::function<BlockCost(const Technology&)> cost_;
};

struct TensorCoreFacts {
  std::vector<Dataflow> dataflows;
  std::int64_t peak_macs_per_cycle = 0;
  int multiplier_bits = 0;
  std::int64_t products_of_8_bits = 0;
  std::int64_t passes_of_32_bits = 0;
  BytesPerCycle drain_width;
  Bytes private_memory;
  Buffering buffering = Buffering::twofold;
  std::string label;

  TensorCoreFacts() = default;
  explicit TensorCoreFacts(const TensorCore& core)
      : dataflows(core.dataflows()),
        peak_macs_per_cycle(core.peak_macs_per_cycle()),
        multiplier_bits(core.multiplier_bits()),
        products_of_8_bits(core.products_of_8_bits()),
        passes_of_32_bits(core.passes_of_32_bits()),
        drain_width(core.drain_width()),
        private_memory(core.private_memory()),
        buffering(core.buffering()),
        label(checked_label(core.label())) {
    check("number of dataflows", static_cast<double>(dataflows.size()), 1);
    check_count("peak_macs_per_cycle", static_cast<double>(peak_macs_per_cycle), 1);
    check_count("multiplier_bits", multiplier_bits, 1);
    check_count("products_of_8_bits", static_cast<double>(products_of_8_bits), 1);
    check_count("passes_of_32_bits", static_cast<double>(passes_of_32_bits), 0);
    check("drain_width", drain_width.value(), 1e-9);
    check_count("private_memory", to_double(private_memory), 0);
  }
};

template <class Archive>
void exchange(Archive& archive, TensorCoreFacts& f) {
  archive(f.dataflows, f.peak_macs_per_cycle, f.multiplier_bits, f.products_of_8_bits,
          f.passes_of_32_bits, f.drain_width, f.private_memory, f.buffering, f.label);
}

class TensorCoreStandIn final : public StandIn<TensorCore, TensorCoreFacts> {
 public:
  using StandIn::StandIn;
  std::vector<Dataflow> dataflows() const override { return facts_.dataflows; }
  std::int64_t peak_macs_per_cycle() const override { return facts_.peak_macs_per_cycle; }
  std::vector<TileShape> tiles(Dataflow, const TileShape&, double) const override {
    only_in_children();
  }
  TileTiming timing(Dataflow, const TileShape&, const TileShape&, std::int64_t) const override {
    only_in_children();
  }
  std::int64_t output_places(std::int64_t) const override { only_in_children(); }
  int multiplier_bits() const override { return facts_.multiplier_bits; }
  std::int64_t products_of_8_bits() const override { return facts_.products_of_8_bits; }
  std::int64_t passes_of_32_bits() const override { return facts_.passes_of_32_bits; }
  BytesPerCycle drain_width() const override { return facts_.drain_width; }
  Bytes private_memory() const override { return facts_.private_memory; }
  Buffering buffering() const override { return facts_.buffering; }
  std::string label() const override { return facts_.label; }
};

struct VectorCoreFacts {
  std::int64_t peak_operations_per_cycle = 0;
  Bytes private_memory;
  Buffering buffering = Buffering::twofold;
  std::string label;

  VectorCoreFacts() = default;
  explicit VectorCoreFacts(const VectorCore& core)
      : peak_operations_per_cycle(core.peak_operations_per_cycle()),
        private_memory(core.private_memory()),
        buffering(core.buffering()),
        label(checked_label(core.label())) {
    check_count("peak_operations_per_cycle", static_cast<double>(peak_operations_per_cycle), 1);
    check_count("private_memory", to_double(private_memory), 0);
  }
};

template <class Archive>
void exchange(Archive& archive, VectorCoreFacts& f) {
  archive(f.peak_operations_per_cycle, f.private_memory, f.buffering, f.label);
}

class VectorCoreStandIn final : public StandIn<VectorCore, VectorCoreFacts> {
 public:
  using StandIn::StandIn;
  TileTiming timing(const VectorShape&) const override { only_in_children(); }
  std::int64_t peak_operations_per_cycle() const override {
    return facts_.peak_operations_per_cycle;
  }
  Bytes private_memory() const override { return facts_.private_memory; }
  Buffering buffering() const override { return facts_.buffering; }
  std::string label() const override { return facts_.label; }
};

struct BufferFacts {
  Bytes capacity;
  std::int64_t banks = 0;
  std::int64_t ports = 0;
  Bytes interleave;
  BytesPerCycle bank_width;
  Cycles latency;
  std::int64_t queue_depth = 0;

  BufferFacts() = default;
  explicit BufferFacts(const Buffer& buffer)
      : capacity(buffer.capacity()),
        banks(buffer.banks()),
        ports(buffer.ports()),
        interleave(buffer.interleave()),
        bank_width(buffer.bank_width()),
        latency(buffer.latency()),
        queue_depth(buffer.queue_depth()) {
    check_count("capacity", to_double(capacity), 1);
    check_count("number of banks", static_cast<double>(banks), 1);
    check_count("number of ports", static_cast<double>(ports), 1);
    check_count("interleave", to_double(interleave), 1);
    check("bank_width", bank_width.value(), 1e-9);
    check("latency", to_double(latency), 0, kMostCycles);
    check("queue_depth", static_cast<double>(queue_depth), 1);
  }
};

class BufferStandIn final : public StandIn<Buffer, BufferFacts> {
 public:
  using StandIn::StandIn;
  Bytes capacity() const override { return facts_.capacity; }
  std::int64_t banks() const override { return facts_.banks; }
  std::int64_t ports() const override { return facts_.ports; }
  Bytes interleave() const override { return facts_.interleave; }
  BytesPerCycle bank_width() const override { return facts_.bank_width; }
  Cycles latency() const override { return facts_.latency; }
  std::int64_t queue_depth() const override { return facts_.queue_depth; }
};

struct NocFacts {
  BytesPerCycle port_width;
  std::int64_t buffer_ports = 0;
  std::int64_t memory_ports = 0;
  Cycles latency;
  BytesPerCycle buffer_bandwidth;
  BytesPerCycle memory_bandwidth;

  NocFacts() = default;
  explicit NocFacts(const Noc& noc)
      : port_width(noc.port_width()),
        buffer_ports(noc.buffer_ports()),
        memory_ports(noc.memory_ports()),
        latency(noc.latency()),
        buffer_bandwidth(noc.buffer_bandwidth()),
        memory_bandwidth(noc.memory_bandwidth()) {
    check("port_width", port_width.value(), 1e-9);
    check_count("number of buffer_ports", static_cast<double>(buffer_ports), 1);
    check_count("number of memory_ports", static_cast<double>(memory_ports), 1);
    check("latency", to_double(latency), 0, kMostCycles);
    check("buffer_bandwidth", buffer_bandwidth.value(), 1e-9);
    check("memory_bandwidth", memory_bandwidth.value(), 1e-9);
  }
};

class NocStandIn final : public StandIn<Noc, NocFacts> {
 public:
  using StandIn::StandIn;
  BytesPerCycle port_width() const override { return facts_.port_width; }
  std::int64_t buffer_ports() const override { return facts_.buffer_ports; }
  std::int64_t memory_ports() const override { return facts_.memory_ports; }
  Cycles latency() const override { return facts_.latency; }
  const Topology& topology() const override { only_in_children(); }
  std::int64_t data_of(std::int64_t) const override { only_in_children(); }
  BytesPerCycle buffer_bandwidth() const override { return facts_.buffer_bandwidth; }
  BytesPerCycle memory_bandwidth() const override { return facts_.memory_bandwidth; }
};

struct MemoryFacts {
  Bytes capacity;
  std::int64_t channels = 0;
  Bytes interleave;
  BytesPerSecond peak_bandwidth;
  BytesPerSecond sustained_bandwidth;
  std::int64_t queue_depth = 0;
  Seconds latency;
  Bytes access_size;
  Bytes max_transfer;
  Seconds turnaround;
  Bytes write_batch;

  MemoryFacts() = default;
  explicit MemoryFacts(const Memory& memory)
      : capacity(memory.capacity()),
        channels(memory.channels()),
        interleave(memory.interleave()),
        peak_bandwidth(memory.peak_bandwidth()),
        sustained_bandwidth(memory.sustained_bandwidth()),
        queue_depth(memory.queue_depth()),
        latency(memory.latency()),
        access_size(memory.access_size()),
        max_transfer(memory.max_transfer()),
        turnaround(memory.turnaround()),
        write_batch(memory.write_batch()) {
    check_count("capacity", to_double(capacity), 1);
    check_count("access_size", to_double(access_size), 1);
    check_count("max_transfer", to_double(max_transfer), 1);
    check_count("number of channels", static_cast<double>(channels), 1);
    check_count("interleave", to_double(interleave), 1);
    check("peak_bandwidth", peak_bandwidth.value(), 1e-9);
    check("sustained_bandwidth", sustained_bandwidth.value(), 1e-9);
    check("queue_depth", static_cast<double>(queue_depth), 1);
    check("latency", latency.value(), 0, kMostSeconds);
    check("turnaround", turnaround.value(), 0, kMostSeconds);
    check_count("write_batch", to_double(write_batch), 1);
  }
};

class MemoryStandIn final : public StandIn<Memory, MemoryFacts> {
 public:
  using StandIn::StandIn;
  Bytes capacity() const override { return facts_.capacity; }
  std::int64_t channels() const override { return facts_.channels; }
  Bytes interleave() const override { return facts_.interleave; }
  BytesPerSecond peak_bandwidth() const override { return facts_.peak_bandwidth; }
  BytesPerSecond sustained_bandwidth() const override { return facts_.sustained_bandwidth; }
  std::int64_t queue_depth() const override { return facts_.queue_depth; }
  Seconds latency() const override { return facts_.latency; }
  Bytes access_size() const override { return facts_.access_size; }
  Bytes max_transfer() const override { return facts_.max_transfer; }
  Seconds turnaround() const override { return facts_.turnaround; }
  Bytes write_batch() const override { return facts_.write_batch; }
  BytesPerSecond bandwidth(const AccessPattern&) const override { only_in_children(); }
};

struct DispatcherFacts {
  Cycles issue_interval;
  Cycles launch_latency;
  Cycles completion_latency;

  DispatcherFacts() = default;
  explicit DispatcherFacts(const Dispatcher& dispatcher)
      : issue_interval(dispatcher.issue_interval()),
        launch_latency(dispatcher.launch_latency()),
        completion_latency(dispatcher.completion_latency()) {
    check("issue_interval", to_double(issue_interval), 0, kMostCycles);
    check("launch_latency", to_double(launch_latency), 0, kMostCycles);
    check("completion_latency", to_double(completion_latency), 0, kMostCycles);
  }
};

class DispatcherStandIn final : public StandIn<Dispatcher, DispatcherFacts> {
 public:
  using StandIn::StandIn;
  Cycles issue_interval() const override { return facts_.issue_interval; }
  Cycles launch_latency() const override { return facts_.launch_latency; }
  Cycles completion_latency() const override { return facts_.completion_latency; }
};

/// How blocks of one kind are described, and made of their description.
struct Kind {
  std::string (*describe)(const Block&);
  std::shared_ptr<const Block> (*make)(const std::string&,
                                       std::function<BlockCost(const Technology&)>);
};

template <class Interface, class Facts, class StandInBlock>
Kind kind() {
  return {[](const Block& block) {
            const auto* own = dynamic_cast<const Interface*>(&block);
            if (own == nullptr) throw PluginFailure("it is not of the class of its kind");
            return to_bytes(Facts(*own));
          },
          [](const std::string& description,
             std::function<BlockCost(const Technology&)> cost) -> std::shared_ptr<const Block> {
            return std::make_shared<const StandInBlock>(description, std::move(cost));
          }};
}

const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> all = {
      {"tensor_core", kind<TensorCore, TensorCoreFacts, TensorCoreStandIn>()},
      {"vector_core", kind<VectorCore, VectorCoreFacts, VectorCoreStandIn>()},
      {"buffer", kind<Buffer, BufferFacts, BufferStandIn>()},
      {"noc", kind<Noc, NocFacts, NocStandIn>()},
      {"memory", kind<Memory, MemoryFacts, MemoryStandIn>()},
      {"dispatcher", kind<Dispatcher, DispatcherFacts, DispatcherStandIn>()}};
  return all;
}

}  // namespace

std::vector<std::string> plugin_kinds() {
  std::vector<std::string> names;
  for (const auto& [name, functions] : kinds()) names.push_back(name);
  return names;
}

std::string describe_block(const std::string& kind, const Block& block) {
  return kinds().at(kind).describe(block);
}

std::string describe_cost(const BlockCost& cost) {
  for (const AreaPart& part : cost.area) check("area", part.area.value(), 0);
  check("static_power", cost.static_power.value(), 0);
  for (const ActionCost& action : cost.actions) {
    check("energy of an action", action.energy.value(), 0);
    check("rate of an action", action.peak_per_second, 0);
  }
  if (!std::isfinite(cost.total_area().value()) || !std::isfinite(cost.peak_power().value())) {
    throw PluginFailure("its area or its power is infinite");
  }
  return to_bytes(cost);
}

BlockCost cost_from(const std::string& bytes) { return from_bytes<BlockCost>(bytes); }

std::shared_ptr<const Block> make_stand_in(const std::string& kind, const std::string& description,
                                           std::function<BlockCost(const Technology&)> cost) {
  return kinds().at(kind).make(description, std::move(cost));
}

}  // namespace simdse
