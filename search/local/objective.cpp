#include "search/local/objective.h"

#include <array>

namespace simdse {
namespace {

constexpr std::array<Objective, 4> kAll = {Objective::throughput, Objective::throughput_per_tdp,
                                           Objective::energy, Objective::energy_delay_product};

}  // namespace

const char* objective_name(Objective objective) {
  switch (objective) {
    case Objective::throughput:
      return "throughput";
    case Objective::throughput_per_tdp:
      return "throughput_per_tdp";
    case Objective::energy:
      return "energy";
    case Objective::energy_delay_product:
      return "energy_delay_product";
  }
  return "";
}

std::vector<std::string> objective_names() {
  std::vector<std::string> names;
  for (const Objective objective : kAll) names.emplace_back(objective_name(objective));
  return names;
}

Objective objective_named(const std::string& name) {
  for (const Objective objective : kAll) {
    if (name == objective_name(objective)) return objective;
  }
  return Objective::throughput;
}

double worth(Objective objective, double samples_per_second, double samples_per_joule, Watts tdp) {
  switch (objective) {
    case Objective::throughput:
      return samples_per_second;
    case Objective::throughput_per_tdp:
      return samples_per_second / tdp.value();
    case Objective::energy:
      return samples_per_joule;
    case Objective::energy_delay_product:
      return samples_per_joule * samples_per_second;
  }
  return 0;
}

double worth(Objective objective, const Evaluation& e) {
  return worth(objective, e.throughput, e.throughput * e.time.value() / e.energy.value(), e.tdp);
}

}  // namespace simdse
