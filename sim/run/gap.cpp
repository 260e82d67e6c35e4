#include "sim/run/gap.h"

#include <limits>

namespace simdse {
namespace {

/// The same chip whose memory never stops for refresh but is slower by what refresh takes on
/// average. A memory without those parameters stays as it is.
Chip with_smooth_refresh(const Chip& chip) {
  Design design = chip.design();
  ParamValues& params = design.memory.params;
  const auto refresh = params.find("t_rfc");
  const auto interval = params.find("t_refi");
  const auto rate = params.find("pin_rate");
  if (refresh == params.end() || interval == params.end() || rate == params.end()) return chip;
  const double lost = std::get<double>(refresh->second) / std::get<double>(interval->second);
  rate->second = std::get<double>(rate->second) * (1 - lost);
  interval->second = std::numeric_limits<double>::infinity();
  return Chip(std::move(design), chip.shared_technology());
}

}  // namespace

std::vector<GapStep> gap_steps(const Chip& chip) {
  std::vector<GapStep> steps;
  Idealisation ideal;
  ideal.memory = true;
  steps.push_back({"HBM sharing", ideal, chip});
  ideal.buffer = true;
  steps.push_back({"bank conflicts", ideal, chip});
  ideal.network = true;
  steps.push_back({"NoC", ideal, chip});
  ideal.dispatch = true;
  steps.push_back({"dispatch", ideal, chip});
  steps.push_back({"refresh", ideal, with_smooth_refresh(chip)});
  return steps;
}

std::vector<GapShare> gap_shares(const std::vector<GapStep>& steps, const GapTimes& times) {
  std::vector<GapShare> shares;
  double before = times.simulated;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    double lost = before - times.after[i];
    if (i == 0) lost -= times.estimate - times.contention_free_estimate;
    shares.push_back({steps[i].cause, lost / times.simulated});
    before = times.after[i];
  }
  shares.push_back({"dependency stalls", times.dependency / times.simulated});
  shares.push_back(
      {"other", (before - times.dependency - times.contention_free_estimate) / times.simulated});
  return shares;
}

}  // namespace simdse
