#include "models/link/link_phys.h"

#include "models/technology/technology.h"

namespace simdse {

void LinkPhys::Params::declare(ParamTable<Params>& table) {
  table.add("count", &Params::count, "links to other chips").range(0, 64);
  table.add("bandwidth", &Params::bandwidth, "data rate of one link in each direction")
      .range(1e8, 1e12);
}

BlockCost LinkPhys::cost(const Technology& technology) const {
  BlockCost cost;
  if (p_.count == 0) return cost;
  const double rate = p_.bandwidth.value() * static_cast<double>(p_.count);
  constexpr double giga = 1e9;
  cost.area = {{"link PHYs", technology.link_phy_area * (rate / giga), true}};
  cost.static_power = Watts(technology.link_energy_per_byte.value() * rate);
  cost.has_own_supply = true;
  cost.die_edge = technology.link_edge * static_cast<double>(p_.count);
  return cost;
}

namespace {
const RegisterBlock<LinkPhys> registration("link", "phys",
                                           "PHYs of the links to other chips: area and power");
}

}  // namespace simdse
