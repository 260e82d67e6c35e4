#include "cli/report/json_report.h"

#include <fmt/core.h>

namespace simdse {

using Json = nlohmann::ordered_json;

Json chip_json(const Chip& chip) {
  Json parts;
  for (const ChipCostEntry& entry : chip.costs()) {
    Json areas;
    for (const AreaPart& part : entry.each.area) {
      areas[part.name] = part.area.value() * static_cast<double>(entry.count);
    }
    parts[entry.name] = {{"count", entry.count},
                         {"area_mm2", entry.area().value()},
                         {"peak_power_w", entry.peak_power().value()},
                         {"static_power_w", entry.static_power().value()},
                         {"area_parts_mm2", std::move(areas)}};
  }
  return {{"label", chip.label()},
          {"area_mm2", chip.area().value()},
          {"tdp_w", chip.tdp().value()},
          {"sustained_power_w", chip.sustained_power().value()},
          {"static_power_w", chip.static_power().value()},
          {"peak_macs_per_s", chip.peak_macs_per_second()},
          {"buffer_bytes", chip.buffer().capacity().value()},
          {"memory_bytes", chip.memory().capacity().value()},
          {"memory_bandwidth_bytes_per_s", chip.memory().peak_bandwidth().value()},
          {"blocks", std::move(parts)}};
}

Utilisation utilisation_of(const Chip& chip, const TrainingSetup& setup, double macs,
                           Seconds time) {
  const double peak = chip.peak_macs_per_second(product_format(setup.tasks)) * time.value();
  return {(macs - setup.recomputed_macs) / peak, macs / peak};
}

std::string Utilisation::text() const {
  std::string line = fmt::format("MFU          {:.1f} %", model * 100);
  if (hardware != model) {
    line += fmt::format("; with what is recomputed {:.1f} % (HFU)", hardware * 100);
  }
  return line + '\n';
}

double gap_of(const PlanEstimate& estimate, const SimulationResult& simulation) {
  return estimate.time.value() / to_seconds(simulation.time).value() - 1;
}

namespace {

Json energy_json(const Chip& chip, const ActionCounts& actions, Seconds time) {
  Json blocks;
  for (const EnergyPart& part : energy_breakdown(chip, actions, time)) {
    blocks[part.block][part.action] = part.energy.value();
  }
  return blocks;
}

Json speed_json(const Chip& chip, const TrainingSetup& setup, Seconds time, Joules energy,
                const ActionCounts& actions, double macs) {
  const double throughput = static_cast<double>(setup.workload.batch()) / time.value();
  const Utilisation utilisation = utilisation_of(chip, setup, macs, time);
  return {{"time_s", time.value()},
          {"throughput_samples_per_s", throughput},
          {"throughput_per_tdp_samples_per_s_per_w", throughput / chip.tdp().value()},
          {"energy_j", energy.value()},
          {"energy_breakdown_j", energy_json(chip, actions, time)},
          {"average_power_w", (energy / time).value()},
          {"sustained_power_w", chip.sustained_power().value()},
          {"area_mm2", chip.area().value()},
          {"tdp_w", chip.tdp().value()},
          {"mfu", utilisation.model},
          {"hfu", utilisation.hardware}};
}

}  // namespace

Json estimate_json(const Chip& chip, const TrainingSetup& setup, const PlanEstimate& estimate) {
  Json json =
      speed_json(chip, setup, estimate.time, estimate.energy, estimate.actions, estimate.macs);
  Json breakdown;
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    breakdown[resource_name(static_cast<Resource>(i))] = estimate.breakdown[i];
  }
  breakdown["launch_and_wait"] = estimate.breakdown[kResourceCount];
  json["breakdown"] = std::move(breakdown);
  json["contention_free_time_s"] =
      estimate.contention_free_cycles / chip.clock().frequency().value();
  return json;
}

Json simulation_json(const Chip& chip, const TrainingSetup& setup, const PlanEstimate& estimate,
                     const SimulationResult& simulation) {
  Json json = speed_json(chip, setup, to_seconds(simulation.time), simulation.energy,
                         simulation.actions, simulation.actions.macs);
  Json breakdown;
  for (std::size_t i = 0; i < simulation.breakdown.size(); ++i) {
    breakdown[time_headings()[i]] = simulation.breakdown[i];
  }
  json["breakdown"] = std::move(breakdown);
  json["estimate_time_s"] = estimate.time.value();
  json["gap"] = gap_of(estimate, simulation);
  json["tensor_core_utilisation"] = simulation.tensor_utilisation;
  if (simulation.peak_power > 0) json["peak_power_w"] = simulation.peak_power;
  json["peak_buffer_bytes"] = simulation.peak_buffer.value();
  json["events"] = simulation.events;
  return json;
}

namespace {

/// Simulated cycles of a region, from the start of its work to its last byte stored.
double simulated_cycles(const Chip& chip, const SimulationResult& simulation, RegionId id) {
  const Picoseconds span = simulation.region_end[id] - simulation.region_start[id];
  return to_seconds(span).value() * chip.clock().frequency().value();
}

}  // namespace

Json operators_json(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                    const PlanEstimate& estimate, const SimulationResult* simulation) {
  Json list = Json::array();
  for (const Region& region : plan.regions) {
    const RegionEstimate& e = estimate.regions[region.id];
    Json names = Json::array();
    for (const OperatorId op : region.operators) names.push_back(setup.graph.op(op).name);
    Json entry = {{"name", setup.region_name(region)},
                  {"operators", std::move(names)},
                  {"cycles", e.cycles},
                  {"bound", resource_name(e.binding)},
                  {"macs", e.macs},
                  {"memory_bytes", e.bound(Resource::memory).traffic.value()}};
    if (simulation != nullptr) {
      entry["simulated_cycles"] = simulated_cycles(chip, *simulation, region.id);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string operators_csv(const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                          const PlanEstimate& estimate, const SimulationResult* simulation) {
  std::string text =
      "region,operators,tensor_cores,vector_cores,macs,memory_bytes,estimate_start_cycles,"
      "estimate_cycles,bound,simulated_start_s,simulated_cycles\n";
  for (const Region& region : plan.regions) {
    const RegionEstimate& e = estimate.regions[region.id];
    std::string names;
    for (const OperatorId op : region.operators) {
      names += (names.empty() ? "" : " + ") + setup.graph.op(op).name;
    }
    text += fmt::format("{},{},{},{},{},{},{:.0f},{:.0f},{},", region.id, names,
                        region.tensor_cores.size(), region.vector_cores.size(), e.macs,
                        e.bound(Resource::memory).traffic.value(), estimate.spans[region.id].start,
                        e.cycles, resource_name(e.binding));
    if (simulation != nullptr) {
      text += fmt::format("{:.9g},{:.0f}", to_seconds(simulation->region_start[region.id]).value(),
                          simulated_cycles(chip, *simulation, region.id));
    } else {
      text += ",";
    }
    text += '\n';
  }
  return text;
}

}  // namespace simdse
