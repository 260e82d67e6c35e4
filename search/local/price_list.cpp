#include "search/local/price_list.h"

#include "models/base/error.h"

namespace simdse {

PriceList::PriceList(const SearchSpace& space, const Evaluator& evaluator)
    : space_(space),
      evaluator_(evaluator),
      format_(product_format(evaluator.tasks())),
      design_(space.base()) {}

const Price& PriceList::price(const Point& point) {
  const auto [entry, is_new] = prices_.try_emplace(point);
  if (is_new) entry->second = find(point);
  return entry->second;
}

Price PriceList::find(const Point& point) {
  Price price;
  try {
    space_.move_to(point, design_);
    Chip chip = evaluator_.chip(std::move(design_));
    price.problem = chip.problem();
    price.area = chip.area();
    price.tdp = chip.tdp();
    price.static_power = chip.static_power();
    price.frequency = chip.clock().frequency();
    price.rates = ChipRates::of(chip);
    price.buffer_capacity = chip.buffer().capacity();
    price.tensor_cores = chip.tensor_cores().size();
    price.vector_cores = chip.vector_cores().size();
    for (const auto& core : chip.tensor_cores()) {
      price.macs += core->peak_macs_per_cycle_of(format_);
    }
    for (const auto& core : chip.vector_cores()) {
      price.vector_operations += static_cast<double>(core->peak_operations_per_cycle());
    }
    price.is_chip = true;
    design_ = std::move(chip).take_design();
    return price;
  } catch (const InputError& problem) {
    design_ = space_.base();
    Price none;
    none.problem = problem.what();
    none.has_failed = dynamic_cast<const PluginFailure*>(&problem) != nullptr;
    return none;
  }
}

}  // namespace simdse
