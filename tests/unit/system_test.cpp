// Distributed steps as programs of ranks, and the programs on paper.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "reference/pipeline_run.h"
#include "search/local/evaluator.h"
#include "search/pipeline/pipeline_memory.h"
#include "search/system/degree_search.h"
#include "search/system/distributed_step.h"
#include "search/system/rank_timeline.h"
#include "search/system/rank_work.h"
#include "workloads/graph_builder.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

Workload small_gpt(const std::string& layers = "8") {
  return load_workload("gpt2_xl", files(),
                       {{"layers", layers},
                        {"hidden", "64"},
                        {"heads", "4"},
                        {"vocabulary", "512"},
                        {"positions", "32"},
                        {"batch", "2"}});
}

Parallelism spread(std::int64_t tensor, std::int64_t pipeline, std::int64_t data,
                   std::int64_t microbatches,
                   PipelineSchedule schedule = PipelineSchedule::one_f_one_b) {
  Parallelism result;
  result.tensor = tensor;
  result.pipeline = pipeline;
  result.data = data;
  result.chips = tensor * pipeline * data;
  result.microbatch = 2;
  result.microbatches = microbatches;
  result.schedule = schedule;
  result.interleave = schedule == PipelineSchedule::interleaved ? 2 : 1;
  return result;
}

DistributedStep make_step(const Workload& workload, const Parallelism& parallelism) {
  const Bytes plenty(std::int64_t{1} << 50);
  return DistributedStep(workload, parallelism, plan_memory(workload, parallelism, plenty).first);
}

/// The class of the work that each piece number stands for.
std::vector<PieceClass> classes_of(const DistributedStep& step) {
  std::vector<PieceClass> result(step.pieces().size());
  for (const PartWork& part : step.parts()) {
    for (const StepNode& node : part.nodes) {
      if (!node.is_collective()) result[static_cast<std::size_t>(node.piece)] = node.piece_class;
    }
  }
  return result;
}

/// Without tensor parallelism a part's pass is one piece. When F, B and W take given times, and all
/// else none, the programs take as long as the schedule by itself, and that is what theory says.
TEST(RankWork, TakesAsLongAsItsSchedule) {
  const Workload workload = small_gpt();
  for (const PipelineSchedule schedule :
       {PipelineSchedule::gpipe, PipelineSchedule::one_f_one_b, PipelineSchedule::interleaved,
        PipelineSchedule::zero_bubble}) {
    const Parallelism parallelism = spread(1, 4, 1, 8, schedule);
    const DistributedStep step = make_step(workload, parallelism);
    const std::vector<PieceClass> classes = classes_of(step);
    const RankWorkload work = make_rank_workload(step, RankScope::one_per_place, {0, 0, 0, 0});
    const Seconds forward(3);
    const Seconds input_gradient(2);
    const Seconds weight_gradient(1);
    const bool has_apart =
        std::count(classes.begin(), classes.end(), PieceClass::weight_gradient) > 0;
    const RankTimeline timeline = run_on_paper(work.programs, [&](RankNodeId id) {
      const RankNode& node = work.programs.node(id);
      if (node.action != RankAction::compute) return Seconds(0);
      switch (classes[static_cast<std::size_t>(node.work.piece) % classes.size()]) {
        case PieceClass::forward:
          return forward;
        case PieceClass::input_gradient:
          return has_apart ? input_gradient : input_gradient + weight_gradient;
        case PieceClass::weight_gradient:
          return weight_gradient;
        case PieceClass::update:
          return Seconds(0);
      }
      return Seconds(0);
    });
    const PipelineRun run = run_pipeline(
        step.orders(), step.shape(),
        PipelineTimes::uniform(step.shape(), forward, input_gradient, weight_gradient));
    // The first part has no input gradient to hand on; whatever it has is in the same place.
    EXPECT_NEAR(timeline.time.value(), run.time.value(), 1e-9)
        << pipeline_schedule_names()[static_cast<std::size_t>(schedule)];
    double mean_idle = 0;
    for (std::int32_t place = 0; place < 4; ++place) {
      mean_idle += (1 - timeline.shares[static_cast<std::size_t>(place)].compute) / 4;
    }
    EXPECT_NEAR(mean_idle,
                bubble_fraction(schedule, step.shape(), forward.value(), input_gradient.value(),
                                weight_gradient.value()),
                1e-9);
  }
}

/// Every chip does the work of its place, once per microbatch; what is sent is received.
TEST(RankWork, EveryChipDoesAllOfItsWork) {
  const Workload workload = small_gpt();
  for (const std::int64_t tensor : {1, 2}) {
    for (const std::int64_t data : {1, 3}) {
      for (const int zero : {0, 1, 3}) {
        if (data == 1 && zero > 0) continue;
        Parallelism parallelism = spread(tensor, 2, data, 4);
        parallelism.zero = zero;
        parallelism.sequence_parallel = tensor > 1;
        const DistributedStep step = make_step(workload, parallelism);
        const RankWorkload work = make_rank_workload(step, RankScope::all, {0, 0});
        ASSERT_EQ(work.programs.ranks.size(), static_cast<std::size_t>(parallelism.chips));
        const RankMeetings meetings = match_ranks(work.programs);
        EXPECT_EQ(meetings.messages.size(), static_cast<std::size_t>(tensor * data * 4 * 2));
        for (std::int64_t place = 0; place < 2; ++place) {
          std::size_t per_microbatch = 0;
          std::size_t in_the_end = 0;
          Bytes gradients;
          const PartWork& part = step.parts()[static_cast<std::size_t>(place)];
          for (std::size_t i = 0; i < part.nodes.size(); ++i) {
            gradients += part.gradients[i];
            if (part.nodes[i].is_collective()) continue;
            ++(part.nodes[i].piece_class == PieceClass::update ? in_the_end : per_microbatch);
          }
          EXPECT_EQ(gradients, part.parameters) << "both have two bytes a parameter";
          for (std::int64_t t = 0; t < tensor; ++t) {
            for (std::int64_t d = 0; d < data; ++d) {
              std::size_t computes = 0;
              Bytes reduced;
              const auto chip = static_cast<std::size_t>(chip_number(parallelism, t, d, place));
              for (const RankNode& node : work.programs.ranks[chip].nodes) {
                if (node.action == RankAction::compute) ++computes;
                const bool is_reduction =
                    node.op == CollectiveOp::all_reduce || node.op == CollectiveOp::reduce_scatter;
                if (node.action == RankAction::collective && node.name == "gradients" &&
                    is_reduction) {
                  reduced += node.bytes;
                }
              }
              EXPECT_EQ(computes, 4 * per_microbatch + in_the_end);
              const std::int64_t times = data == 1 ? 0 : zero == 3 ? 4 : 1;
              EXPECT_EQ(reduced, times * gradients);
            }
          }
        }
      }
    }
  }
}

/// A network of parts that each multiply by these weights, all [8, 8], so that weights are shared.
Workload tied_weights(const std::vector<std::string>& parts) {
  Workload workload;
  workload.name = "tied";
  workload.parameters["batch"] = 2;
  GraphBuilder builder({});
  std::map<char, TensorId> weights;
  TensorId x = builder.input("x", {2, 4, 8});
  for (const std::string& part : parts) {
    const auto first = static_cast<OperatorId>(builder.graph().operators().size());
    for (const char name : part) {
      const auto [weight, is_new] = weights.try_emplace(name);
      if (is_new) weight->second = builder.parameter(std::string(1, name), {8, 8});
      x = builder.contraction("product", "bsi,io->bso", x, weight->second);
    }
    builder.end_segment(first);
  }
  builder.squared_error("loss", x, builder.input("target", {2, 4, 8}));
  workload.forward = builder.take();
  return workload;
}

/// Bytes that each chip sums over the chips of tied weights, by those chips.
std::vector<std::map<std::vector<std::int32_t>, std::int64_t>> tied_sums(
    const DistributedStep& step) {
  const std::vector<std::size_t> designs(static_cast<std::size_t>(step.shape().stages));
  const RankWorkload work = make_rank_workload(step, RankScope::all, designs);
  match_ranks(work.programs);
  std::vector<std::map<std::vector<std::int32_t>, std::int64_t>> result;
  for (const RankProgram& program : work.programs.ranks) {
    result.emplace_back();
    for (const RankNode& node : program.nodes) {
      if (node.action != RankAction::collective) continue;
      const RankGroup& group = work.programs.groups[static_cast<std::size_t>(node.group)];
      EXPECT_EQ(group.name, "tied");
      EXPECT_TRUE(result.back().emplace(group.ranks, node.bytes.value()).second);
    }
  }
  return result;
}

/// Weights of 128 bytes: `a` is in stages 0 and 1; `b` and `c` are in 1 and 2.
TEST(RankWork, TiedWeightsOfDifferentStagesAreSummedApart) {
  const DistributedStep step(tied_weights({"a", "abc", "bc"}), spread(1, 3, 1, 4), {0, 1, 2});
  const auto sums = tied_sums(step);
  using Sums = std::map<std::vector<std::int32_t>, std::int64_t>;
  EXPECT_EQ(sums[0], (Sums{{{0, 1}, 128}}));
  EXPECT_EQ(sums[1], (Sums{{{0, 1}, 128}, {{1, 2}, 256}}));
  EXPECT_EQ(sums[2], (Sums{{{1, 2}, 256}}));
}

/// Parts 0 and 2 are on chip 0, parts 1 and 3 on chip 1. What only parts of one chip have is summed
/// there; a chip with two parts takes part in the sum with another chip once, when both are done.
TEST(RankWork, AChipWithTwoPartsSumsTiedWeightsOnce) {
  const DistributedStep step(tied_weights({"ac", "bd", "ac", "ce"}),
                             spread(1, 2, 1, 4, PipelineSchedule::interleaved), {0, 1, 2, 3});
  const auto sums = tied_sums(step);
  using Sums = std::map<std::vector<std::int32_t>, std::int64_t>;
  EXPECT_EQ(sums[0], (Sums{{{0}, 128}, {{0, 1}, 128}}));
  EXPECT_EQ(sums[1], (Sums{{{0, 1}, 128}}));
}

/// Chips of a place that are not in the scope do the same as the one that is.
TEST(RankWork, OnePerPlaceTakesAsLongAsAll) {
  const Workload workload = small_gpt();
  Parallelism parallelism = spread(2, 2, 2, 4);
  const DistributedStep step = make_step(workload, parallelism);
  const auto time_of = [&](RankScope scope) {
    const RankWorkload work = make_rank_workload(step, scope, {0, 0});
    return run_on_paper(work.programs,
                        [&](RankNodeId id) {
                          const RankNode& node = work.programs.node(id);
                          if (node.action == RankAction::compute)
                            return Seconds(1 + 0.1 * node.work.piece);
                          return Seconds(1e-6 * to_double(node.bytes));
                        })
        .time;
  };
  EXPECT_DOUBLE_EQ(time_of(RankScope::all).value(), time_of(RankScope::one_per_place).value());
}

/// Several graphs in one evaluator take what each takes alone, as often as it is done, whatever
/// design was evaluated before.
TEST(WeightedEvaluator, IsTheSumOfItsGraphs) {
  const DistributedStep step = make_step(small_gpt(), spread(2, 2, 1, 4));
  Design design = load_design("tpu_v2", files());
  const auto technology =
      std::make_shared<const Technology>(load_technology(design.technology, files()));
  std::vector<WeightedTasks> parts;
  for (std::size_t i = 0; i < step.tasks().size(); ++i) {
    parts.push_back({&step.tasks()[i], static_cast<double>(i + 1)});
  }
  const Evaluator together(parts, 2, technology);
  for (const std::int64_t count : {2, 1, 4}) {
    design.cores[0].count = count;
    const Chip chip(design, technology);
    Seconds time;
    for (const WeightedTasks& part : parts) {
      time += Evaluator(*part.tasks, 2, technology).evaluate(chip).time * part.times;
    }
    const Evaluation evaluation = together.evaluate(chip);
    EXPECT_NEAR(evaluation.time / time, 1, 1e-12);
    double sum = 0;
    for (const double share : evaluation.breakdown) sum += share;
    EXPECT_NEAR(sum, 1, 1e-9);
  }
}

/// Every search of a system that comes along has degrees that its network and its chips' memory
/// allow, and a space that has the baseline.
TEST(SystemSearches, ThoseThatComeAlongCanBegin) {
  int searches = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SIMDSE_SOURCE_DIR) + "/configs/searches")) {
    if (entry.path().extension() != ".yaml") continue;
    const SearchSpec spec = load_search(entry.path().string(), files());
    if (!spec.system) continue;
    ++searches;
    const FirstStep first = first_step(spec);
    EXPECT_EQ(first.step->step.parallelism().chips, spec.system->network->chips()) << spec.name;
    ASSERT_EQ(spec.baselines.size(), 1U) << spec.name;
    EXPECT_TRUE(spec.space->find(spec.baselines.front())) << spec.name;
    const Chip chip(spec.baselines.front(), spec.technology);
    EXPECT_TRUE(Evaluator::is_allowed(chip, spec.options.budget)) << spec.name;
  }
  EXPECT_GE(searches, 7);
}

System four_chips(const std::string& memory) {
  const Chip chip = load_chip("tpu_v4", files(), {{"memory.stack_capacity", memory}});
  return make_system("four", chip, load_system("tpu_v4_4", files()).network->config());
}

/// Every way to spread a step is estimated or ruled out with a reason, and the fastest is taken.
TEST(DegreeChoiceTest, TheFastestOfThoseThatArePossibleIsTaken) {
  const Workload workload = small_gpt("3");
  Parallelism wanted = spread(kAuto, kAuto, kAuto, 4);
  wanted.chips = 4;
  const System system = four_chips("8 GiB");
  const Bytes capacity = system.chip->memory().capacity();
  const DegreeChoice choice =
      choose_degrees(workload, wanted, system.chip, *system.network, capacity);
  ASSERT_EQ(choice.trials.size(), 6U);
  EXPECT_EQ(choice.count(DegreeVerdict::estimated), 6U);
  for (const DegreeTrial& trial : choice.trials) {
    EXPECT_LE(trial.throughput, choice.chosen().throughput);
    const DistributedStep step = make_step(workload, trial.parallelism);
    const SystemEstimate estimate = estimate_system(
        step, *system.network,
        PlaceDesigns::common(plan_design("", system.chip, step), trial.parallelism.pipeline));
    EXPECT_DOUBLE_EQ(trial.throughput, static_cast<double>(step.batch()) / estimate.time.value());
  }
  // Memory for the stages of four, but not for fewer, and the reason says what lacks.
  Bytes of_four;
  Bytes of_two;
  for (const DegreeTrial& trial : choice.trials) {
    const Parallelism& p = trial.parallelism;
    const Bytes need = plan_memory(workload, p, capacity).largest();
    if (p.tensor == 4) of_four = need;
    if (p.tensor == 2 && p.pipeline == 1) of_two = need;
  }
  ASSERT_LT(of_four, of_two);
  const DegreeChoice tight =
      choose_degrees(workload, wanted, system.chip, *system.network, of_four);
  for (const DegreeTrial& trial : tight.trials) {
    if (trial.verdict == DegreeVerdict::estimated) continue;
    EXPECT_EQ(trial.verdict, DegreeVerdict::memory);
    const Bytes need = plan_memory(workload, trial.parallelism, of_four).largest();
    EXPECT_EQ(trial.excess, need - of_four);
    EXPECT_NE(trial.reason.find("more than a chip has"), std::string::npos);
  }
  EXPECT_GE(tight.count(DegreeVerdict::memory), 1U);
  try {
    choose_degrees(workload, wanted, system.chip, *system.network, Bytes(1000));
    FAIL();
  } catch (const InputError& error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find("none of 6 ways to fill in the degrees is possible (6 lack memory"), 0U)
        << text;
    EXPECT_NE(text.find("does not fit: a chip needs"), std::string::npos) << text;
  }
}

/// Four heads on eight chips, three layers and what is around them on eight.
TEST(DegreeChoiceTest, DegreesThatDoNotDivideAreRuledOut) {
  const Workload workload = small_gpt("3");
  Parallelism wanted = spread(kAuto, kAuto, 1, 4);
  wanted.chips = 8;
  const Chip chip = load_chip("tpu_v4", files());
  const System system = make_system(
      "eight", chip, read_network(parse_config("{topology: ring, chips: 8}", "n"), "network"));
  const DegreeChoice choice =
      choose_degrees(workload, wanted, system.chip, *system.network, chip.memory().capacity());
  ASSERT_EQ(choice.trials.size(), 4U);
  EXPECT_EQ(choice.trials[0].verdict, DegreeVerdict::division);
  EXPECT_NE(choice.trials[0].reason.find("too few for 8 pipeline stages"), std::string::npos);
  EXPECT_EQ(choice.trials[1].verdict, DegreeVerdict::estimated);
  EXPECT_EQ(choice.trials[2].verdict, DegreeVerdict::estimated);
  EXPECT_EQ(choice.trials[3].verdict, DegreeVerdict::division);
  EXPECT_NE(choice.trials[3].reason.find("does not divide the 4 attention heads"),
            std::string::npos);
}

/// Stages of equal layers are one kind; first and last differ.
TEST(DistributedStepTest, StagesOfEqualLayersAreOneKind) {
  const DistributedStep step = make_step(small_gpt("16"), spread(1, 8, 1, 8));
  const std::vector<PlaceKind> kinds = kinds_of_places(step);
  ASSERT_EQ(kinds.size(), 3U);
  EXPECT_EQ(kinds[0].places, (std::vector<std::size_t>{0}));
  EXPECT_EQ(kinds[1].places, (std::vector<std::size_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(kinds[2].places, (std::vector<std::size_t>{7}));
}

}  // namespace
}  // namespace simdse
