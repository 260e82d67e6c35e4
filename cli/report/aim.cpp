#include "cli/report/aim.h"

#include <fmt/core.h>

namespace simdse {

std::string Aim::text(double worth, const char* otherwise) const {
  return worth > 0 ? fmt::format("{:.4g}", value(worth)) : otherwise;
}

Aim aim_of(Objective objective) {
  switch (objective) {
    case Objective::throughput:
      return {"samples/s", false};
    case Objective::throughput_per_tdp:
      return {"samples/s/W", false};
    case Objective::energy:
      return {"J/sample", true};
    case Objective::energy_delay_product:
      return {"J s/sample^2", true};
  }
  return {};
}

}  // namespace simdse
