// Hardware blocks: what every block can tell about itself, and the registry of block types.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/base/clock.h"
#include "models/base/params.h"
#include "models/base/units.h"

namespace simdse {

class Technology;

/// One named piece of a block's area.
struct AreaPart {
  std::string name;
  Area area;
  /// Placed as one piece of known outline (a PHY, an array of abutted cells): none of the die's
  /// unexplained area is laid to it.
  bool is_macro = false;
};

/// Something a block does over and over: the energy of doing it once, and how often it can.
struct ActionCost {
  std::string name;  ///< "mac", "byte", ...
  Joules energy;
  double peak_per_second = 0;
};

/// What one instance of a block costs, by itself, at the technology's nominal voltage. The chip
/// adds what only a die has: see ChipCostEntry.
struct BlockCost {
  std::vector<AreaPart> area;
  Watts static_power;
  std::vector<ActionCost> actions;
  /// Has a supply of its own (memory stacks, links): its energies don't follow the core's voltage.
  bool has_own_supply = false;
  double die_edge = 0;  ///< mm of the die's edge that it takes

  Area total_area() const;
  /// Static power plus every action at its peak rate.
  Watts peak_power() const;
};

/// What a block is built into.
struct BlockContext {
  Clock clock;
  std::int64_t initiators = 1;  ///< cores that share it (for a network: its ports to them)
};

/// A block of resolved parameters, seen analytically: cost here, timing in the interface of its
/// kind.
class Block {
 public:
  virtual ~Block() = default;
  virtual BlockCost cost(const Technology& technology) const = 0;
};

/// One implementation of a kind of block: `kind` fixes the interface, `name` picks the
/// implementation.
struct BlockType {
  std::string kind;  ///< tensor_core, vector_core, buffer, noc, memory, dispatcher
  std::string name;  ///< systolic, simd, ...
  std::string doc;
  ParamSchema params;
  /// Builds a block of checked parameters. Throws InputError when they contradict each other.
  std::function<std::shared_ptr<const Block>(const ParamValues&, const BlockContext&)> create;
  std::string plugin;  ///< path of the shared library that brings it; empty: comes with simdse
};

/// All block types by kind and name. Filled while libraries load (a block registers itself), read
/// afterwards: the one process-wide table, because a plug-in has nobody else to announce itself to.
class BlockRegistry {
 public:
  static BlockRegistry& instance();

  /// Throws std::logic_error when the kind has a type of that name already. While a plug-in is
  /// being loaded, that is a clash of the plug-in's.
  void add(BlockType type);

  /// From here to end_plugin() types belong to the plug-in at `path`, and are added as `adapt`
  /// changes them.
  void begin_plugin(const std::string& path, std::function<void(BlockType&)> adapt = {}) {
    loading_ = path;
    adapt_ = std::move(adapt);
  }
  /// Returns what the plug-in did wrong meanwhile, one line each.
  std::vector<std::string> end_plugin();
  bool is_loading_plugin() const { return !loading_.empty(); }
  /// Tells of something that the plug-in being loaded does wrong: an exception can't pass through
  /// the loader.
  void add_clash(std::string text) { clashes_.push_back(std::move(text)); }
  /// Takes the types of a plug-in out of the table; they live on, as one of them may be what runs.
  void remove_plugin(const std::string& path);

  /// The type, or nullptr.
  const BlockType* find(const std::string& kind, const std::string& name) const;
  /// The type; throws InputError with the nearest spelling.
  const BlockType& require(const std::string& kind, const std::string& name,
                           const SourceLocation& where, const std::string& what) const;
  std::vector<std::string> names(const std::string& kind) const;
  /// All types, by kind and name.
  std::vector<const BlockType*> types() const;

 private:
  std::vector<std::shared_ptr<const BlockType>> types_;
  std::vector<std::shared_ptr<const BlockType>> removed_;
  std::string loading_;
  std::function<void(BlockType&)> adapt_;
  std::vector<std::string> clashes_;
};

/// Registers block class `B` (with `B::Params` and a constructor from Params and BlockContext).
template <class B>
struct RegisterBlock {
  RegisterBlock(const std::string& kind, const std::string& name, const std::string& doc) {
    auto table = std::make_shared<ParamTable<typename B::Params>>();
    BlockRegistry::instance().add({kind, name, doc, table->schema(),
                                   [table](const ParamValues& values, const BlockContext& context) {
                                     return std::make_shared<const B>(table->make(values), context);
                                   },
                                   ""});
  }
};

}  // namespace simdse
