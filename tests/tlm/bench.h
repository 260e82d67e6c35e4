// A bench for the blocks around the cores: scripted initiators on a network with its storages.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "models/chip/chip_module.h"
#include "sim/checking/monitor.h"
#include "sim/checking/protocol_checker.h"
#include "sim/checking/random_staller.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/module_registry.h"

namespace simdse {

/// A transfer that a scripted initiator issues.
struct Request {
  Picoseconds at = 0;
  bool is_write = false;
  bool in_buffer = false;
  std::int64_t address = 0;
  std::int64_t bytes = 0;
};

/// Issues its requests at their times, as fast as the protocol allows.
class ScriptedInitiator : public sc_core::sc_module, public TransferClient, public Timed {
 public:
  ScriptedInitiator(const sc_core::sc_module_name& name, TimeService& time, PayloadPool& pool,
                    std::vector<Request> requests, std::size_t number, Bytes window)
      : sc_module(name),
        port("port", time, pool, *this, number, window),
        time_(time),
        requests_(std::move(requests)) {
    time_.join(*this, this->name());
  }

  void start() {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      time_.call_at(requests_[i].at, Stage::arrival, *this, i);
    }
  }

  void on_time(std::uint64_t token) override {
    const Request& r = requests_[token];
    port.request(r.is_write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
                 {{r.address + (r.in_buffer ? kBufferBase : 0), r.bytes}}, token, 0);
  }

  void on_response(tlm::tlm_generic_payload& payload, Picoseconds head) override {
    const TransferInfo& info = info_of(payload);
    heads.push_back(head);
    done.push_back(info.tail);
    finish = std::max(finish, info.tail);
    bytes += Bytes(payload.get_data_length());
  }

  TransferPort port;
  std::vector<Picoseconds> heads;
  std::vector<Picoseconds> done;
  Picoseconds finish = 0;
  Bytes bytes;

 private:
  TimeService& time_;
  std::vector<Request> requests_;
};

/// Looks at a storage's own number of transfers under way, at regular times from 0 on.
class LengthSampler : public Timed {
 public:
  LengthSampler(TimeService& time, StorageModule& storage, const PayloadPool& pool,
                const std::string& name)
      : time_(time), storage_(storage), pool_(pool) {
    time_.join(*this, name);
  }

  /// Samples until `last` and on until nothing is under way anywhere.
  void start(Picoseconds last) {
    last_ = last;
    time_.call_at(0, Stage::completion, *this, 0);
  }
  double integral() const { return sum_ * static_cast<double>(kEvery); }

  void on_time(std::uint64_t) override {
    const std::size_t length = storage_.under_way();
    sum_ += static_cast<double>(length);
    if (time_.now() < last_ || pool_.live() > 0 || length > 0) {
      time_.call_at(time_.now() + kEvery, Stage::completion, *this, 0);
    }
  }

 private:
  static constexpr Picoseconds kEvery = 997;  // no multiple of any block's times

  TimeService& time_;
  StorageModule& storage_;
  const PayloadPool& pool_;
  Picoseconds last_ = 0;
  double sum_ = 0;
};

/// What stands on every connection of a bench.
enum class Between { nothing, checkers, stallers };

/// Initiators in place of cores, then the design's own network, buffer and memory.
class StorageBench {
 public:
  StorageBench(const Chip& chip, const std::vector<std::vector<Request>>& scripts,
               Between between = Between::nothing, bool reverse = false,
               Bytes window = Bytes(1 << 30))
      : queue("queue") {
    const Design& design = chip.design();
    const auto module_type = [](const BlockConfig& block) {
      return ModuleRegistry::instance().find(block.kind, block.type);
    };
    const auto make_storages = [&] {
      noc = std::make_unique<NocModule>("noc", queue, chip, module_type(design.noc)->noc);
      buffer = std::make_unique<StorageModule>("buffer", queue,
                                               module_type(design.global_buffer)->storage(chip),
                                               kStoragePorts, chip.core_count() + 1, false);
      memory = std::make_unique<StorageModule>("memory", queue,
                                               module_type(design.memory)->storage(chip),
                                               kStoragePorts, chip.core_count() + 1, true);
    };
    if (reverse) make_storages();
    initiators.resize(scripts.size());
    for (std::size_t step = 0; step < scripts.size(); ++step) {
      const std::size_t i = reverse ? scripts.size() - 1 - step : step;
      initiators[i] = std::make_unique<ScriptedInitiator>(("initiator" + std::to_string(i)).c_str(),
                                                          queue, pool, scripts[i], i, window);
    }
    if (!reverse) make_storages();
    for (std::size_t i = 0; i < initiators.size(); ++i) {
      connect("core" + std::to_string(i), initiators[i]->port.socket(), noc->core_socket(i),
              between);
    }
    for (std::size_t i = initiators.size(); i < chip.core_count(); ++i) {
      idle.push_back(std::make_unique<ScriptedInitiator>(
          ("idle" + std::to_string(i)).c_str(), queue, pool, std::vector<Request>{}, i, window));
      idle.back()->port.socket().bind(noc->core_socket(i));
    }
    connect("to_buffer", noc->buffer_socket(), buffer->socket(kNetworkPort), between);
    connect("to_memory", noc->memory_socket(), memory->socket(kNetworkPort), between);
    if (between == Between::checkers) {
      samplers.push_back(std::make_unique<LengthSampler>(queue, *buffer, pool, "buffer_sampler"));
      samplers.push_back(std::make_unique<LengthSampler>(queue, *memory, pool, "memory_sampler"));
    }
    for (const auto& script : scripts) {
      for (const Request& request : script) last_request_ = std::max(last_request_, request.at);
    }
    for (const auto& [name, storage] :
         {std::pair("dma_buffer", buffer.get()), std::pair("dma_memory", memory.get())}) {
      idle.push_back(std::make_unique<ScriptedInitiator>(name, queue, pool, std::vector<Request>{},
                                                         chip.core_count(), window));
      idle.back()->port.socket().bind(storage->socket(kDmaPort));
    }
  }

  void run() {
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    for (auto& initiator : initiators) initiator->start();
    for (auto& sampler : samplers) sampler->start(last_request_);
    sc_core::sc_start();
    EXPECT_EQ(pool.live(), 0U);
    for (const auto& checker : checkers) {
      EXPECT_EQ(checker->violations(), std::vector<std::string>{});
      EXPECT_EQ(checker->under_way(), 0U);
    }
  }

  /// Little's law at the storages: the mean of the number that the module itself says is under way,
  /// sampled, times the time sampled, is the sum of the times that a monitor before it sees.
  void expect_littles_law() {
    const auto expect = [&](const LengthSampler& sampler, const Monitor& monitor) {
      EXPECT_GT(monitor.sum_of_times(), 0);
      EXPECT_NEAR(sampler.integral(), monitor.sum_of_times(), 0.01 * monitor.sum_of_times());
    };
    expect(*samplers[0], *monitors[monitors.size() - 2]);
    expect(*samplers[1], *monitors[monitors.size() - 1]);
  }

  Picoseconds finish() const {
    Picoseconds last = 0;
    for (const auto& initiator : initiators) last = std::max(last, initiator->finish);
    return last;
  }

  EventQueue queue;
  PayloadPool pool;
  std::vector<std::unique_ptr<ScriptedInitiator>> initiators;
  std::vector<std::unique_ptr<ScriptedInitiator>> idle;
  std::unique_ptr<NocModule> noc;
  std::unique_ptr<StorageModule> buffer;
  std::unique_ptr<StorageModule> memory;
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;
  std::vector<std::unique_ptr<Monitor>> monitors;
  std::vector<std::unique_ptr<RandomStaller>> stallers;
  std::vector<std::unique_ptr<LengthSampler>> samplers;  ///< of buffer and memory

 private:
  void connect(const std::string& name, tlm::tlm_initiator_socket<>& initiator,
               tlm::tlm_target_socket<>& target, Between between) {
    if (between == Between::nothing) {
      initiator.bind(target);
      return;
    }
    checkers.push_back(std::make_unique<ProtocolChecker>((name + "_checker").c_str()));
    monitors.push_back(std::make_unique<Monitor>((name + "_monitor").c_str(), queue));
    initiator.bind(checkers.back()->target);
    checkers.back()->initiator.bind(monitors.back()->target);
    if (between == Between::checkers) {
      monitors.back()->initiator.bind(target);
      return;
    }
    stallers.push_back(std::make_unique<RandomStaller>((name + "_staller").c_str(), queue,
                                                       stallers.size() + 1, 300'000));
    monitors.back()->initiator.bind(stallers.back()->target);
    stallers.back()->initiator.bind(target);
  }

  Picoseconds last_request_ = 0;
};

/// A chip for hand calculations: 1 GHz, so that a cycle is a nanosecond; no latencies; 64 bytes per
/// cycle and port; 4 banks of 16 bytes per cycle; one channel of 32 GB/s without refresh. Nobody
/// could build it, for its banks take no time.
inline Chip hand_chip(std::vector<Override> changes = {}) {
  std::vector<Override> settings = {
      {"clock", "1 GHz"},
      {"cores.0.count", "4"},
      {"cores.1.count", "1"},
      {"noc",
       "{type: crossbar, port_width: 64 B/cycle, buffer_ports: 1, memory_ports: 1, latency: 0}"},
      {"global_buffer",
       "{type: banked_sram, capacity: 16 MiB, banks: 4, bank_width: 16 B/cycle, interleave: 4 MiB, "
       "latency: 0}"},
      {"memory",
       "{type: hbm, stacks: 1, channels: 1, pin_rate: 2 Gb/s, t_rcd: 0 ns, t_rcd_write: 0 ns, "
       "t_rp: 0 ns, t_ras: 0 ns, t_rc: 0 ns, t_cl: 0 ns, t_cwl: 0 ns, t_rrd_s: 0 ns, t_rrd_l: 0 "
       "ns, "
       "t_faw: 0 ns, t_rtp: 0 ns, t_wr: 0 ns, t_wtr_s: 0 ns, t_wtr_l: 0 ns, t_rtw: 0 ns, "
       "t_controller: 0 ns, t_refi: inf}"}};
  settings.insert(settings.end(), changes.begin(), changes.end());
  const DataFiles files(SIMDSE_SOURCE_DIR);
  Design design = load_design("tpu_v2", files, settings);
  const Technology technology = load_technology(design.technology, files, design.technology_where);
  return Chip(std::move(design), std::make_shared<const Technology>(technology));
}

}  // namespace simdse
