#include "cli/report/operator_view.h"

#include <fmt/core.h>

#include <cmath>
#include <set>

#include "cli/report/table.h"
#include "models/base/quantity_text.h"
#include "search/estimate/serial_estimate.h"

namespace simdse {

using Json = nlohmann::ordered_json;

const Region& find_region(const TrainingSetup& setup, const Plan& plan, const std::string& name) {
  std::vector<std::string> known;
  for (const Region& region : plan.regions) {
    for (const OperatorId op : region.operators) {
      known.push_back(setup.graph.op(op).name);
      if (known.back() == name) return region;
    }
  }
  throw InputError(fmt::format("there is no operator '{}'{}", name, spelling_hint(name, known)));
}

namespace {

/// Lanes of the distinct vector cores that a region uses.
double vector_lanes(const Chip& chip, const Region& region) {
  double lanes = 0;
  for (const std::int32_t core :
       std::set<std::int32_t>(region.vector_cores.begin(), region.vector_cores.end())) {
    lanes += static_cast<double>(chip.vector_cores()[core]->peak_operations_per_cycle());
  }
  return lanes;
}

/// The rate at which a resource would have to work without a break, as people write it.
std::string rate_text(const Chip& chip, const ChipRates& rates, const Region& region,
                      Resource resource, const RegionEstimate& estimate) {
  const double frequency = chip.clock().frequency().value();
  const auto bytes_per_second = [&](double per_cycle) {
    return fmt::format("{:.4g} B/cycle = {:.4g} GB/s", per_cycle, per_cycle * frequency / 1e9);
  };
  switch (resource) {
    case Resource::matrix: {
      double macs = 0;
      for (const std::int32_t core : region.tensor_cores) {
        macs += chip.tensor_cores()[core]->peak_macs_per_cycle_of(region.format);
      }
      const double used =
          static_cast<double>(estimate.macs) / (macs * estimate.bound(Resource::matrix).cycles);
      return fmt::format("{:.4g} TMAC/s peak, {:.1f} % of it", macs * frequency / 1e12, used * 100);
    }
    case Resource::vector:
      return fmt::format("{:.4g} G lane-cycles/s; {:.4g} G operations",
                         vector_lanes(chip, region) * frequency / 1e9,
                         static_cast<double>(estimate.vector_operations) / 1e9);
    case Resource::port:
      return bytes_per_second(rates.port) + " one way, one core";
    case Resource::network: {
      const double traffic = to_double(estimate.bound(Resource::network).traffic);
      const bool is_buffer =
          std::abs(traffic / rates.network_buffer - estimate.bound(Resource::network).cycles) < 1;
      return is_buffer ? bytes_per_second(rates.network_buffer) + " to the buffer"
                       : bytes_per_second(rates.network_memory) + " to the memory";
    }
    case Resource::buffer:
      return bytes_per_second(rates.buffer);
    case Resource::memory:
      return fmt::format("{:.4g} GB/s ({:.3f} of peak), and {:.1f} us to turn to writes and back",
                         rates.memory * frequency / 1e9,
                         rates.memory * frequency / chip.memory().peak_bandwidth().value(),
                         estimate.turning / frequency * 1e6);
  }
  return "";
}

std::string work_text(const Chip& chip, const Region& region, Resource resource,
                      const RegionEstimate& estimate) {
  const Bound& bound = estimate.bound(resource);
  if (resource == Resource::matrix) {
    return fmt::format("{:.4g} GMAC", static_cast<double>(estimate.macs) / 1e9);
  }
  if (resource == Resource::vector) {
    // Special functions and reductions take a lane for several cycles.
    const double lane_cycles = bound.cycles * vector_lanes(chip, region);
    return fmt::format("{:.4g} G lane-cycles", lane_cycles / 1e9);
  }
  return fmt::format("{:.4g} MB", to_double(bound.traffic) / 1e6);
}

std::string describe_contraction(const TrainingSetup& setup, const Region& region) {
  const ContractionShape& c = *region.contraction;
  const ContractionMapping& m = region.mapping;
  std::string text =
      fmt::format("{} {}{} x {} x {} (MxNxK)   {:.4g} GMAC   {}", setup.region_name(region),
                  c.batch > 1 ? fmt::format("{} x ", c.batch) : "", c.m, c.n, c.k,
                  static_cast<double>(c.macs()) / 1e9, dataflow_name(m.dataflow));
  text += fmt::format(", {}\n", split_text(m.split));
  const ContractionShape part = part_shape(c, m.split, 0);
  text += fmt::format(
      "per core {}{} x {} x {}; tiles of {} x {} x {}; steps of {} tiles; panels of {} x K and K x "
      "{}, {} outer\n",
      part.batch > 1 ? fmt::format("{} x ", part.batch) : "", part.m, part.n, part.k, m.tile.m,
      m.tile.n, m.tile.k,
      m.batch_block * ceil_div(m.block.m, m.tile.m) * ceil_div(m.block.n, m.tile.n) *
          ceil_div(m.block.k, m.tile.k),
      m.panel_m, m.panel_n, m.n_is_outer ? "n" : "m");
  return text;
}

std::string operand_text(const TrainingSetup& setup, const Operand& operand, const char* role) {
  const std::string name =
      operand.tensor == kNone ? "partial sums" : setup.graph.tensor(operand.tensor).name;
  std::string text = fmt::format("{} {}, {:.4g} MB, {}", role, name, to_double(operand.bytes) / 1e6,
                                 path_name(operand.path));
  if (operand.path == Path::staged) {
    text += fmt::format(" through {:.4g} MB of the buffer", to_double(operand.ring_bytes) / 1e6);
  }
  return text + '\n';
}

}  // namespace

std::string operator_view(const Chip& chip, const TrainingSetup& setup, const Region& region,
                          const RegionEstimate& estimate) {
  const double to_us = 1e6 / chip.clock().frequency().value();
  const ChipRates rates = ChipRates::of(chip);
  std::string text;
  if (region.contraction) {
    text = describe_contraction(setup, region);
  } else {
    text = fmt::format("{}   {} chunks over {} cores\n", setup.region_name(region),
                       region.vector_mapping.chunks, region.vector_mapping.parts);
  }
  for (std::size_t i = 1; i < region.operators.size(); ++i) {
    text += fmt::format("fused with {}\n", setup.graph.op(region.operators[i]).name);
  }
  text += '\n';
  Table table;
  table.add_column("bound", Table::Align::left);
  table.add_column("time us", Table::Align::right);
  table.add_column("share of it", Table::Align::right);
  table.add_column("traffic", Table::Align::right);
  table.add_column("rate", Table::Align::left);
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    const auto resource = static_cast<Resource>(i);
    const Bound& bound = estimate.bounds[i];
    if (bound.cycles == 0) continue;
    table.add_row(
        {std::string(resource_name(resource)) + (resource == estimate.binding ? " *" : ""),
         fmt::format("{:.1f}", bound.cycles * to_us),
         fmt::format("{:.1f} %", bound.cycles / estimate.cycles * 100),
         work_text(chip, region, resource, estimate),
         rate_text(chip, rates, region, resource, estimate)});
  }
  text += table.text();
  const double pace = estimate.bound(estimate.pace).cycles * to_us;
  text += fmt::format("\ntotal {:.1f} us = launch {:.2f} + ", estimate.cycles * to_us,
                      estimate.launch * to_us);
  if (estimate.pace == Resource::matrix || estimate.pace == Resource::vector) {
    const bool is_single = is_serial(chip, region);
    const double exposed = estimate.exposed * to_us;
    text += fmt::format("{} {:.2f} + {} {:.1f} {} {:.2f} + {} {:.2f}\n",
                        is_single ? "loads" : "first data", estimate.startup * to_us,
                        resource_name(estimate.pace), pace,
                        exposed < 0 ? "- other cores meanwhile" : "+ exposed", std::abs(exposed),
                        is_single ? "stores" : "last data", estimate.drain * to_us);
  } else {
    text += fmt::format("{} {:.1f} + latency {:.2f}\n", resource_name(estimate.pace), pace,
                        estimate.latency * to_us);
  }
  for (const Operand& input : region.inputs) text += operand_text(setup, input, "reads ");
  for (const Operand& output : region.outputs) text += operand_text(setup, output, "writes");
  return text;
}

Json operator_view_json(const Chip& chip, const TrainingSetup& setup, const Region& region,
                        const RegionEstimate& estimate) {
  const double frequency = chip.clock().frequency().value();
  Json bounds;
  for (std::size_t i = 0; i < kResourceCount; ++i) {
    bounds[resource_name(static_cast<Resource>(i))] = {
        {"time_s", estimate.bounds[i].cycles / frequency},
        {"traffic_bytes", estimate.bounds[i].traffic.value()}};
  }
  bounds["memory"]["turning_s"] = estimate.turning / frequency;
  return {{"name", setup.region_name(region)},
          {"macs", estimate.macs},
          {"vector_operations", estimate.vector_operations},
          {"time_s", estimate.cycles / frequency},
          {"launch_s", estimate.launch / frequency},
          {"startup_s", estimate.startup / frequency},
          {"exposed_s", estimate.exposed / frequency},
          {"drain_s", estimate.drain / frequency},
          {"pace", resource_name(estimate.pace)},
          {"latency_s", estimate.latency / frequency},
          {"bound", resource_name(estimate.binding)},
          {"bounds", std::move(bounds)}};
}

}  // namespace simdse
