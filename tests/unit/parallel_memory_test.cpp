// Memory per chip against published formulas, and the key `parallel`.
#include <gtest/gtest.h>

#include "models/base/error.h"
#include "workloads/parallel/memory.h"
#include "workloads/parallel/parallelism.h"
#include "workloads/parallel/tensor_parallel.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

struct StageSetup {
  std::int64_t tensor = 1;
  bool sequence_parallel = false;
  Recomputation recompute = Recomputation::none;
};

/// A middle stage of `layers` layers of GPT-3 13B's shape.
PartNeed middle_stage(const StageSetup& setup, const std::vector<Override>& more = {},
                      int layers = 2) {
  std::vector<Override> overrides = {{"layers", std::to_string(4 + layers)},
                                     {"hidden", "5120"},
                                     {"heads", "40"},
                                     {"positions", "2048"},
                                     {"batch", "2"},
                                     {"vocabulary", "51200"}};
  overrides.insert(overrides.end(), more.begin(), more.end());
  Workload workload = load_workload("gpt2_xl", files(), overrides);
  workload.training.recompute = setup.recompute;
  TensorParallelOptions options;
  options.degree = setup.tensor;
  options.sequence_parallel = setup.sequence_parallel;
  const Graph forward = shard(workload.forward, options);
  const std::vector<PipelineUnit> units = pipeline_units(forward);
  const auto stages = cut_stages(forward, units, given_cut(units, {2, 2 + layers}));
  return part_need(stages[1], stages[1].training_step(workload.training));
}

constexpr std::int64_t kLayers = 2;
constexpr std::int64_t kSbh = std::int64_t{2048} * 2 * 5120;        // s b h
constexpr std::int64_t kAssb = std::int64_t{40} * 2048 * 2048 * 2;  // a s^2 b

// Korthikanti et al. 2022, tables 2 and equations 1 to 6: bytes of a layer, with a = 40 heads.
TEST(PartNeed, ActivationsAreThoseOfTheLiterature) {
  EXPECT_EQ(middle_stage({}).kept, Bytes(kLayers * (34 * kSbh + 5 * kAssb)));
  EXPECT_EQ(middle_stage({8, false}).kept,
            Bytes(kLayers * (10 * kSbh + 24 * kSbh / 8 + 5 * kAssb / 8)));
  EXPECT_EQ(middle_stage({8, true}).kept, Bytes(kLayers * (34 * kSbh + 5 * kAssb) / 8));
  EXPECT_EQ(middle_stage({8, true, Recomputation::selective}).kept, Bytes(kLayers * 34 * kSbh / 8));
  EXPECT_EQ(middle_stage({1, false, Recomputation::full}).kept, Bytes(kLayers * 2 * kSbh));
  EXPECT_EQ(middle_stage({8, false, Recomputation::full}).kept, Bytes(kLayers * 2 * kSbh));
  EXPECT_EQ(middle_stage({8, true, Recomputation::full}).kept, Bytes(kLayers * 2 * kSbh / 8));
}

// Qi et al. 2023, section 2.2: M_W = 32 s b h for a layer.
TEST(PartNeed, WhatWeightGradientsReadIsThatOfTheLiterature) {
  EXPECT_EQ(middle_stage({}).for_weights, Bytes(kLayers * 32 * kSbh));
}

TEST(PartNeed, StateIsSixteenBytesPerParameter) {
  const PartNeed need = middle_stage({8, false});
  // Weights 12 h^2 / t; biases 7 h / t and 2 h; norms 4 h.
  const std::int64_t h = 5120;
  const std::int64_t parameters = kLayers * (12 * h * h / 8 + 7 * h / 8 + 2 * h + 4 * h);
  EXPECT_EQ(need.parameters, Bytes(2 * parameters));
  EXPECT_EQ(need.gradients, Bytes(2 * parameters));
  EXPECT_EQ(need.optimizer, Bytes(12 * parameters));
  // A pipeline's exchanges gather and scatter the whole part.
  EXPECT_EQ(need.largest_parameters, need.parameters);
  EXPECT_EQ(need.largest_gradients, need.gradients);
}

TEST(PartNeed, WorkingMemoryIsForOneLayerOfRecomputation) {
  // What full recomputation makes again is there for one layer at a time, however many there are.
  const StageSetup setup{8, true, Recomputation::full};
  const PartNeed full = middle_stage(setup);
  EXPECT_EQ(middle_stage(setup, {}, 4).working, full.working);
  // Beside what a layer keeps: the scores' gradient, one activation that is gathered, and of the
  // activations' parts the gradient of the layer's output and one more.
  const Bytes layer((34 * kSbh + 5 * kAssb) / 8);
  const Bytes beside(2 * kAssb / 8 + 2 * kSbh + 2 * 2 * kSbh / 8);
  EXPECT_GT(full.working, layer);
  EXPECT_LE(full.working, layer + beside);
}

TEST(ChipMemory, ZeroSharesStateOutAmongReplicas) {
  PartNeed need;
  need.parameters = need.gradients = Bytes(1600);
  need.optimizer = Bytes(9600);
  need.largest_parameters = Bytes(1200);  // of two parts on the chip
  need.largest_gradients = Bytes(1100);
  need.working = Bytes(7);
  const Bytes passing(50);
  EXPECT_EQ(chip_memory(need, passing, 8, 0).total(), Bytes(12800 + 57));
  EXPECT_EQ(chip_memory(need, passing, 8, 1).total(), Bytes(3200 + 1200 + 57));
  EXPECT_EQ(chip_memory(need, passing, 8, 3).total(), Bytes(1600 + 57 + 2 * 1200 + 1100));
  EXPECT_EQ(chip_memory(need, passing, 1, 3).total(), Bytes(12800 + 57));
  const PartNeed two = need + need;
  EXPECT_EQ(two.parameters, Bytes(3200));
  EXPECT_EQ(two.working, Bytes(7));
  EXPECT_EQ(two.largest_parameters, Bytes(1200));
  EXPECT_EQ(two.largest_gradients, Bytes(1100));
}

Parallelism read(const std::string& yaml) {
  return read_parallelism(parse_config(yaml, "p.yaml"), "parallel");
}

std::string refusal(const std::string& yaml) {
  try {
    read(yaml);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Parallelism, IsReadAsWritten) {
  const Parallelism p = read(
      "{tensor: 8, pipeline: 4, data: 2, chips: 64, microbatch: 2, global_batch: 64, zero: 1,\n"
      " schedule: interleaved, interleave: 2, sequence_parallel: true, recompute: selective,\n"
      " cuts: [6, 12, 18, 24, 30, 36, 42]}");
  EXPECT_EQ(p.tensor, 8);
  EXPECT_EQ(p.pipeline, 4);
  EXPECT_EQ(p.data, 2);
  EXPECT_EQ(p.microbatch_count(), 16);
  EXPECT_EQ(p.schedule, PipelineSchedule::interleaved);
  EXPECT_EQ(p.interleave, 2);
  EXPECT_TRUE(p.sequence_parallel);
  EXPECT_EQ(p.recompute, Recomputation::selective);
  EXPECT_EQ(p.cuts.size(), 7U);
  EXPECT_EQ(read("{data: 16, microbatches: 1}").chips, 16);
}

TEST(Parallelism, AutoDegreesAreFilledIn) {
  const Parallelism p = read("{tensor: auto, pipeline: auto, data: 2, chips: 24, microbatches: 8}");
  const std::vector<Parallelism> all = fill_in_degrees(p);
  EXPECT_EQ(all.size(), 6U);  // ways to write 12 as a product of two
  for (const Parallelism& each : all) {
    EXPECT_EQ(each.tensor * each.pipeline * each.data, 24);
    EXPECT_EQ(each.data, 2);
    EXPECT_NO_THROW(each.check());
  }
  EXPECT_EQ(fill_in_degrees(
                read("{tensor: auto, pipeline: auto, data: auto, chips: 64, microbatches: 8}"))
                .size(),
            28U);  // 2^6 among three
}

TEST(Parallelism, AutoDegreesHaveNoOptionsWithoutEffect) {
  int with_sequence_parallel = 0;
  int with_zero = 0;
  for (const Parallelism& each :
       fill_in_degrees(read("{tensor: auto, pipeline: auto, data: auto, chips: 8, microbatches: 8,"
                            " sequence_parallel: true, zero: 3}"))) {
    EXPECT_EQ(each.sequence_parallel, each.tensor > 1);
    EXPECT_EQ(each.zero, each.data > 1 ? 3 : 0);
    with_sequence_parallel += each.sequence_parallel ? 1 : 0;
    with_zero += each.zero > 0 ? 1 : 0;
  }
  // Of the 10 ways to share out 2^3 among three, 4 have a given one at 1.
  EXPECT_EQ(with_sequence_parallel, 6);
  EXPECT_EQ(with_zero, 6);
}

TEST(Parallelism, BadInputIsNamed) {
  EXPECT_EQ(refusal("{tensor: 8, pipeline: 4, chips: 64, microbatches: 8}"),
            "p.yaml:1:33: parallel.chips: the degrees that are given make 32 chips, which are not "
            "64");
  EXPECT_EQ(refusal("{tensor: 5, pipeline: auto, chips: 64, microbatches: 8}"),
            "p.yaml:1:36: parallel.chips: the degrees that are given make 5 chips, which do not "
            "divide 64");
  EXPECT_EQ(refusal("{tensor: auto, microbatches: 8}"),
            "p.yaml:1:1: parallel.chips: a degree that is auto needs the number of chips");
  EXPECT_NE(refusal("{tensor: many, microbatches: 8}").find(", or auto"), std::string::npos);
  EXPECT_NE(refusal("{tensor: 2}").find("give either microbatches"), std::string::npos);
  EXPECT_NE(refusal("{tensor: 2, microbatches: 1, global_batch: 8}").find("give either"),
            std::string::npos);
  EXPECT_NE(refusal("{tensr: 2, microbatches: 1}").find("did you mean 'tensor'"),
            std::string::npos);
  EXPECT_EQ(refusal("{data: 3, global_batch: 8}"),
            "p.yaml:1:1: parallel: a global batch of 8 does not divide into microbatches of 1 on 3 "
            "replicas");
  EXPECT_EQ(refusal("{sequence_parallel: true, microbatches: 1}"),
            "p.yaml:1:21: parallel.sequence_parallel: has no effect where tensor is 1");
  EXPECT_EQ(refusal("{zero: 1, microbatches: 1}"),
            "p.yaml:1:8: parallel.zero: has no effect where data is 1");
  EXPECT_NE(refusal("{zero: 2, data: 2, microbatches: 1}").find("allowed: 0, 1, 3"),
            std::string::npos);
  EXPECT_NE(refusal("{interleave: 2, pipeline: 2, microbatches: 2}").find("has no effect"),
            std::string::npos);
  EXPECT_NE(refusal("{schedule: interleaved, pipeline: 2, microbatches: 2}").find("2 or more"),
            std::string::npos);
  EXPECT_NE(refusal("{schedule: interleaved, interleave: 2, pipeline: 4, microbatches: 6}")
                .find("a number of microbatches that 4 stages divide; found 6"),
            std::string::npos);
  EXPECT_EQ(refusal("{schedule: interleaved, interleave: 2, microbatches: 2}"),
            "p.yaml:1:1: parallel: the interleaved schedule needs 2 or more stages; pipeline is 1");
  EXPECT_EQ(refusal("{pipeline: 2, microbatches: 1000001}"),
            "p.yaml:1:29: parallel.microbatches: 1000001 is out of range (1 to 1000000)");
  EXPECT_EQ(refusal("{pipeline: 2, global_batch: 4294967297}"),
            "p.yaml:1:1: parallel: 4294967297 microbatches of a replica are more than 1000000");
  EXPECT_EQ(refusal("{pipeline: 2, interleave: 4, schedule: interleaved, microbatches: 250002}"),
            "p.yaml:1:1: parallel: 250002 microbatches of a replica are more than 250000 with 4 "
            "chunks");
  EXPECT_EQ(refusal("{pipeline: 1024, interleave: 1024, schedule: interleaved, microbatches: 1}"),
            "p.yaml:1:1: parallel: 1024 stages of 1024 make 1048576 parts, more than 1000000");
  EXPECT_EQ(refusal("{pipeline: 2, microbatches: 1000000}"), "");
  EXPECT_NE(refusal("{schedule: 1f1b, pipeline: 4, microbatches: 6}").find("one_f_one_b"),
            std::string::npos);
  EXPECT_NE(refusal("{pipeline: 4, microbatches: 8, cuts: [4, 8]}").find("2 cuts make 3 parts"),
            std::string::npos);
  EXPECT_NE(refusal("{pipeline: 3, microbatches: 8, cuts: [8, 8]}"), "");
}

}  // namespace
}  // namespace simdse
