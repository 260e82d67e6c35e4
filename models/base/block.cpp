#include "models/base/block.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace simdse {

Area BlockCost::total_area() const {
  Area total(0);
  for (const AreaPart& part : area) total += part.area;
  return total;
}

Watts BlockCost::peak_power() const {
  Watts total = static_power;
  for (const ActionCost& action : actions) {
    total += Watts(action.energy.value() * action.peak_per_second);
  }
  return total;
}

BlockRegistry& BlockRegistry::instance() {
  static BlockRegistry registry;
  return registry;
}

void BlockRegistry::add(BlockType type) {
  if (const BlockType* other = find(type.kind, type.name)) {
    if (!is_loading_plugin()) {
      throw std::logic_error(
          fmt::format("block type '{}' of kind {} is registered twice", type.name, type.kind));
    }
    add_clash(fmt::format("its {} block '{}' has the name of one that {}", type.kind, type.name,
                          other->plugin.empty()       ? "comes with simdse"
                          : other->plugin == loading_ ? "it brings as well"
                                                      : "comes from " + other->plugin));
    return;
  }
  if (is_loading_plugin()) {
    type.plugin = loading_;
    if (adapt_) adapt_(type);
  }
  types_.push_back(std::make_shared<const BlockType>(std::move(type)));
  std::sort(types_.begin(), types_.end(), [](const auto& a, const auto& b) {
    return std::tie(a->kind, a->name) < std::tie(b->kind, b->name);
  });
}

std::vector<std::string> BlockRegistry::end_plugin() {
  loading_.clear();
  adapt_ = {};
  return std::exchange(clashes_, {});
}

void BlockRegistry::remove_plugin(const std::string& path) {
  const auto others = std::stable_partition(types_.begin(), types_.end(),
                                            [&](const auto& type) { return type->plugin != path; });
  removed_.insert(removed_.end(), others, types_.end());
  types_.erase(others, types_.end());
}

const BlockType* BlockRegistry::find(const std::string& kind, const std::string& name) const {
  for (const auto& type : types_) {
    if (type->kind == kind && type->name == name) return type.get();
  }
  return nullptr;
}

std::vector<std::string> BlockRegistry::names(const std::string& kind) const {
  std::vector<std::string> result;
  for (const auto& type : types_) {
    if (type->kind == kind) result.push_back(type->name);
  }
  return result;
}

const BlockType& BlockRegistry::require(const std::string& kind, const std::string& name,
                                        const SourceLocation& where,
                                        const std::string& what) const {
  const BlockType* type = find(kind, name);
  if (type == nullptr) {
    throw InputError(where, fmt::format("{}: there is no {} block '{}'{}", what, kind, name,
                                        spelling_hint(name, names(kind))));
  }
  return *type;
}

std::vector<const BlockType*> BlockRegistry::types() const {
  std::vector<const BlockType*> result;
  for (const auto& type : types_) result.push_back(type.get());
  return result;
}

}  // namespace simdse
