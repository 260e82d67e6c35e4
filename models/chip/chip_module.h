// A chip as SystemC modules.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/buffer/dma_module.h"
#include "models/chip/chip.h"
#include "models/core/core_module.h"
#include "models/dispatcher/sequencer_module.h"
#include "models/noc/noc_module.h"
#include "sim/kernel/storage_module.h"

namespace simdse {

/// Ports of the storages.
constexpr std::size_t kNetworkPort = 0;
constexpr std::size_t kDmaPort = 1;
constexpr std::size_t kStoragePorts = 2;

/// Puts something between an initiator and a target socket, e.g. a monitor; by default they are
/// bound to each other. `name` tells the connection: "core0", "noc_to_memory", "dma_to_buffer", ...
using Binder = std::function<void(const std::string& name, tlm::tlm_initiator_socket<>& initiator,
                                  tlm::tlm_target_socket<>& target)>;

Binder direct_binder();

/// Contention that is switched off to find out what it costs: each stream of transfers (a running
/// region) then has the block to itself.
struct Idealisation {
  bool memory = false;
  bool buffer = false;
  bool network = false;
  bool dispatch = false;
};

/// Cores behind the network, which leads to the global buffer and to the memory; the DMA engine
/// joins those two directly. Nothing here is global: a kernel may hold many chips.
class ChipModule : public sc_core::sc_module {
 public:
  ChipModule(const sc_core::sc_module_name& name, TimeService& time, const Chip& chip,
             const TransferLimits& limits, const Binder& bind, const Idealisation& ideal = {},
             bool reverse_order = false);

  CoreModule& tensor_core(std::int32_t core) { return *cores_[static_cast<std::size_t>(core)]; }
  CoreModule& vector_core(std::int32_t core) {
    return *cores_[tensor_count_ + static_cast<std::size_t>(core)];
  }
  DmaModule& dma() { return *dma_; }
  SequencerModule& dispatcher() { return *dispatcher_; }
  StorageModule& buffer() { return *buffer_; }
  StorageModule& memory() { return *memory_; }
  NocModule& noc() { return *noc_; }
  TimeAccount& account() { return account_; }
  PayloadPool& pool() { return pool_; }
  std::size_t core_count() const { return cores_.size(); }

 private:
  TimeAccount account_;
  PayloadPool pool_;
  std::size_t tensor_count_;
  std::vector<std::unique_ptr<CoreModule>> cores_;
  std::unique_ptr<NocModule> noc_;
  std::unique_ptr<StorageModule> buffer_;
  std::unique_ptr<StorageModule> memory_;
  std::unique_ptr<DmaModule> dma_;
  std::unique_ptr<SequencerModule> dispatcher_;
};

}  // namespace simdse
