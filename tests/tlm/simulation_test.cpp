// Whole plans simulated: where the simulation must agree with the closed form, and where it must
// not.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <numeric>

#include "models/base/worker_pool.h"
#include "search/estimate/plan_estimate.h"
#include "search/local/evaluator.h"
#include "search/plan/plan_text.h"
#include "search/schedule/planner.h"
#include "sim/checking/monitor.h"
#include "sim/checking/protocol_checker.h"
#include "sim/checking/random_staller.h"
#include "sim/run/gap.h"
#include "sim/run/record.h"
#include "workloads/model_reader.h"
#include "workloads/workload.h"

namespace simdse {

namespace {
double estimate_scale = 1;
}  // namespace

// Stands before the library's function of that name for all libraries of this program, and scales
// what it returns.
RegionEstimate estimate_region(const Chip& chip, const ChipRates& rates, const Region& region) {
  using Function = RegionEstimate (*)(const Chip&, const ChipRates&, const Region&);
  static const auto original = reinterpret_cast<Function>(
      dlsym(RTLD_NEXT, "_ZN6simdse15estimate_regionERKNS_4ChipERKNS_9ChipRatesERKNS_6RegionE"));
  if (original == nullptr) throw std::logic_error("estimate_region has another name by now");
  RegionEstimate estimate = original(chip, rates, region);
  for (Bound& bound : estimate.bounds) bound.cycles *= estimate_scale;
  for (double* cycles : {&estimate.launch, &estimate.startup, &estimate.drain, &estimate.cycles}) {
    *cycles *= estimate_scale;
  }
  for (RegionPhase& phase : estimate.phases) {
    for (double* cycles : {&phase.cycles, &phase.memory, &phase.buffer}) *cycles *= estimate_scale;
  }
  return estimate;
}

namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

struct TrainingStep {
  TrainingStep(const std::string& model, const std::vector<Override>& sizes)
      : workload(load_workload(model, files(), sizes)),
        graph(derive_training_step(workload.forward, workload.training)),
        tasks(build_task_graph(graph)) {}

  Workload workload;
  Graph graph;
  TaskGraph tasks;
};

Chip chip_of(const std::vector<Override>& changes = {}) {
  return load_chip("tpu_v2", files(), changes);
}

/// In a process of its own, because SystemC elaborates once.
SimulationResult simulate_apart(const Chip& chip, const Plan& plan,
                                const SimulationOptions& options = {}) {
  const auto results = run_jobs({[&] { return to_text(simulate(chip, plan, options)); }}, {});
  EXPECT_TRUE(results[0].ok) << results[0].failure;
  return from_text(results[0].output);
}

const std::vector<Override> kSmallBert = {{"layers", "1"}, {"batch", "2"}};
const std::vector<Override> kSmallResNet = {{"batch", "2"}, {"image", "64"}};
const std::vector<Override> kSmallFused = {{"layers", "1"},        {"batch", "2"},
                                           {"hidden", "1024"},     {"heads", "8"},
                                           {"vocabulary", "1000"}, {"fused_attention", "1"}};
std::vector<Override> small_sizes(const std::string& model) {
  if (model == "gpt2_xl") return kSmallFused;
  return model == "bert_large" ? kSmallBert : kSmallResNet;
}
const std::vector<Override> kIdeal = {
    {"global_buffer", "{type: ideal}"},
    {"noc", "{type: ideal}"},
    {"memory", "{type: ideal}"},
    {"dispatcher",
     "{type: sequencer, issue_interval: 0, launch_latency: 0, completion_latency: 0}"}};

class IdealChip
    : public ::testing::TestWithParam<std::tuple<std::string, std::string, std::string>> {};

TEST_P(IdealChip, SimulationEqualsTheClosedForm) {
  const auto [model, dataflow, overlap] = GetParam();
  const TrainingStep setup(model, small_sizes(model));
  std::vector<Override> design = kIdeal;
  design.push_back({"cores.0.dataflow", dataflow});
  design.push_back({"cores.0.overlap", overlap});
  const Chip chip = chip_of(design);
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const PlanEstimate estimate = estimate_plan(chip, plan);
  const SimulationResult simulation = simulate_apart(chip, plan);
  const Cycles cycles(static_cast<std::int64_t>(std::llround(estimate.cycles)));
  EXPECT_EQ(simulation.time, chip.clock().edge(cycles));
}

INSTANTIATE_TEST_SUITE_P(All, IdealChip,
                         ::testing::Combine(::testing::Values("bert_large", "resnet50", "gpt2_xl"),
                                            ::testing::Values("any", "weight_stationary",
                                                              "output_stationary"),
                                            ::testing::Values("none", "full")));

/// Cycles of a GEMM 4096x4096x1024 with a ReLU behind it on an ideal chip of one core of each kind,
/// simulated and estimated.
std::pair<double, double> drained_gemm_cycles(const std::string& drain_width) {
  std::vector<Override> design = kIdeal;
  design.push_back({"cores.0.count", "1"});
  design.push_back({"cores.1.count", "1"});
  design.push_back({"cores.0.drain_width", drain_width});
  const Chip chip = chip_of(design);
  const Graph graph =
      read_model(parse_config("operators: [{name: g, kind: gemm, m: 4096, n: 4096, k: 1024}, "
                              "{name: r, kind: relu}]",
                              "g"),
                 {{"batch", 1}}, {});
  const TaskGraph tasks = build_task_graph(graph);
  const Plan plan = make_plan(chip, tasks).plan;
  if (plan.regions.size() != 1) throw std::logic_error("the ReLU is not fused");
  const double frequency = chip.clock().frequency().value();
  return {to_seconds(simulate_apart(chip, plan).time).value() * frequency,
          estimate_plan(chip, plan).cycles};
}

// 4096 x 4096 sums of 4 bytes leave at 32 bytes per cycle: 2,097,152 cycles, against half as many
// of the array, 4096 x 4096 x 1024 / 128^2.
TEST(Drain, BoundsAProductWhoseSumsLeaveSlowly) {
  const auto [simulated, estimated] = drained_gemm_cycles("32 B/cycle");
  EXPECT_NEAR(simulated, 2097152, 0.01 * 2097152);
  EXPECT_NEAR(estimated, 2097152, 0.01 * 2097152);
}

// At a row of sums per cycle they take 131,072 cycles and hide behind the array's 1,048,576.
TEST(Drain, HidesBehindTheArrayWhereItIsFasterThanIt) {
  const auto [simulated, estimated] = drained_gemm_cycles("512 B/cycle");
  EXPECT_NEAR(simulated, 1048576, 0.01 * 1048576);
  EXPECT_NEAR(estimated, 1048576, 0.01 * 1048576);
}

// Every figure of the estimate is 10 % larger while the plan stays the same.
TEST(Simulation, ReadsNoTimeOfTheEstimate) {
  const TrainingStep setup("bert_large", kSmallBert);
  const Chip chip = chip_of();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const double estimate = estimate_plan(chip, plan).cycles;
  const std::string simulation = to_text(simulate_apart(chip, plan));
  estimate_scale = 1.1;
  // The scale reaches whoever calls the estimate, in any library.
  EXPECT_NEAR(estimate_plan(chip, plan).cycles, 1.1 * estimate, 1e-3 * estimate);
  EXPECT_EQ(to_text(simulate_apart(chip, plan)), simulation);
  estimate_scale = 1;
}

TEST(Simulation, PrechargeTimeMovesOnlyTheSimulation) {
  const TrainingStep setup("bert_large", kSmallBert);
  const Chip fast = chip_of({{"memory.t_rp", "14 ns"}, {"memory.t_rc", "234 ns"}});
  const Chip slow = chip_of({{"memory.t_rp", "200 ns"}, {"memory.t_rc", "234 ns"}});
  const Plan plan = make_plan(fast, setup.tasks).plan;
  EXPECT_EQ(plan_to_text(make_plan(slow, setup.tasks).plan), plan_to_text(plan));
  EXPECT_EQ(estimate_plan(slow, plan).cycles, estimate_plan(fast, plan).cycles);
  EXPECT_GT(simulate_apart(slow, plan).time, simulate_apart(fast, plan).time);
}

TEST(Simulation, OneBankForEverythingCollapsesIt) {
  const TrainingStep setup("bert_large", kSmallBert);
  // Interleaving coarser than the buffer: all rings and tensors lie in one bank.
  const std::vector<Override> narrow = {{"global_buffer.banks", "32"},
                                        {"global_buffer.bank_width", "8 B/cycle"}};
  std::vector<Override> one_bank = narrow;
  one_bank.push_back({"global_buffer.interleave", "16 MiB"});
  const Chip spread = chip_of(narrow);
  const Chip piled = chip_of(one_bank);
  const Plan plan = make_plan(spread, setup.tasks).plan;
  EXPECT_GT(simulate_apart(piled, plan).time, 2 * simulate_apart(spread, plan).time);
}

/// A model, and the network that it runs on.
class EveryModel : public ::testing::TestWithParam<std::pair<std::string, std::string>> {
 protected:
  const std::string& model() const { return GetParam().first; }
  std::vector<Override> sizes() const { return small_sizes(model()); }
  Chip network_chip(std::vector<Override> changes = {}) const {
    changes.push_back({"noc", GetParam().second});
    return chip_of(changes);
  }
};

TEST_P(EveryModel, WorkAndBytesAreThoseOfThePlan) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const PlanEstimate estimate = estimate_plan(chip, plan);
  const SimulationResult simulation = simulate_apart(chip, plan);
  double memory = 0;
  double buffer = 0;
  double network = 0;
  double operations = 0;
  for (const RegionEstimate& region : estimate.regions) {
    memory += to_double(region.bound(Resource::memory).traffic);
    buffer += to_double(region.bound(Resource::buffer).traffic);
    network += region.network_bytes;
    operations += static_cast<double>(region.vector_operations);
  }
  EXPECT_DOUBLE_EQ(simulation.actions.macs, estimate.macs);
  EXPECT_DOUBLE_EQ(simulation.actions.vector_operations, operations);
  EXPECT_DOUBLE_EQ(simulation.actions.memory_bytes, memory);
  EXPECT_DOUBLE_EQ(simulation.actions.buffer_bytes, buffer);
  EXPECT_DOUBLE_EQ(simulation.actions.network_bytes, network);
}

TEST_P(EveryModel, EnergyIsTheSumOfItsPartsAndOfPowerOverTime) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  SimulationOptions options;
  options.record_power = true;
  const SimulationResult simulation = simulate(chip, plan, options);
  const Seconds time = to_seconds(simulation.time);
  double parts = 0;
  double always = 0;
  std::map<std::string, double> blocks;
  for (const EnergyPart& part : energy_breakdown(chip, simulation.actions, time)) {
    EXPECT_GE(part.energy.value(), 0) << part.block << " " << part.action;
    parts += part.energy.value();
    (part.action == "always" ? always : blocks[part.block]) += part.energy.value();
  }
  EXPECT_NEAR(parts, simulation.energy.value(), 1e-9 * parts);
  EXPECT_NEAR(always, (chip.static_power() * time).value(), 1e-9 * parts);
  for (const char* block : {"tensor cores", "vector cores", "global buffer", "network", "memory"}) {
    EXPECT_GT(blocks[block], 0) << block;
  }
  // Estimate and simulation count the same actions, so copied bytes too.
  const PlanEstimate estimate = estimate_plan(chip, plan);
  EXPECT_NEAR(simulation.actions.dma_bytes(), estimate.actions.dma_bytes(), 1);
  ASSERT_GT(simulation.power.tracks.size(), 5U);
  for (const PowerProfile::Track& track : simulation.power.tracks) {
    const double energy = simulation.power.energy(track).value();
    const double expected = track.block == "total"    ? parts
                            : track.block == "always" ? always
                                                      : blocks[track.block];
    EXPECT_NEAR(energy, expected, 1e-6 * parts) << track.block;
  }
  EXPECT_GE(simulation.peak_power, simulation.energy / time / Watts(1));
}

class PowerOf : public ::testing::TestWithParam<std::vector<Override>> {};

INSTANTIATE_TEST_SUITE_P(
    Designs, PowerOf,
    ::testing::Values(std::vector<Override>{}, std::vector<Override>{{"memory.stacks", "1"}},
                      std::vector<Override>{{"cores.0.count", "1"}, {"cores.1.count", "4"}},
                      std::vector<Override>{{"cores.0.rows", "32"}, {"cores.0.columns", "32"}},
                      std::vector<Override>{{"noc.port_width", "64 B/cycle"}},
                      std::vector<Override>{{"clock", "1.3 GHz"}}));

// No window of a simulation takes more than the chip's sustained peak, on which its TDP rests.
TEST_P(PowerOf, NeverExceedsTheSustainedPeak) {
  const TrainingStep setup("bert_large", kSmallBert);
  const Chip chip = chip_of(GetParam());
  SimulationOptions options;
  options.record_power = true;
  const SimulationResult simulation = simulate(chip, make_plan(chip, setup.tasks).plan, options);
  EXPECT_LE(simulation.peak_power, chip.sustained_power().value());
  EXPECT_GT(simulation.peak_power, 1.05 * chip.static_power().value());
  const Watts average = simulation.energy / to_seconds(simulation.time);
  EXPECT_LE(average, chip.sustained_power());
}

TEST(ActivityProfile, KeepsAmountsHoweverLongTheRun) {
  ActivityProfile profile;
  profile.add(0, 1000, 1);
  profile.add(150'000, 250'000, 4);
  ASSERT_EQ(profile.amounts().size(), 3U);
  EXPECT_DOUBLE_EQ(profile.amounts()[0], 1);
  EXPECT_DOUBLE_EQ(profile.amounts()[1], 2);
  EXPECT_DOUBLE_EQ(profile.amounts()[2], 2);
  profile.add(50'000'000'000, 50'000'000'000, 3);  // an instant
  EXPECT_LE(profile.amounts().size(), ActivityProfile::kWindows);
  EXPECT_GT(profile.window(), 10'000'000);
  EXPECT_DOUBLE_EQ(profile.amounts().front(), 5);
  EXPECT_DOUBLE_EQ(profile.amounts().back(), 3);
}

/// Every region after the one before: the plan's order is then the simulation's.
Plan one_after_another(Plan plan) {
  for (Region& region : plan.regions) {
    if (region.id > 0) region.after.push_back(region.id - 1);
    std::sort(region.after.begin(), region.after.end());
    region.after.erase(std::unique(region.after.begin(), region.after.end()), region.after.end());
  }
  return plan;
}

TEST_P(EveryModel, InThePlansOrderTheBufferFillsAsThePlanSays) {
  const TrainingStep setup(model(), sizes());
  for (const char* capacity : {"2 MiB", "26 MiB"}) {
    const Chip chip = network_chip({{"global_buffer.capacity", capacity}});
    const Plan plan = one_after_another(make_plan(chip, setup.tasks).plan);
    const SimulationResult simulation = simulate_apart(chip, plan);
    EXPECT_GT(simulation.peak_buffer, Bytes(0));
    EXPECT_EQ(simulation.peak_buffer.value(), plan.peak_buffer.value());
  }
}

// Regions side by side hold what they hold at the same time: summed up here from when they ran.
TEST_P(EveryModel, TheBufferHoldsWhatRegionsThatRunHaveReserved) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip({{"cores.0.count", "3"}, {"cores.1.count", "3"}});
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const SimulationResult simulation = simulate_apart(chip, plan);
  std::map<Picoseconds, std::int64_t> change;
  const auto hold = [&](std::int64_t bytes, Picoseconds from, Picoseconds to) {
    change[from] += bytes;
    change[to] -= bytes;
  };
  for (const Region& region : plan.regions) {
    hold(region.ring_bytes().value(), simulation.region_start[region.id],
         simulation.region_end[region.id]);
  }
  for (const Allocation& space : plan.allocations) {
    if (space.level != Level::buffer) continue;
    Picoseconds from = simulation.time;
    Picoseconds to = 0;
    for (RegionId id = space.first; id <= space.last; ++id) {
      const Region& region = plan.regions[id];
      const auto touches = [&](const std::vector<Operand>& operands) {
        return std::any_of(operands.begin(), operands.end(), [&](const Operand& operand) {
          return operand.path == Path::resident && operand.tensor == space.tensor;
        });
      };
      if (!touches(region.inputs) && !touches(region.outputs)) continue;
      from = std::min(from, simulation.region_start[id]);
      to = std::max(to, simulation.region_end[id]);
    }
    ASSERT_LT(from, to);
    hold(in_lines(space.bytes).value(), from, to);
  }
  std::int64_t used = 0;
  std::int64_t peak = 0;
  for (const auto& [time, bytes] : change) peak = std::max(peak, used += bytes);
  EXPECT_EQ(used, 0);
  EXPECT_EQ(simulation.peak_buffer.value(), peak);
  EXPECT_LE(simulation.peak_buffer, chip.buffer().capacity());
}

/// What the simulation says of a plan that no validator has seen.
std::string failure_of(const Chip& chip, const Plan& plan) {
  const auto results = run_jobs({[&] { return to_text(simulate(chip, plan, {})); }}, {});
  return results[0].ok ? "" : results[0].failure;
}

TEST(BufferOccupancy, WhatDoesNotFitStopsTheSimulation) {
  const TrainingStep setup("bert_large", kSmallBert);
  const Chip chip = chip_of();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  Plan broken = plan;
  for (Region& region : broken.regions) {
    if (!region.contraction || region.inputs[1].path != Path::staged) continue;
    region.inputs[1].ring_bytes = chip.buffer().capacity();
    break;
  }
  std::string failure = failure_of(chip, broken);
  EXPECT_NE(failure.find("the global buffer of 26 MiB overflows"), std::string::npos) << failure;

  broken = plan;
  for (Region& region : broken.regions) {
    for (Operand& input : region.inputs) {
      if (input.path == Path::resident) input.address += chip.buffer().capacity().value();
    }
  }
  failure = failure_of(chip, broken);
  EXPECT_NE(failure.find("which nobody reserved"), std::string::npos) << failure;

  broken = plan;
  for (Allocation& space : broken.allocations) {
    if (space.level == Level::buffer) space.address = 0;
  }
  for (Region& region : broken.regions) {
    for (std::vector<Operand>* operands : {&region.inputs, &region.outputs}) {
      for (Operand& operand : *operands) {
        if (operand.path == Path::resident) operand.address = 0;
      }
    }
  }
  failure = failure_of(chip, broken);
  EXPECT_NE(failure.find("part of which is still in use"), std::string::npos) << failure;
}

TEST_P(EveryModel, TimeSharesSumToOneHundredPercent) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const SimulationResult simulation = simulate_apart(chip, make_plan(chip, setup.tasks).plan);
  EXPECT_NEAR(std::accumulate(simulation.breakdown.begin(), simulation.breakdown.end(), 0.0), 1,
              1e-9);
  for (const double share : simulation.breakdown) EXPECT_GE(share, 0);
}

TEST_P(EveryModel, RegionsKeepTheirDependencies) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const SimulationResult simulation = simulate_apart(chip, plan);
  for (const Region& region : plan.regions) {
    EXPECT_LT(simulation.region_start[region.id], simulation.region_end[region.id]);
    for (const RegionId before : region.after) {
      EXPECT_GE(simulation.region_start[region.id], simulation.region_end[before]);
    }
  }
}

TEST_P(EveryModel, TheOrderOfInstantiationDoesNotMatter) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip({{"cores.0.count", "3"}, {"cores.1.count", "3"}});
  const Plan plan = make_plan(chip, setup.tasks).plan;
  SimulationOptions reversed;
  reversed.reverse_order = true;
  EXPECT_EQ(to_text(simulate_apart(chip, plan, reversed)), to_text(simulate_apart(chip, plan)));
}

TEST_P(EveryModel, NeverFasterThanItsRooflines) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const SimulationResult simulation = simulate_apart(chip, make_plan(chip, setup.tasks).plan);
  const double seconds = to_seconds(simulation.time).value();
  EXPECT_GE(seconds, simulation.actions.macs / chip.peak_macs_per_second());
  EXPECT_GE(seconds, simulation.actions.memory_bytes / chip.memory().peak_bandwidth().value());
}

/// What is put on every connection of a chip, kept alive for the run.
struct Watch {
  explicit Watch(bool with_stalls) : stalls(with_stalls) {}

  Binder binder() {
    return [this](const std::string& name, tlm::tlm_initiator_socket<>& initiator,
                  tlm::tlm_target_socket<>& target) {
      checkers.push_back(std::make_unique<ProtocolChecker>((name + "_checker").c_str()));
      initiator.bind(checkers.back()->target);
      clocks.push_back(std::make_unique<KernelTime>((name + "_time").c_str()));
      if (!stalls) {
        monitors[name] = std::make_unique<Monitor>((name + "_monitor").c_str(), *clocks.back());
        checkers.back()->initiator.bind(monitors[name]->target);
        monitors[name]->initiator.bind(target);
        return;
      }
      stallers.push_back(std::make_unique<RandomStaller>(
          (name + "_staller").c_str(), *clocks.back(), stallers.size() + 1, 2'000'000));
      clocks.back()->target = stallers.back().get();
      checkers.back()->initiator.bind(stallers.back()->target);
      stallers.back()->initiator.bind(target);
    };
  }

  /// A time service of the kernel's own events, for modules that stand outside the chip's queue.
  struct KernelTime : sc_core::sc_module, TimeService {
    explicit KernelTime(const sc_core::sc_module_name& name) : sc_module(name) {
      SC_HAS_PROCESS(KernelTime);
      SC_METHOD(fire);
      sensitive << event;
      dont_initialize();
    }
    Picoseconds time_between() const override {
      return static_cast<Picoseconds>(sc_core::sc_time_stamp().value());
    }
    void call_at(Picoseconds time, Stage, Timed&, std::uint64_t) override {
      event.notify(sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(time - now())));
    }
    void join(Timed&, const std::string&) override {}
    void fire() { target->on_time(0); }
    sc_core::sc_event event;
    Timed* target = nullptr;
  };

  std::string verdict() const {
    for (const auto& checker : checkers) {
      if (!checker->violations().empty()) return checker->violations().front();
      if (checker->under_way() != 0) return std::string(checker->name()) + ": not all came back";
    }
    return "";
  }

  bool stalls;
  std::vector<std::unique_ptr<ProtocolChecker>> checkers;
  std::map<std::string, std::unique_ptr<Monitor>> monitors;
  std::vector<std::unique_ptr<KernelTime>> clocks;
  std::vector<std::unique_ptr<RandomStaller>> stallers;
};

/// Bytes through the connections of a chip, by the plan alone.
struct PlanTraffic {
  Bytes memory_to_cores, cores_to_memory, buffer_to_cores, cores_to_buffer, staged;

  PlanTraffic(const Chip& chip, const Plan& plan) {
    for (const Region& region : plan.regions) {
      // A vector chain moves its operands as they are, the inputs in as many passes as it takes.
      if (!region.contraction) {
        for (const Operand& input : region.inputs) {
          (input.path == Path::direct ? memory_to_cores : buffer_to_cores) +=
              input.bytes * region.vector_mapping.input_passes;
        }
        for (const Operand& output : region.outputs) {
          (output.path == Path::direct ? cores_to_memory : cores_to_buffer) += output.bytes;
        }
        continue;
      }
      for (std::size_t part = 0; part < region.parts(); ++part) {
        for (PartProgram program(chip, region, part); !program.done(); program.next()) {
          const ProgramStep& step = program.step();
          for (const StageTransfer& block : step.staged) staged += block.bytes;
          for (const auto* loads : {&step.tensor_loads, &step.vector_loads}) {
            for (const StepTransfer& load : *loads) {
              const bool is_direct = region.inputs[load.operand].path == Path::direct;
              (is_direct ? memory_to_cores : buffer_to_cores) += load.bytes;
            }
          }
          for (const StepTransfer& store : step.stores) {
            const bool is_direct = region.outputs[store.operand].path == Path::direct;
            (is_direct ? cores_to_memory : cores_to_buffer) += store.bytes;
          }
        }
      }
    }
  }
};

// What monitors see on the connections, counted by neither the modules nor the estimate.
TEST_P(EveryModel, TheBytesOnEveryConnectionAreThoseOfThePlan) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const PlanTraffic expected(chip, plan);
  Watch watch(false);
  SimulationOptions options;
  options.bind = watch.binder();
  simulate(chip, plan, options);
  const auto expect = [&](const std::string& name, Bytes read, Bytes written) {
    ASSERT_EQ(watch.monitors.count(name), 1U) << name;
    EXPECT_EQ(watch.monitors[name]->bytes_read(), read) << name;
    EXPECT_EQ(watch.monitors[name]->bytes_written(), written) << name;
  };
  expect("noc_to_memory", expected.memory_to_cores, expected.cores_to_memory);
  expect("noc_to_buffer", expected.buffer_to_cores, expected.cores_to_buffer);
  expect("dma_to_memory", expected.staged, Bytes(0));
  expect("dma_to_buffer", Bytes(0), expected.staged);
  Bytes in;
  Bytes out;
  for (std::size_t i = 0; i < chip.tensor_cores().size(); ++i) {
    in += watch.monitors["tensor" + std::to_string(i)]->bytes_read();
    out += watch.monitors["tensor" + std::to_string(i)]->bytes_written();
  }
  for (std::size_t i = 0; i < chip.vector_cores().size(); ++i) {
    in += watch.monitors["vector" + std::to_string(i)]->bytes_read();
    out += watch.monitors["vector" + std::to_string(i)]->bytes_written();
  }
  EXPECT_EQ(in, expected.memory_to_cores + expected.buffer_to_cores);
  EXPECT_EQ(out, expected.cores_to_memory + expected.cores_to_buffer);
}

TEST_P(EveryModel, WholeChipsKeepTheProtocol) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const Picoseconds plain = simulate_apart(chip, plan).time;
  Watch watch(false);
  SimulationOptions options;
  options.bind = watch.binder();
  EXPECT_EQ(simulate(chip, plan, options).time, plain);
  EXPECT_EQ(watch.verdict(), "");
}

TEST_P(EveryModel, RandomStallsDelayButLoseNothing) {
  const TrainingStep setup(model(), sizes());
  const Chip chip = network_chip();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const SimulationResult plain = simulate_apart(chip, plan);
  Watch watch(true);
  SimulationOptions options;
  options.bind = watch.binder();
  const SimulationResult stalled = simulate(chip, plan, options);
  EXPECT_EQ(watch.verdict(), "");
  EXPECT_GT(stalled.time, plain.time);
  EXPECT_EQ(stalled.actions.memory_bytes, plain.actions.memory_bytes);
  EXPECT_EQ(stalled.actions.macs, plain.actions.macs);
}

const char* const kCrossbar = "{type: crossbar}";
const char* const kMesh = "{type: mesh, flit_width: 256 B/cycle}";
INSTANTIATE_TEST_SUITE_P(Zoo, EveryModel,
                         ::testing::Values(std::pair("bert_large", kCrossbar),
                                           std::pair("resnet50", kCrossbar),
                                           std::pair("gpt2_xl", kCrossbar),
                                           std::pair("bert_large", kMesh)));

TEST(Simulation, GivesUpAtItsLimitOfEvents) {
  const TrainingStep setup("bert_large", kSmallBert);
  const Chip chip = chip_of();
  const Plan plan = make_plan(chip, setup.tasks).plan;
  SimulationOptions options;
  options.max_events = 1000;
  const auto results = run_jobs({[&] { return to_text(simulate(chip, plan, options)); }}, {});
  EXPECT_FALSE(results[0].ok);
  EXPECT_NE(results[0].failure.find("given up after 1000 events"), std::string::npos);
}

TEST(Gap, CausesSumToTheGap) {
  const TrainingStep setup("bert_large", kSmallBert);
  const Chip chip = chip_of({{"memory.stacks", "2"}, {"memory.stack_capacity", "8 GiB"}});
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const PlanEstimate estimate = estimate_plan(chip, plan);
  GapTimes times;
  times.simulated = to_seconds(simulate_apart(chip, plan).time).value();
  times.estimate = estimate.time.value();
  times.contention_free_estimate =
      estimate.contention_free_cycles / chip.clock().frequency().value();
  const std::vector<GapStep> steps = gap_steps(chip);
  for (const GapStep& step : steps) {
    SimulationOptions without;
    without.ideal = step.ideal;
    times.after.push_back(to_seconds(simulate_apart(step.chip, plan, without).time).value());
  }
  double sum = 0;
  for (const GapShare& share : gap_shares(steps, times)) sum += share.share;
  EXPECT_NEAR(sum, 1 - times.estimate / times.simulated, 1e-12);
  // Taking contention away never makes it slower.
  EXPECT_LE(times.after[0], times.simulated);
  EXPECT_LE(times.after[2], times.after[0] * 1.001);
}

TEST(Gap, PrivateMemoryRemovesSharing) {
  // Two equal products side by side, both bound by memory.
  const Graph graph =
      derive_training_step(load_workload("bert_large", files(), kSmallBert).forward, {});
  const TaskGraph tasks = build_task_graph(graph);
  const Chip chip = chip_of({{"memory.stacks", "1"}, {"memory.stack_capacity", "16 GiB"}});
  const Plan plan = make_plan(chip, tasks).plan;
  SimulationOptions private_memory;
  private_memory.ideal.memory = true;
  EXPECT_LT(simulate_apart(chip, plan, private_memory).time, simulate_apart(chip, plan).time);
}

// A memory that issues every command answers later than it is asked, and can be private too.
TEST(Gap, ACommandLevelMemoryHasCauses) {
  const Graph graph = derive_training_step(load_workload("bert_large", files(),
                                                         {{"layers", "1"},
                                                          {"batch", "1"},
                                                          {"sequence", "64"},
                                                          {"hidden", "256"},
                                                          {"heads", "4"},
                                                          {"vocabulary", "1000"}})
                                               .forward,
                                           {});
  const TaskGraph tasks = build_task_graph(graph);
  const Chip chip = chip_of(
      {{"memory.mode", "command"}, {"memory.stacks", "1"}, {"memory.stack_capacity", "16 GiB"}});
  const Plan plan = make_plan(chip, tasks).plan;
  const SimulationResult shared = simulate_apart(chip, plan);
  SimulationResult before = shared;
  for (const GapStep& step : gap_steps(chip)) {
    SimulationOptions without;
    without.ideal = step.ideal;
    const SimulationResult after = simulate_apart(step.chip, plan, without);
    EXPECT_EQ(after.actions.memory_bytes, shared.actions.memory_bytes) << step.cause;
    EXPECT_LE(after.time, before.time + before.time / 100) << step.cause;
    // The order in which blocks were built doesn't matter, also where they came during the run.
    without.reverse_order = true;
    EXPECT_EQ(simulate_apart(step.chip, plan, without).time, after.time) << step.cause;
    before = after;
  }
  EXPECT_LT(before.time, shared.time);
}

// MFU counts each product of the model once; HFU also what the backward pass does again.
TEST(Evaluator, RecomputedWorkCountsForTheHardwareOnly) {
  Workload workload = load_workload("bert_large", files(), kSmallBert);
  const Chip chip = chip_of();
  const auto evaluate = [&](Recomputation recompute) {
    workload.training.recompute = recompute;
    const Graph graph = derive_training_step(workload.forward, workload.training);
    const TaskGraph tasks = build_task_graph(graph);
    return Evaluator(tasks, workload.batch(), chip.shared_technology()).evaluate(chip);
  };
  const double peak = chip.peak_macs_per_second();
  const Evaluation kept = evaluate(Recomputation::none);
  const Evaluation recomputed = evaluate(Recomputation::full);
  EXPECT_EQ(kept.hfu, kept.mfu);
  const double model = kept.mfu * kept.time.value() * peak;
  EXPECT_NEAR(recomputed.mfu * recomputed.time.value() * peak, model, 1e-9 * model);
  EXPECT_GT(recomputed.hfu, 1.2 * recomputed.mfu);  // at most four passes for three
}

TEST(WorkerPool, FailuresCostTheirOwnJobOnly) {
  WorkerOptions options;
  options.workers = 2;
  options.hang_limit = std::chrono::seconds(2);
  const auto results =
      run_jobs({[]() -> std::string { return "one"; }, []() -> std::string { std::abort(); },
                []() -> std::string { throw std::runtime_error("no luck"); },
                []() -> std::string {
                  for (;;) pause();
                },
                []() -> std::string { _exit(7); },
                []() -> std::string { return std::string(1 << 20, 'x'); }},
               options);
  EXPECT_TRUE(results[0].ok);
  EXPECT_EQ(results[0].output, "one");
  EXPECT_NE(results[1].failure.find("crashed: Aborted"), std::string::npos);
  EXPECT_EQ(results[2].failure, "no luck");
  EXPECT_NE(results[3].failure.find("hung"), std::string::npos);
  EXPECT_NE(results[4].failure.find("status 7"), std::string::npos);
  EXPECT_EQ(results[5].output.size(), 1U << 20);
}

/// Tells whether processes are gone: each holds the writing end until then.
class Lifeline {
 public:
  Lifeline() {
    if (pipe(ends_) != 0) throw std::runtime_error("no pipe");
  }
  ~Lifeline() {
    let_go();
    close(ends_[0]);
  }
  void let_go() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  void send(char byte) const {
    if (write(ends_[1], &byte, 1) != 1) _exit(1);
  }
  /// The next byte; 0: all holders are gone; -1: neither within ten seconds.
  int next() const {
    pollfd waiting{ends_[0], POLLIN, 0};
    if (poll(&waiting, 1, 10'000) != 1) return -1;
    char byte = 0;
    return read(ends_[0], &byte, 1) == 1 ? byte : 0;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST(WorkerPool, AHungWorkerIsKilled) {
  Lifeline line;
  WorkerOptions options;
  options.hang_limit = std::chrono::seconds(1);
  const auto results = run_jobs({[&line]() -> std::string {
                                  line.send('w');
                                  std::signal(SIGTERM, SIG_IGN);
                                  for (;;) pause();
                                }},
                                options);
  EXPECT_NE(results[0].failure.find("hung"), std::string::npos);
  line.let_go();
  EXPECT_EQ(line.next(), 'w');
  EXPECT_EQ(line.next(), 0);
}

TEST(WorkerPool, WorkersDieWithTheirParent) {
  Lifeline line;
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    const auto job = [&line]() -> std::string {
      line.send('w');
      // Ends by itself long after the test has failed.
      sleep(60);
      return "";
    };
    WorkerOptions options;
    options.workers = 2;
    run_jobs({job, job}, options);
    _exit(0);
  }
  line.let_go();
  EXPECT_EQ(line.next(), 'w');
  EXPECT_EQ(line.next(), 'w');
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_EQ(line.next(), 0);
}

}  // namespace
}  // namespace simdse
