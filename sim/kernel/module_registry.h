// The second view of a block: its module, joined to the analytic one by kind and name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/chip/chip.h"
#include "models/core/storage_core.h"
#include "models/noc/noc_core.h"
#include "models/noc/packet_network.h"

namespace simdse {

/// How the modules of block types are made. A kind whose behaviour lies in a plain C++ core
/// registers that; the kind's TLM shell is the same for all its types. Types of the other kinds
/// (cores, dispatchers) differ in their closed-form timing only: the kind's module runs them all,
/// and they register nothing.
struct ModuleType {
  std::string kind;
  std::string name;
  /// For kinds buffer and memory.
  std::function<std::unique_ptr<StorageCore>(const Chip&)> storage;
  /// For kind noc.
  std::function<std::unique_ptr<NocCore>(const Noc&, const Clock&)> noc;
  /// For kind noc, if the type has a model of flits beneath that of transfers. Probes then use it.
  std::function<std::unique_ptr<PacketNetwork>(const Noc&)> flits = nullptr;
};

class ModuleRegistry {
 public:
  static ModuleRegistry& instance();

  void add(ModuleType type);
  const ModuleType* find(const std::string& kind, const std::string& name) const;

  /// Block types that have no module where their kind registers modules, and modules without a
  /// block type, one line each; empty when both registries agree.
  std::vector<std::string> disagreements() const;

 private:
  std::vector<ModuleType> types_;
};

struct RegisterModule {
  explicit RegisterModule(ModuleType type) { ModuleRegistry::instance().add(std::move(type)); }
};

}  // namespace simdse
