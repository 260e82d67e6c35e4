#include "sim/kernel/module_registry.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

namespace simdse {

ModuleRegistry& ModuleRegistry::instance() {
  static ModuleRegistry registry;
  return registry;
}

void ModuleRegistry::add(ModuleType type) {
  if (find(type.kind, type.name) != nullptr) {
    const std::string problem =
        fmt::format("the module of '{}' ({}) is registered twice", type.name, type.kind);
    if (!BlockRegistry::instance().is_loading_plugin()) throw std::logic_error(problem);
    BlockRegistry::instance().add_clash(problem);
    return;
  }
  types_.push_back(std::move(type));
}

const ModuleType* ModuleRegistry::find(const std::string& kind, const std::string& name) const {
  for (const ModuleType& type : types_) {
    if (type.kind == kind && type.name == name) return &type;
  }
  return nullptr;
}

std::vector<std::string> ModuleRegistry::disagreements() const {
  std::vector<std::string> result;
  for (const BlockType* block : BlockRegistry::instance().types()) {
    const bool has_own_modules =
        std::any_of(types_.begin(), types_.end(),
                    [&](const ModuleType& type) { return type.kind == block->kind; });
    if (has_own_modules && find(block->kind, block->name) == nullptr) {
      result.push_back(fmt::format("{} '{}' has no module", block->kind, block->name));
    }
  }
  for (const ModuleType& type : types_) {
    if (BlockRegistry::instance().find(type.kind, type.name) == nullptr) {
      result.push_back(fmt::format("module '{}' ({}) has no block", type.name, type.kind));
    }
  }
  return result;
}

}  // namespace simdse
