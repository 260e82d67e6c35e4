// Designs, technologies, and what a chip costs.
#include "models/chip/chip.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "models/chip/energy.h"
#include "models/chip/work_time.h"
#include "models/vector_core/simd.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

class EveryDesign : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryDesign, WritesAFileThatReadsBackAsItself) {
  const Design design = load_design(GetParam(), files());
  const std::string text = design_yaml(design);
  const ConfigValue document = parse_config(text, "written.yaml");
  std::vector<ConfigValue::Member> members;
  for (const auto& member : document.members("")) {
    if (member.key != "schema") members.push_back(member);
  }
  const Design again = read_design(ConfigValue::map(members, document.where()), "x");
  EXPECT_EQ(design_yaml(again), text);
}

TEST_P(EveryDesign, CostsAreTheSumOfTheirParts) {
  const Chip chip = load_chip(GetParam(), files());
  double area = 0;
  double power = 0;
  for (const ChipCostEntry& entry : chip.costs()) {
    double block = 0;
    for (const AreaPart& part : entry.each.area) {
      EXPECT_GT(part.area.value(), 0) << part.name;
      block += part.area.value();
    }
    area += block * static_cast<double>(entry.count);
    double each = entry.each.static_power.value();
    for (const ActionCost& action : entry.each.actions) {
      EXPECT_GT(action.energy.value(), 0);
      each += action.energy.value() * action.peak_per_second;
    }
    power += each * static_cast<double>(entry.count);
  }
  EXPECT_NEAR(chip.area().value(), area, 1e-9 * area);
  EXPECT_NEAR(chip.sustained_power().value(), power, 1e-9 * power);
  EXPECT_NEAR(chip.tdp().value(), power * chip.technology().tdp_margin, 1e-9 * power);
}

INSTANTIATE_TEST_SUITE_P(All, EveryDesign, ::testing::ValuesIn(files().names("configs/designs")));

/// An array that multiplies at half of the clock draws half of what it draws for that at most.
TEST(Chip, ALowerSustainedClockDrawsLess) {
  const Chip fast = load_chip("tpu_v2", files());
  const Chip slow = load_chip("tpu_v2", files(), {{"cores.0.sustained", "0.5"}});
  double arrays = 0;
  for (const ActionCost& action : fast.costs().front().each.actions) {
    arrays += action.energy.value() * action.peak_per_second;
  }
  arrays *= static_cast<double>(fast.costs().front().count);
  EXPECT_NEAR(fast.sustained_power().value() - slow.sustained_power().value(), arrays / 2,
              1e-9 * arrays);
  EXPECT_EQ(fast.area(), slow.area());
}

TEST(Chip, TpuV2HasThePublishedRates) {
  const Chip chip = load_chip("tpu_v2", files());
  EXPECT_NEAR(2 * chip.peak_macs_per_second() / 1e12, 46, 0.5);  // TFLOPS
  EXPECT_NEAR(chip.memory().peak_bandwidth().value() / 1e9, 700, 0.1);
  EXPECT_EQ(chip.memory().capacity(), Bytes(std::int64_t{16} << 30));
  std::int64_t on_chip = chip.buffer().capacity().value();
  for (const auto& core : chip.tensor_cores()) on_chip += core->private_memory().value();
  for (const auto& core : chip.vector_cores()) on_chip += core->private_memory().value();
  EXPECT_EQ(on_chip, std::int64_t{32} << 20);
}

TEST(Chip, TpuV3HasThePublishedRates) {
  const Chip chip = load_chip("tpu_v3", files());
  EXPECT_NEAR(2 * chip.peak_macs_per_second() / 1e12, 123, 0.5);
  EXPECT_NEAR(chip.memory().peak_bandwidth().value() / 1e9, 900, 0.1);
}

// Area and power never fall when anything grows: what the search's pruning relies on.
TEST(Chip, CostsAreMonotone) {
  const Chip base = load_chip("tpu_v2", files());
  for (const char* more :
       {"cores.0.count=3", "cores.0.rows=256", "cores.0.columns=256", "cores.1.count=3",
        "cores.1.lanes=256", "global_buffer.capacity=64 MiB", "memory.stacks=5",
        "noc.port_width=1024 B/cycle", "global_buffer.banks=64", "global_buffer.banks=1024",
        "global_buffer.bank_width=128 B/cycle"}) {
    const Chip bigger = load_chip("tpu_v2", files(), {parse_override(more)});
    EXPECT_GE(bigger.area(), base.area()) << more;
    EXPECT_GE(bigger.tdp(), base.tdp()) << more;
  }
}

// Lanes draw what their line rate takes, whatever they carry: no energy is charged per byte sent.
TEST(Chip, LinksDrawThePowerOfTheirLineRate) {
  const auto power_of_links = [](const std::vector<Override>& overrides) {
    const Chip chip = load_chip("tpu_v4", files(), overrides);
    const auto links =
        std::find_if(chip.costs().begin(), chip.costs().end(),
                     [](const ChipCostEntry& entry) { return entry.name == "links"; });
    EXPECT_TRUE(links->each.actions.empty());
    return links->static_power().value();
  };
  const double slow = power_of_links({parse_override("links.lane_rate=10 Gb/s")});
  const double fast = power_of_links({parse_override("links.lane_rate=60 Gb/s")});
  // 6 links of 8 lanes, 7.5 pJ per bit
  EXPECT_NEAR(fast - slow, 6 * 8 * 50e9 * 7.5e-12, 1e-9);
}

// A die leaks all over, also where nothing of the model lies, and that does not follow the clock.
TEST(Chip, UnexplainedAreaLeaks) {
  const Technology nominal = load_technology("7nm", files());
  Technology unclocked = nominal;
  unclocked.clock_power = 0;
  Technology tight = unclocked;
  tight.unexplained_area = 0;
  const Design design = load_design("tpu_v4", files());
  const Chip chip(design, std::make_shared<const Technology>(unclocked));
  const Chip dense(design, std::make_shared<const Technology>(tight));
  EXPECT_NEAR((chip.static_power() - dense.static_power()).value(),
              nominal.logic_leakage * (chip.area() - dense.area()).value(), 1e-9);
}

TEST(Technology, EveryConstantNamesItsSource) {
  for (const std::string& name : files().names("configs/technology")) {
    const Technology technology = load_technology(name, files());
    EXPECT_GT(technology.sources.size(), 15U);
    for (const Technology::Source& source : technology.sources) {
      EXPECT_GT(source.source.size(), 10U) << source.constant;
      // What a source calls its own is not passed off as published.
      const bool is_own = source.source.find("own estimate") != std::string::npos ||
                          source.source.find("general knowledge") != std::string::npos;
      EXPECT_TRUE(!is_own || source.confidence == "estimate") << source.constant;
    }
  }
}

TEST(Technology, AConstantSaysHowSureItIs) {
  std::ifstream stream(std::string(SIMDSE_SOURCE_DIR) + "/configs/technology/16nm.yaml");
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  const auto message = [&](const std::string& with) {
    std::string changed = text;
    const std::string line = "  confidence: published\n";
    changed.replace(changed.find(line), line.size(), with);
    const std::string path = ::testing::TempDir() + "technology_confidence.yaml";
    std::ofstream(path) << changed;
    try {
      load_technology(path, files());
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message("  confidence: estimate\n"), "");
  EXPECT_NE(message("").find("confidence"), std::string::npos);
  const std::string unknown = message("  confidence: certain\n");
  EXPECT_NE(unknown.find("mac_area.confidence"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("published"), std::string::npos) << unknown;
}

TEST(Technology, SramEnergyInterpolatesBetweenItsPoints) {
  const Technology t = load_technology("16nm", files());
  for (const Technology::SramPoint& point : t.sram_energy) {
    EXPECT_NEAR(t.sram_energy_per_byte(point.capacity).value(), point.energy_per_byte.value(),
                1e-9 * point.energy_per_byte.value());
  }
  const double between = t.sram_energy_per_byte(Bytes(256 * 1024)).value();
  EXPECT_GT(between, t.sram_energy_per_byte(Bytes(32 * 1024)).value());
  EXPECT_LT(between, t.sram_energy_per_byte(Bytes(1 << 20)).value());
  EXPECT_EQ(t.sram_energy_per_byte(Bytes(1)), t.sram_energy.front().energy_per_byte);
}

TEST(Technology, SramAreaIsThatOfItsPointsAndGrowsWithTheNumberOfArrays) {
  const Technology t = load_technology("16nm", files());
  for (const Technology::SramAreaPoint& point : t.sram_area_points) {
    EXPECT_NEAR(t.sram_area(point.capacity, 1).value(), point.area.value(), 1e-9);
    EXPECT_NEAR(t.sram_area(point.capacity * 8, 8).value(), 8 * point.area.value(), 1e-9);
  }
  const Bytes capacity(std::int64_t{64} << 20);
  double before = 0;
  for (std::int64_t arrays = 1; arrays <= 4096; arrays *= 2) {
    const double area = t.sram_area(capacity, arrays).value();
    EXPECT_GE(area, before * (1 - 1e-12)) << arrays;
    before = area;
  }
  EXPECT_GT(t.sram_area(capacity, 256).value(), 1.2 * t.sram_area(capacity, 1).value());
}

TEST(Chip, ABankAndItsWidthCostArea) {
  const auto area = [](const char* change) {
    return load_chip("tpu_v2", files(), {parse_override(change)}).area().value();
  };
  const double base = load_chip("tpu_v2", files()).area().value();
  EXPECT_GT(area("global_buffer.banks=64"), base + 0.5);
  EXPECT_GT(area("global_buffer.bank_width=128 B/cycle"), base + 0.5);
}

TEST(Chip, ASecondPortCostsWhatTheTechnologySays) {
  const auto buffer_of = [](const std::string& ports) {
    const Chip chip = load_chip("tpu_v2", files(), {{"global_buffer.ports", ports}});
    const auto& costs = chip.costs();
    return std::find_if(costs.begin(), costs.end(),
                        [](const ChipCostEntry& entry) { return entry.name == "global buffer"; })
        ->each;
  };
  const Technology t = load_technology("16nm", files());
  const BlockCost one = buffer_of("1");
  const BlockCost two = buffer_of("2");
  EXPECT_GT(t.second_port.area, 1.5);
  EXPECT_NEAR(two.area.front().area / one.area.front().area, t.second_port.area, 1e-9);
  EXPECT_NEAR(two.actions.front().energy / one.actions.front().energy, t.second_port.energy, 1e-9);
  EXPECT_NEAR(two.actions.front().peak_per_second / one.actions.front().peak_per_second, 2, 1e-9);
  // Of the arrays alone: without the clock tree at 700 MHz and what leaks around them.
  const auto leakage = [&](const BlockCost& cost) {
    double watts = cost.static_power.value() - t.clock_power * 0.7 * cost.total_area().value();
    for (const AreaPart& part : cost.area) {
      if (part.name == kUnexplained) watts -= t.logic_leakage * part.area.value();
    }
    return watts;
  };
  EXPECT_NEAR(leakage(two) / leakage(one), t.second_port.leakage, 1e-6);
}

TEST(Chip, BothDirectionsOfTheNetworkCountTowardsItsPower) {
  const Chip chip = load_chip("tpu_v2", files());
  for (const ChipCostEntry& entry : chip.costs()) {
    if (entry.name != "network") continue;
    // Four cores face six ports: four of each, both ways, 512 bytes at 700 MHz. Buffer and memory
    // move no more than 32 x 64 bytes per cycle and 700 GB/s.
    const double ports = 2 * 4 * 512 * 700e6;
    const double behind = 32 * 64 * 700e6 + 700e9;
    EXPECT_NEAR(entry.each.actions.front().peak_per_second, std::min(ports, behind), 1);
  }
  const Chip narrow = load_chip("tpu_v2", files(), {parse_override("noc.port_width=64 B/cycle")});
  for (const ChipCostEntry& entry : narrow.costs()) {
    if (entry.name != "network") continue;
    EXPECT_NEAR(entry.each.actions.front().peak_per_second, 2 * 4 * 64 * 700e6, 1);
  }
}

// A die is its modelled parts and, beside those that are no macros, what nobody explains.
TEST(Chip, TheUnexplainedAreaIsInProportionToWhatIsNoMacro) {
  const Chip chip = load_chip("tpu_v2", files());
  double soft = 0;
  double unexplained = 0;
  for (const ChipCostEntry& entry : chip.costs()) {
    for (const AreaPart& part : entry.each.area) {
      const double area = part.area.value() * static_cast<double>(entry.count);
      if (part.name == kUnexplained) unexplained += area;
      if (part.name != kUnexplained && !part.is_macro) soft += area;
    }
  }
  EXPECT_GT(soft, 0);
  EXPECT_NEAR(unexplained, chip.technology().unexplained_area * soft, 1e-9 * unexplained);
}

TEST(Chip, TheClockRunsOverTheWholeDie) {
  const auto always = [](const char* clock) {
    const Chip chip = load_chip("tpu_v2", files(), {parse_override(clock)});
    return chip.static_power().value();
  };
  const Chip chip = load_chip("tpu_v2", files());
  EXPECT_NEAR(always("clock=700 MHz") - always("clock=600 MHz"),
              0.1 * chip.technology().clock_power * chip.area().value(), 1e-6);
}

// The alpha-power law by hand, and that a voltage found for a clock allows just that clock.
TEST(VoltageLaw, GivesTheClockOfAVoltageAndTheVoltageOfAClock) {
  const VoltageLaw law{Volts(0.8), Volts(1.0), Volts(0.3), 1.3, Hertz(1e9)};
  const double expected = std::pow(0.7 / 0.5, 1.3) * 0.8 / 1.0;
  EXPECT_NEAR(law.fastest().value(), 1e9 * expected, 1);
  for (double voltage = 0.81; voltage < 1; voltage += 0.03) {
    const Hertz clock = law.clock_at(Volts(voltage));
    EXPECT_GT(clock, law.nominal_clock);
    EXPECT_NEAR(law.voltage_for(clock).value(), voltage, 1e-9);
  }
  EXPECT_EQ(law.voltage_for(Hertz(2e8)), law.nominal);  // dies don't run below nominal
  EXPECT_EQ(law.voltage_for(Hertz(1e10)), law.maximum);
}

TEST(Chip, AFasterClockThanNominalCostsTheSquareOfTheVoltage) {
  const Chip slow = load_chip("tpu_v2", files(), {parse_override("clock=1000 MHz")});
  const Chip fast = load_chip("tpu_v2", files(), {parse_override("clock=1400 MHz")});
  EXPECT_EQ(slow.voltage(), slow.technology().voltage.nominal);
  const double ratio = fast.voltage() / slow.voltage();
  EXPECT_GT(ratio, 1);
  for (std::size_t i = 0; i < slow.costs().size(); ++i) {
    const BlockCost& before = slow.costs()[i].each;
    const BlockCost& after = fast.costs()[i].each;
    for (std::size_t j = 0; j < before.actions.size(); ++j) {
      // What is off the die is not on the die's supply.
      const double expected = slow.costs()[i].name == "memory" ? 1 : ratio * ratio;
      EXPECT_NEAR(after.actions[j].energy / before.actions[j].energy, expected, 1e-9);
    }
  }
  EXPECT_GT(fast.tdp() / slow.tdp(), 1.2);
}

TEST(Chip, WhatCantBeBuiltIsRefusedWithTheLimit) {
  const auto message = [](const std::vector<std::string>& changes) -> std::string {
    std::vector<Override> overrides;
    for (const std::string& change : changes) overrides.push_back(parse_override(change));
    try {
      load_chip("tpu_v2", files(), overrides);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  const Technology t = load_technology("16nm", files());
  EXPECT_EQ(message({fmt::format("clock={:.0f} MHz", t.voltage.fastest().value() / 1e6 - 1)}), "");
  const std::string fast =
      message({fmt::format("clock={:.0f} MHz", t.voltage.fastest().value() / 1e6 + 2)});
  EXPECT_NE(fast.find("highest voltage of 1.05 V"), std::string::npos) << fast;
  const std::string late = message({"global_buffer.latency=1", "global_buffer.banks=1"});
  EXPECT_NE(late.find("more than the global buffer's latency of 1 cycles"), std::string::npos)
      << late;
  EXPECT_EQ(message({"global_buffer.latency=10", "global_buffer.banks=1"}), "");
  // A bank of 26 MiB takes longer to read by two ports.
  EXPECT_EQ(message({"global_buffer.latency=4", "global_buffer.banks=1"}), "");
  EXPECT_NE(message({"global_buffer.latency=4", "global_buffer.banks=1", "global_buffer.ports=2"}),
            "");
  const std::string large = message({"cores.0.count=32"});
  EXPECT_NE(large.find("larger than the reticle, 26 x 33 mm"), std::string::npos) << large;
}

// Stacks side by side: as many fit as the edge of a square die of the chip's area is long.
TEST(Chip, StacksAreBoundedByTheEdgeOfTheDie) {
  const auto design = [](int stacks) {
    Design d = load_design("tpu_v2", files());
    d.memory.params["stacks"] = std::int64_t{stacks};
    return d;
  };
  auto narrow = std::make_shared<Technology>(load_technology("16nm", files()));
  narrow->hbm_edge = 24;
  for (int stacks = 1; stacks <= 6; ++stacks) {
    const Chip chip(design(stacks), narrow);
    const bool fits = 24 * stacks <= 4 * std::sqrt(chip.area().value());
    EXPECT_EQ(chip.problem().empty(), fits) << stacks << " " << chip.problem();
    if (!fits) {
      EXPECT_NE(chip.problem().find("edge"), std::string::npos) << chip.problem();
    }
  }
  EXPECT_TRUE(Chip(design(4), narrow).problem().empty());
  EXPECT_FALSE(Chip(design(5), narrow).problem().empty());
}

TEST(Energy, CoresOfSeveralGroupsCountAtTheirOwnEnergies) {
  Design design = load_design("tpu_v2", files());
  CoreGroupConfig small = design.cores[0];
  small.block.params["rows"] = std::int64_t{16};
  design.cores.push_back(small);
  const Chip chip(design, std::make_shared<const Technology>(load_technology("16nm", files())));
  ActionCounts actions;
  actions.macs = 3;
  actions.groups = {{1, 0, 0}, {0, 0, 0}, {2, 0, 0}};
  double expected = 0;
  for (const ActionCost& action : chip.costs()[0].each.actions) expected += action.energy.value();
  for (const ActionCost& action : chip.costs()[2].each.actions) {
    expected += 2 * action.energy.value();
  }
  EXPECT_NEAR(energy_of(chip, actions, Seconds(0)).value(), expected, 1e-9 * expected);
  EXPECT_EQ(chip.costs()[2].name, "tensor cores 2");
  EXPECT_EQ(chip.group_of_tensor_core(0), 0U);
  EXPECT_EQ(chip.group_of_tensor_core(2), 2U);
  // A column of fewer rows moves its sums for fewer MACs.
  EXPECT_GT(chip.costs()[2].each.actions[2].energy, chip.costs()[0].each.actions[2].energy);
}

TEST(Simd, CountsRegistersRowsAndReductions) {
  Simd::Params params;
  params.lanes = 16;
  params.sublanes = 4;
  params.special_cycles = 3;
  params.pipeline_depth = 5;
  const Simd core(params, {Clock(Hertz(1e9)), 1});
  VectorShape elementwise;
  elementwise.columns = 1000;
  elementwise.alu_ops = 2;
  elementwise.special_ops = 1;
  EXPECT_EQ(core.timing(elementwise).body, Cycles(16 * (2 + 3)));  // ceil(1000 / 64) registers
  EXPECT_EQ(core.timing(elementwise).tail, Cycles(4));
  VectorShape rows;
  rows.rows = 10;
  rows.columns = 100;
  rows.alu_ops = 2;
  rows.reductions = 3;
  // 3 groups of rows, 7 registers each, and trees of log2(16) steps.
  EXPECT_EQ(core.timing(rows).body, Cycles(3 * (7 * 2 + 3 * 4)));
  // A systolic unit takes the lanes one after another.
  params.cross_lane = Simd::CrossLane::systolic;
  EXPECT_EQ(Simd(params, {Clock(Hertz(1e9)), 1}).timing(rows).body, Cycles(3 * (7 * 2 + 3 * 16)));
}

TEST(Design, MessagesNameTheBlockAndTheNearestSpelling) {
  const auto message = [](const std::string& item) -> std::string {
    try {
      load_chip("tpu_v2", files(), {parse_override(item)});
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(message("cores.0.type=sistolic").find("did you mean 'systolic'"), std::string::npos);
  EXPECT_NE(message("cores.0.row=4").find("did you mean 'rows'"), std::string::npos);
  EXPECT_NE(message("memory.stacks=0").find("out of range"), std::string::npos);
  EXPECT_NE(message("memory.stack_capacity=8").find("needs a unit"), std::string::npos);
  EXPECT_NE(message("clock=0.5 MHz").find("out of range"), std::string::npos);
  EXPECT_NE(message("clock=700.5 MHz").find("whole number of MHz"), std::string::npos);
  EXPECT_NE(message("cores=[]").find("at least one"), std::string::npos);
  EXPECT_NE(message("global_buffer={type: banked_sram, banks: 1, latency: 0}").find("a bank of"),
            std::string::npos);
  EXPECT_EQ(message("global_buffer={type: ideal}"), "no error");
  EXPECT_NE(message("memory.t_rfc=5 us").find("t_rfc"), std::string::npos);
  EXPECT_NE(message("technology=17nm").find("did you mean '16nm'"), std::string::npos);
}

TEST(WorkTime, IsTheKnownOneOrTheLongestOfThreeBounds) {
  const Chip chip = load_chip("tpu_v4", files());
  RankWork work;
  EXPECT_EQ(work_time(chip, work), Seconds(0));
  work.macs = 1'000'000'000'000;
  // Eight arrays of 128 x 128 at 1050 MHz.
  const double matrix = 1e12 / (8 * 128 * 128 * 1.05e9);
  EXPECT_NEAR(work_time(chip, work).value(), matrix, 1e-9 * matrix);
  work.bytes = Bytes(100'000'000'000);
  const double memory = 1e11 / chip.memory().sustained_bandwidth().value();
  EXPECT_NEAR(work_time(chip, work).value(), memory, 1e-9 * memory);
  work.operations = 1'000'000'000'000;
  const double vector = 1e12 / (2 * 128 * 8 * 1.05e9);
  EXPECT_NEAR(work_time(chip, work).value(), vector, 1e-9 * vector);
  work.duration = Seconds(3);
  EXPECT_EQ(work_time(chip, work), Seconds(3));
  work.piece = 0;
  EXPECT_THROW(work_time(chip, work), std::logic_error);
}

}  // namespace
}  // namespace simdse
