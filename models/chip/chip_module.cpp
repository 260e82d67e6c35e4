#include "models/chip/chip_module.h"

#include "sim/kernel/module_registry.h"
#include "sim/kernel/private_storage.h"

namespace simdse {

Binder direct_binder() {
  return [](const std::string&, tlm::tlm_initiator_socket<>& initiator,
            tlm::tlm_target_socket<>& target) { initiator.bind(target); };
}

namespace {

const ModuleType& module_of(const BlockConfig& block) {
  const ModuleType* type = ModuleRegistry::instance().find(block.kind, block.type);
  if (type == nullptr) {
    throw InputError(block.kind + " block '" + block.type +
                     "' can't be simulated: it has no module");
  }
  return *type;
}

}  // namespace

ChipModule::ChipModule(const sc_core::sc_module_name& name, TimeService& time, const Chip& chip,
                       const TransferLimits& limits, const Binder& bind, const Idealisation& ideal,
                       bool reverse_order)
    : sc_module(name), tensor_count_(chip.tensor_cores().size()) {
  const Design& design = chip.design();
  const auto make_cores = [&] {
    cores_.resize(chip.core_count());
    for (std::size_t step = 0; step < cores_.size(); ++step) {
      const std::size_t i = reverse_order ? cores_.size() - 1 - step : step;
      const bool is_tensor = i < tensor_count_;
      const std::string core_name =
          is_tensor ? "tensor" + std::to_string(i) : "vector" + std::to_string(i - tensor_count_);
      cores_[i] = std::make_unique<CoreModule>(
          core_name.c_str(), time, chip.clock(), pool_, account_,
          is_tensor ? TimeAccount::Worker::tensor : TimeAccount::Worker::vector,
          is_tensor ? chip.tensor_cores()[i]->buffering()
                    : chip.vector_cores()[i - tensor_count_]->buffering(),
          i, limits);
    }
  };
  const auto make_shared_blocks = [&] {
    noc_ = std::make_unique<NocModule>("noc", time, chip, module_of(design.noc).noc);
    const std::size_t sources = chip.core_count() + 1;  // and the DMA engine
    if (ideal.network) noc_->make_private();
    const auto storage = [&](const BlockConfig& block, bool is_ideal) {
      const auto make = [&chip, &type = module_of(block)] { return type.storage(chip); };
      std::unique_ptr<StorageCore> core = make();
      if (is_ideal) core = std::make_unique<PrivateStorage>(make);
      return core;
    };
    buffer_ = std::make_unique<StorageModule>(
        "buffer", time, storage(design.global_buffer, ideal.buffer), kStoragePorts, sources, false,
        limits.transactions_per_entry());
    memory_ = std::make_unique<StorageModule>("memory", time, storage(design.memory, ideal.memory),
                                              kStoragePorts, sources, true,
                                              limits.transactions_per_entry());
    dma_ =
        std::make_unique<DmaModule>("dma", time, pool_, tensor_count_, chip.core_count(), limits);
    dispatcher_ = std::make_unique<SequencerModule>("dispatcher", time, chip.clock(),
                                                    chip.dispatcher(), account_);
    if (ideal.dispatch) dispatcher_->make_private();
  };
  if (reverse_order) {
    make_shared_blocks();
    make_cores();
  } else {
    make_cores();
    make_shared_blocks();
  }
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    bind(cores_[i]->basename(), cores_[i]->socket(), noc_->core_socket(i));
  }
  bind("noc_to_buffer", noc_->buffer_socket(), buffer_->socket(kNetworkPort));
  bind("noc_to_memory", noc_->memory_socket(), memory_->socket(kNetworkPort));
  bind("dma_to_buffer", dma_->buffer_socket(), buffer_->socket(kDmaPort));
  bind("dma_to_memory", dma_->memory_socket(), memory_->socket(kDmaPort));
}

}  // namespace simdse
