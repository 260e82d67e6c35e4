#include "sim/run/simulation.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "sim/kernel/event_queue.h"
#include "sim/run/plan_executor.h"

namespace simdse {

const std::vector<std::string>& time_headings() {
  static const std::vector<std::string> headings = {"matrix",       "vector",        "memory_stall",
                                                    "buffer_stall", "network_stall", "dispatch",
                                                    "dependency"};
  return headings;
}

namespace {

/// Watches the shared blocks of a chip for a trace.
class ChipTrace {
 public:
  ChipTrace(TraceWriter& writer, const Chip& chip, ChipModule& modules) : writer_(writer) {
    // Banks are shown by the network port that leads to them.
    const auto groups = static_cast<std::size_t>(chip.noc().buffer_ports());
    std::vector<std::size_t> bank_group;
    for (std::size_t bank = 0; bank < static_cast<std::size_t>(chip.buffer().banks()); ++bank) {
      bank_group.push_back(bank % groups);
    }
    watch("global buffer", numbered("bank group", groups), std::move(bank_group),
          [&](OccupancyObserver* observer) { modules.buffer().core().observe(observer); });
    const std::vector<std::string> ports = modules.noc().resource_names();
    watch("network", ports, identity(ports.size()),
          [&](OccupancyObserver* observer) { modules.noc().observe(observer); });
    const auto channels = static_cast<std::size_t>(chip.memory().channels());
    watch("memory", numbered("channel", channels), identity(channels),
          [&](OccupancyObserver* observer) { modules.memory().core().observe(observer); });
  }

  /// The observers of buffer, network and memory, in this order.
  OccupancyObserver* part(std::size_t i) { return parts_[i].get(); }

  /// Writes what is open, and the regions on their cores.
  void finish(const Chip& chip, const Plan& plan,
              const std::vector<PlanExecutor::RegionTimes>& times,
              const std::vector<std::string>& names) {
    for (const auto& part : parts_) part->flush();
    std::vector<std::uint64_t> tensor;
    std::vector<std::uint64_t> vector;
    for (std::size_t i = 0; i < chip.tensor_cores().size(); ++i) {
      tensor.push_back(writer_.add_track("cores", fmt::format("tensor core {}", i)));
    }
    for (std::size_t i = 0; i < chip.vector_cores().size(); ++i) {
      vector.push_back(writer_.add_track("cores", fmt::format("vector core {}", i)));
    }
    for (const Region& region : plan.regions) {
      const PlanExecutor::RegionTimes& span = times[region.id];
      const auto add = [&](const std::vector<std::uint64_t>& tracks,
                           std::vector<std::int32_t> cores) {
        std::sort(cores.begin(), cores.end());
        cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
        for (const std::int32_t core : cores) {
          writer_.add_slice(tracks[core], names[region.id], span.launched, span.done);
        }
      };
      add(tensor, region.tensor_cores);
      add(vector, region.vector_cores);
    }
  }

 private:
  static std::vector<std::string> numbered(const std::string& name, std::size_t count) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("{} {}", name, i));
    return names;
  }
  static std::vector<std::size_t> identity(std::size_t count) {
    std::vector<std::size_t> result(count);
    std::iota(result.begin(), result.end(), std::size_t{0});
    return result;
  }
  template <class Attach>
  void watch(const std::string& group, const std::vector<std::string>& names,
             std::vector<std::size_t> track_of_resource, Attach&& attach) {
    parts_.push_back(
        std::make_unique<OccupancyTrace>(writer_, group, names, std::move(track_of_resource)));
    attach(parts_.back().get());
  }

  TraceWriter& writer_;
  std::vector<std::unique_ptr<OccupancyTrace>> parts_;
};

/// Watches all blocks of a chip, to know when they spent their energy.
class ChipPower {
 public:
  /// Passes what it sees of the shared blocks on to `trace`, if there is one.
  ChipPower(const Chip& chip, ChipModule& modules, ChipTrace* trace)
      : groups_(chip.design().cores.size()) {
    const std::vector<std::string> shared = {"global buffer", "network", "memory"};
    for (std::size_t i = 0; i < shared.size(); ++i) {
      shared_.push_back(
          std::make_unique<ActivityObserver>(trace == nullptr ? nullptr : trace->part(i)));
      activity_.push_back({shared[i], &shared_.back()->profile(), ""});
    }
    modules.buffer().core().observe(shared_[0].get());
    modules.noc().observe(shared_[1].get());
    modules.memory().core().observe(shared_[2].get());
    activity_.push_back({"DMA", &shared_[2]->profile(), ""});
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      activity_.push_back({chip.costs()[i].name, &groups_[i].profile(), ""});
      // Bytes come and go while the network carries them, not while the core works on them.
      activity_.push_back({chip.costs()[i].name, &shared_[1]->profile(), "byte"});
    }
    for (std::size_t i = 0; i < chip.tensor_cores().size(); ++i) {
      const auto core = static_cast<std::int32_t>(i);
      modules.tensor_core(core).engine().observe(&groups_[chip.group_of_tensor_core(core)]);
    }
    for (std::size_t i = 0; i < chip.vector_cores().size(); ++i) {
      const auto core = static_cast<std::int32_t>(i);
      modules.vector_core(core).engine().observe(&groups_[chip.group_of_vector_core(core)]);
    }
  }

  PowerProfile profile(const std::vector<EnergyPart>& energy, Picoseconds end) const {
    return power_profile(energy, activity_, end);
  }

 private:
  std::vector<ActivityObserver> groups_;
  std::vector<std::unique_ptr<ActivityObserver>> shared_;
  std::vector<BlockActivity> activity_;
};

}  // namespace

SimulationResult simulate(const Chip& chip, const Plan& plan, const SimulationOptions& options,
                          TraceWriter* trace, const std::vector<std::string>& region_names) {
  sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
  sc_core::sc_report_handler::set_actions(sc_core::SC_WARNING, sc_core::SC_THROW);
  EventQueue queue("queue");
  queue.set_limit(options.max_events);
  TransferLimits limits = options.limits;
  limits.max_bytes = std::min(limits.max_bytes, chip.memory().max_transfer().value());
  ChipModule modules("chip", queue, chip, limits, options.bind, options.ideal,
                     options.reverse_order);
  PlanExecutor executor(chip, plan, modules, queue);
  std::optional<ChipTrace> chip_trace;
  if (trace != nullptr) chip_trace.emplace(*trace, chip, modules);
  std::optional<ChipPower> chip_power;
  if (trace != nullptr || options.record_power) {
    chip_power.emplace(chip, modules, chip_trace ? &*chip_trace : nullptr);
  }
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  executor.start();
  sc_core::sc_start();
  if (queue.limit_exceeded()) {
    throw std::runtime_error(
        fmt::format("the simulation was given up after {} events", options.max_events));
  }
  if (!executor.finished()) throw std::runtime_error("the simulation stands still: a deadlock");
  if (modules.pool().live() != 0) throw std::runtime_error("transfers were left over");

  if (chip_trace) chip_trace->finish(chip, plan, executor.region_times(), region_names);

  SimulationResult result;
  result.time = executor.finish_time();
  result.events = queue.delivered();
  result.peak_buffer = executor.occupancy().peak();
  TimeAccount& account = modules.account();
  const double total = static_cast<double>(result.time);
  const auto share = [&](Picoseconds span) { return static_cast<double>(span) / total; };
  account.explain(Cause::dispatch, result.time);
  result.breakdown = {share(account.matrix()), share(account.vector())};
  for (const Cause cause :
       {Cause::memory, Cause::buffer, Cause::network, Cause::dispatch, Cause::dependency}) {
    result.breakdown.push_back(share(account.waited(cause)));
  }
  for (const PlanExecutor::RegionTimes& times : executor.region_times()) {
    result.region_start.push_back(times.launched);
    result.region_end.push_back(times.done);
  }
  ActionCounts& actions = result.actions;
  actions.groups.resize(chip.design().cores.size());
  for (std::size_t i = 0; i < chip.tensor_cores().size(); ++i) {
    const auto core = static_cast<std::int32_t>(i);
    const CoreEngine& engine = modules.tensor_core(core).engine();
    result.tensor_utilisation.push_back(share(engine.busy_time()));
    actions.macs += engine.macs();
    actions.groups[chip.group_of_tensor_core(core)].macs += engine.operations();
  }
  for (std::size_t i = 0; i < chip.vector_cores().size(); ++i) {
    const auto core = static_cast<std::int32_t>(i);
    const CoreEngine& engine = modules.vector_core(core).engine();
    ActionCounts::Group& group = actions.groups[chip.group_of_vector_core(core)];
    actions.vector_operations += engine.operations();
    actions.vector_bytes += engine.bytes_moved();
    group.vector_operations += engine.operations();
    group.vector_bytes += engine.bytes_moved();
  }
  result.actions.network_bytes = to_double(modules.noc().bytes_carried());
  result.actions.buffer_bytes =
      to_double(modules.buffer().bytes_read() + modules.buffer().bytes_written());
  result.actions.memory_bytes =
      to_double(modules.memory().bytes_read() + modules.memory().bytes_written());
  result.energy = energy_of(chip, result.actions, to_seconds(result.time));
  if (chip_power) {
    result.power = chip_power->profile(
        energy_breakdown(chip, result.actions, to_seconds(result.time)), result.time);
    result.peak_power = result.power.peak().value();
    if (trace != nullptr) write_power(*trace, result.power);
  }
  return result;
}

}  // namespace simdse
