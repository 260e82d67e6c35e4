// Whether a split network fits, and what is said where it does not.
#include "search/pipeline/pipeline_memory.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "models/base/error.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

Workload gpt3() { return load_workload("gpt3_175b", files(), {{"vocabulary", "51200"}}); }

Parallelism read(const std::string& yaml) {
  return read_parallelism(parse_config(yaml, "p.yaml"), "parallel");
}

Bytes gib(double value) { return Bytes(static_cast<std::int64_t>(value * (1 << 30))); }

TEST(PipelineMemory, FollowsTheSchedule) {
  // Two parts per place with needs of their own.
  std::vector<PartNeed> parts(4);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].parameters = Bytes(1000);
    parts[i].kept = parts[i].for_weights = Bytes(10);
  }
  const auto activations = [&](PipelineSchedule schedule, PipelineShape shape) {
    std::vector<std::int64_t> result;
    for (const ChipMemory& place : pipeline_memory(parts, schedule, shape, 1, 0)) {
      result.push_back(place.activations.value());
    }
    return result;
  };
  using Peaks = std::vector<std::int64_t>;
  EXPECT_EQ(activations(PipelineSchedule::gpipe, {4, 8, 1}), (Peaks{80, 80, 80, 80}));
  EXPECT_EQ(activations(PipelineSchedule::one_f_one_b, {4, 8, 1}), (Peaks{40, 30, 20, 10}));
  EXPECT_EQ(activations(PipelineSchedule::zero_bubble, {4, 8, 1}), (Peaks{40, 40, 40, 40}));
  EXPECT_EQ(activations(PipelineSchedule::interleaved, {2, 8, 2}), (Peaks{50, 30}));
  const auto places = pipeline_memory(parts, PipelineSchedule::interleaved, {2, 8, 2}, 1, 0);
  EXPECT_EQ(places[0].parameters, Bytes(2000));
}

// Where all chunks are alike, what a cut is judged by is what the chip then needs.
TEST(PipelineMemory, TheExcessOfAChunkIsItsShareOfTheChips) {
  PartNeed unit;
  unit.parameters = unit.gradients = Bytes(1000);
  unit.optimizer = Bytes(6000);
  unit.largest_parameters = unit.largest_gradients = Bytes(1000);
  unit.kept = unit.for_weights = Bytes(10);
  unit.working = Bytes(500);
  for (const int zero : {0, 1, 3}) {
    Parallelism p =
        read("{pipeline: 2, data: 4, microbatches: 4, schedule: interleaved, interleave: 2}");
    p.zero = zero;
    const auto excess = memory_excess(std::vector<PartNeed>(8, unit), p, Bytes(100));
    PartNeed part = unit + unit;
    part.largest_parameters = part.largest_gradients = Bytes(2000);
    const auto places =
        pipeline_memory(std::vector<PartNeed>(4, part), p.schedule, {2, 4, 2}, 4, zero);
    for (int i = 0; i < 4; ++i) {
      const Bytes too_much = places[static_cast<std::size_t>(i % 2)].total() - Bytes(100);
      EXPECT_EQ(excess(0, 2, i), too_much / 2) << zero;
    }
  }
}

TEST(PipelineMemory, UnitsAddUpToStages) {
  Workload workload = gpt3();
  const std::vector<PipelineUnit> units = pipeline_units(workload.forward);
  const std::vector<PartNeed> each = unit_needs(workload.forward, units, workload.training);
  const std::vector<std::size_t> first = {0, 25, 49, 73};
  const auto stages = cut_stages(workload.forward, units, first);
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const PartNeed whole = part_need(stages[s], stages[s].training_step(workload.training));
    PartNeed sum;
    const std::size_t end = s + 1 < first.size() ? first[s + 1] : units.size();
    for (std::size_t unit = first[s]; unit < end; ++unit) sum = sum + each[unit];
    EXPECT_EQ(whole.parameters, sum.parameters);
    EXPECT_EQ(whole.optimizer, sum.optimizer);
    EXPECT_EQ(whole.kept, sum.kept);
    // At the network's beginning, what leads to no earlier product is weight gradients' work too.
    EXPECT_GE(whole.for_weights, sum.for_weights);
    if (s > 0) {
      EXPECT_EQ(whole.for_weights, sum.for_weights);
    }
  }
}

TEST(PipelineMemory, TheKnownConfigurationFitsAndThePlainOneDoesNot) {
  // Korthikanti et al. 2022, figure 1: 175B on 64 A100 with 80 GB, TP 8 and PP 8, fits with
  // sequence parallelism and selective recomputation, and with equal stages not with neither.
  const Workload workload = gpt3();
  const std::string common = "tensor: 8, pipeline: 8, chips: 64, microbatches: 64";
  const Parallelism known = read("{" + common + ", sequence_parallel: true, recompute: selective}");
  const MemoryPlan plan = plan_memory_that_fits(workload, known, gib(80));
  EXPECT_GT(plan.largest(), gib(40));
  try {
    plan_memory_that_fits(workload, read("{" + common + ", cuts: [12, 24, 36, 48, 60, 72, 84]}"),
                          gib(80));
    FAIL() << "it fits";
  } catch (const InputError& error) {
    const std::string message = error.what();
    std::printf("%s\n", message.c_str());
    EXPECT_EQ(message.rfind("pipeline stage 0 does not fit: a chip needs ", 0), 0U) << message;
    EXPECT_NE(message.find("more than the 80 GiB it has"), std::string::npos) << message;
    EXPECT_NE(message.find("it would fit with recompute: selective ("), std::string::npos)
        << message;
  }
}

TEST(PipelineMemory, WhereNothingHelpsItSaysSo) {
  const Workload workload = gpt3();
  try {
    plan_memory_that_fits(workload, read("{tensor: 8, data: 2, microbatches: 4}"), gib(16));
    FAIL() << "it fits";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("not one of these alone makes it fit"),
              std::string::npos)
        << error.what();
  }
}

TEST(PipelineMemory, FilledInDegreesAreChecked) {
  const Parallelism p =
      read("{tensor: 2, pipeline: auto, data: auto, chips: 4, global_batch: 8589934592}");
  const Workload workload = load_workload("gpt2_xl", files(), {{"layers", "2"}});
  for (const Parallelism& each : fill_in_degrees(p)) {
    EXPECT_THROW(plan_memory(workload, each, gib(80)), InputError);
  }
}

/// Where no single change is enough, two may be.
TEST(PipelineMemory, TwoChangesTogetherAreFound) {
  // 25 heads, which two chips can't share.
  const Workload workload = load_workload("gpt2_xl", files(), {{"layers", "16"}, {"batch", "4"}});
  const auto both = read("{pipeline: 4, microbatch: 4, microbatches: 16, recompute: full}");
  const Bytes least = plan_memory(workload, both, gib(1000)).largest();
  try {
    plan_memory_that_fits(workload, read("{pipeline: 2, microbatch: 4, microbatches: 16}"),
                          Bytes(least.value() * 102 / 100));
    FAIL() << "it fits";
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_NE(
        message.find("; not one of these alone makes it fit: recompute: selective, recompute: "
                     "full, pipeline: 4 on 4 chips; it would fit with recompute: full and "
                     "pipeline: 4 on 4 chips ("),
        std::string::npos)
        << message;
  }
}

TEST(PipelineMemory, UnequalStagesGetAWarning) {
  const Workload workload =
      load_workload("gpt2_xl", files(), {{"layers", "6"}, {"vocabulary", "1024"}});
  const auto warning = [&](const std::string& parallelism) {
    return layers_warning(plan_memory(workload, read(parallelism), gib(1000)));
  };
  EXPECT_EQ(warning("{pipeline: 3, microbatches: 8}"), "");
  EXPECT_EQ(warning("{pipeline: 4, microbatches: 8}"),
            "6 layers do not divide into 4 stages: the largest has 2, 33 % more than the mean");
  EXPECT_EQ(warning("{pipeline: 3, cuts: [1, 2], microbatches: 8}"), "");
}

TEST(PipelineMemory, CutsGiveWayToMemory) {
  // By time alone the first stage has as many layers as the last; by memory, which it has for four
  // microbatches, fewer.
  const Workload workload =
      load_workload("gpt2_xl", files(), {{"layers", "16"}, {"vocabulary", "1024"}, {"batch", "8"}});
  const Parallelism p = read("{pipeline: 4, microbatch: 8, microbatches: 8}");
  const MemoryPlan ample = plan_memory(workload, p, gib(1000));
  const Bytes tight(ample.largest().value() * 9 / 10);
  const MemoryPlan cut = plan_memory(workload, p, tight);
  EXPECT_LE(cut.largest(), tight);
  EXPECT_LT(cut.first[1], ample.first[1]);
}

}  // namespace
}  // namespace simdse
