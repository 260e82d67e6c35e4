// A chip: the blocks of a design, built and priced.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/buffer/buffer.h"
#include "models/chip/design.h"
#include "models/dispatcher/dispatcher.h"
#include "models/link/link.h"
#include "models/memory/memory.h"
#include "models/noc/noc.h"
#include "models/technology/technology.h"
#include "models/tensor_core/tensor_core.h"
#include "models/vector_core/vector_core.h"

namespace simdse {

/// Name of the part of a block's area that its share of the die's unexplained area is.
constexpr const char* kUnexplained = "unexplained";

/// Cost of all instances of one block of a chip: the block's own, its share of the die's
/// unexplained area, and in its static power the clock of both.
struct ChipCostEntry {
  std::string name;  ///< "tensor cores", "global buffer", ...
  std::int64_t count = 1;
  BlockCost each;

  Area area() const { return each.total_area() * static_cast<double>(count); }
  Watts peak_power() const { return each.peak_power() * static_cast<double>(count); }
  Watts static_power() const { return each.static_power * static_cast<double>(count); }
};

/// Cores `first` to `first` + `count` - 1 of one kind, all alike.
struct CoreRange {
  std::int32_t first = 0;
  std::int32_t count = 0;
};

/// Immutable once built. Cores are numbered by kind, in the order of the design's groups.
class Chip {
 public:
  /// Throws InputError when a block's parameters contradict each other.
  Chip(Design design, std::shared_ptr<const Technology> technology);

  const Design& design() const { return design_; }
  /// The same, of a chip that is not needed any more.
  Design take_design() && { return std::move(design_); }
  const Technology& technology() const { return *technology_; }
  const std::shared_ptr<const Technology>& shared_technology() const { return technology_; }
  const Clock& clock() const { return clock_; }

  const std::vector<std::shared_ptr<const TensorCore>>& tensor_cores() const {
    return tensor_cores_;
  }
  const std::vector<std::shared_ptr<const VectorCore>>& vector_cores() const {
    return vector_cores_;
  }
  /// All cores; tensor cores come first wherever cores are counted together.
  std::size_t core_count() const { return tensor_cores_.size() + vector_cores_.size(); }
  /// Groups of equal cores, in core order.
  const std::vector<CoreRange>& tensor_groups() const { return tensor_groups_; }
  const std::vector<CoreRange>& vector_groups() const { return vector_groups_; }
  /// The design's group, counted as in its `cores`, that a core belongs to.
  std::size_t group_of_tensor_core(std::int32_t core) const {
    return tensor_core_group_[static_cast<std::size_t>(core)];
  }
  std::size_t group_of_vector_core(std::int32_t core) const {
    return vector_core_group_[static_cast<std::size_t>(core)];
  }
  const Buffer& buffer() const { return *buffer_; }
  const Noc& noc() const { return *noc_; }
  const Memory& memory() const { return *memory_; }
  const Dispatcher& dispatcher() const { return *dispatcher_; }
  /// Links to other chips, all alike; nullptr when there are none.
  const Link* link() const { return link_.get(); }

  const std::vector<ChipCostEntry>& costs() const { return costs_; }
  Area area() const;
  Watts static_power() const;
  /// Static power and every block at its peak rate at the same time: the worst sustained phase.
  Watts sustained_power() const;
  /// Sustained power with the technology's margin.
  Watts tdp() const { return sustained_power() * technology_->tdp_margin; }

  /// Why this chip can't be built, or "": the clock needs more than the highest voltage or a faster
  /// SRAM, the stacks don't fit along the edge of the die, or the die is larger than the reticle. A
  /// die counts as square, which has the shortest edge.
  std::string problem() const;

  /// Supply at which the clock runs.
  Volts voltage() const { return voltage_; }

  /// MACs per second when every PE works.
  double peak_macs_per_second() const;
  /// The same of numbers of `format`; 0 if no core multiplies them.
  double peak_macs_per_second(const NumberFormat& format) const;

  /// "2x128x128 v2x1024 28M 4HBM": what tells designs apart in a table.
  std::string label() const;

 private:
  /// Adds to a block's own cost what it takes of the die, and scales its energies to the voltage.
  BlockCost price(BlockCost cost) const;
  /// Lowers peak rates that other blocks keep a block from.
  void limit_peak_rates();

  Design design_;
  std::shared_ptr<const Technology> technology_;
  Clock clock_;
  Volts voltage_;
  std::vector<std::shared_ptr<const TensorCore>> tensor_cores_;
  std::vector<std::shared_ptr<const VectorCore>> vector_cores_;
  std::vector<CoreRange> tensor_groups_;
  std::vector<CoreRange> vector_groups_;
  std::vector<std::size_t> tensor_core_group_;
  std::vector<std::size_t> vector_core_group_;
  std::shared_ptr<const Buffer> buffer_;
  std::shared_ptr<const Noc> noc_;
  std::shared_ptr<const Memory> memory_;
  std::shared_ptr<const Dispatcher> dispatcher_;
  std::shared_ptr<const Link> link_;
  std::vector<ChipCostEntry> costs_;
};

/// Loads a design and its technology, whether or not the chip can be built: see Chip::problem().
/// Throws InputError.
Chip load_unchecked_chip(const std::string& name_or_path, const DataFiles& files,
                         const std::vector<Override>& overrides = {});
/// The same, but throws InputError for a chip that can't be built too.
Chip load_chip(const std::string& name_or_path, const DataFiles& files,
               const std::vector<Override>& overrides = {});

}  // namespace simdse
