#include "sim/probe/memory_probe.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "models/memory/access_sequence.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/module_registry.h"
#include "sim/kernel/storage_module.h"
#include "sim/kernel/transfer_port.h"

namespace simdse {
namespace {

/// Keeps a number of blocks under way. One that is complete makes room for the next at its last
/// byte.
class LoadGenerator : public sc_core::sc_module, public TransferClient, public Timed {
 public:
  LoadGenerator(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
                const MemoryLoad& load, const Memory& memory)
      : sc_module(name),
        time_(time),
        port_("port", time, pool, *this, 0, Bytes(kMaxInteger)),
        load_(load),
        smallest_(std::min(memory.access_size(), load.pattern.block).value()),
        sequence_(load.pattern, memory.capacity(), load.seed) {
    time_.join(*this, this->name());
  }

  tlm::tlm_initiator_socket<>& socket() { return port_.socket(); }

  void start() { port_.request(tlm::TLM_READ_COMMAND, {{0, smallest_}}, kLoneRead, 0); }

  bool finished() const { return completed_ == load_.blocks; }
  Picoseconds time() const { return end_ - begin_; }
  Picoseconds idle_latency() const { return idle_latency_; }
  double mean_latency() const { return latency_sum_ / static_cast<double>(load_.blocks); }

 private:
  static constexpr std::uint64_t kLoneRead = ~std::uint64_t{0};

  void on_response(tlm::tlm_generic_payload& payload, Picoseconds) override {
    const TransferInfo& info = info_of(payload);
    time_.call_at(std::max(info.tail, time_.now()), Stage::completion, *this, info.tag);
  }

  void on_time(std::uint64_t tag) override {
    const Picoseconds now = time_.now();
    if (tag == kLoneRead) {
      idle_latency_ = now;
      begin_ = now;
    } else {
      latency_sum_ += static_cast<double>(now - issued_at_[tag]);
      free_.push_back(tag);
      ++completed_;
      end_ = now;
    }
    issue();
  }

  void issue() {
    for (; issued_ < load_.blocks && issued_ - completed_ < load_.pattern.outstanding; ++issued_) {
      if (free_.empty()) {
        free_.push_back(issued_at_.size());
        issued_at_.emplace_back();
      }
      const std::uint64_t tag = free_.back();
      free_.pop_back();
      issued_at_[tag] = time_.now();
      const AccessSequence::Access access = sequence_.next();
      port_.request(access.is_write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
                    {{access.address, load_.pattern.block.value()}}, tag, 0);
    }
  }

  TimeService& time_;
  TransferPort port_;
  MemoryLoad load_;
  std::int64_t smallest_;
  AccessSequence sequence_;
  std::vector<Picoseconds> issued_at_;  ///< of the blocks under way, by tag
  std::vector<std::uint64_t> free_;     ///< tags
  std::int64_t issued_ = 0;
  std::int64_t completed_ = 0;
  Picoseconds idle_latency_ = 0;
  Picoseconds begin_ = 0;
  Picoseconds end_ = 0;
  double latency_sum_ = 0;
};

}  // namespace

MemoryProbeResult probe_memory(const Chip& chip, const MemoryLoad& load) {
  const BlockConfig& block = chip.design().memory;
  const ModuleType* type = ModuleRegistry::instance().find(block.kind, block.type);
  if (type == nullptr) {
    throw InputError("memory block '" + block.type + "' can't be simulated: it has no module");
  }
  sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
  sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_THROW);
  EventQueue queue("queue");
  PayloadPool pool;
  LoadGenerator generator("load", queue, pool, load, chip.memory());
  StorageModule memory("memory", queue, type->storage(chip), 1, 1, true);
  generator.socket().bind(memory.socket(0));
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  generator.start();
  sc_core::sc_start();
  if (!generator.finished()) throw std::runtime_error("the memory left requests unanswered");
  return {to_seconds(generator.time()), Seconds(generator.mean_latency() * 1e-12),
          to_seconds(generator.idle_latency())};
}

}  // namespace simdse
