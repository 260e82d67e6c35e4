// Pieces of a distributed step on the planner: each is planned like any other graph.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "search/estimate/plan_estimate.h"
#include "search/plan/plan_validator.h"
#include "search/schedule/planner.h"
#include "workloads/operators/keep.h"
#include "workloads/parallel/pieces.h"
#include "workloads/parallel/tensor_parallel.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

Chip any_chip(const std::string& name) {
  Design design = load_design(name, files());
  auto technology = std::make_shared<const Technology>(load_technology(design.technology, files()));
  return Chip(std::move(design), std::move(technology));
}

/// Each stage's nodes and the pieces of all.
struct Cut {
  Cut(const Workload& workload, std::int64_t tensor, bool sequence_parallel, int pipeline,
      const PieceOptions& pieces = {}) {
    TensorParallelOptions options;
    options.degree = tensor;
    options.sequence_parallel = sequence_parallel;
    const Graph forward = shard(workload.forward, options);
    const std::vector<PipelineUnit> units = pipeline_units(forward);
    CutCosts costs;
    costs.time.assign(units.size(), 1);
    for (const PipelineStage& stage : cut_stages(forward, units, balanced_cut(costs, pipeline))) {
      nodes.push_back(cut_into_pieces(stage, stage.training_step(workload.training), book, pieces));
    }
  }

  PieceBook book;
  std::vector<std::vector<StepNode>> nodes;
};

TEST(PiecePlans, AreValidAndWriteWhatOthersRead) {
  const Chip chip = any_chip("tpu_v4");
  const Workload workload =
      load_workload("gpt2_xl", files(), {{"layers", "4"}, {"hidden", "1024"}, {"heads", "16"}});
  const Cut cut(workload, 4, true, 2);
  for (std::size_t i = 0; i < cut.book.size(); ++i) {
    const Graph& piece = cut.book.piece(static_cast<int>(i));
    const std::string name = piece.operators().front().name;
    const TaskGraph tasks = build_task_graph(piece);
    const Plan plan = make_plan(chip, tasks).plan;
    const std::vector<std::string> problems = validate_plan(piece, chip, plan);
    EXPECT_TRUE(problems.empty()) << name << ": " << problems.front();
    EXPECT_GT(estimate_plan(chip, plan).time, Seconds(0)) << name;
    // Whatever is kept is written to memory.
    const std::vector<bool> kept = kept_tensors(piece);
    std::map<TensorId, bool> is_written;
    for (const Region& region : plan.regions) {
      for (const Operand& output : region.outputs) {
        if (output.path == Path::direct) is_written[output.tensor] = true;
      }
    }
    for (std::size_t tensor = 0; tensor < kept.size(); ++tensor) {
      if (kept[tensor]) {
        EXPECT_TRUE(is_written[static_cast<TensorId>(tensor)]) << piece.tensors()[tensor].name;
      }
    }
  }
}

TEST(PiecePlans, TogetherTakeAboutAsLongAsTheStepInOnePlan) {
  const Chip chip = any_chip("tpu_v4");
  const Workload workload = load_workload("bert_large", files(), {{"layers", "2"}});
  const Graph step = derive_training_step(workload.forward, workload.training);
  const TaskGraph step_tasks = build_task_graph(step);
  const Seconds whole = estimate_plan(chip, make_plan(chip, step_tasks).plan).time;
  const auto ratio = [&](const PieceOptions& options) {
    const Cut cut(workload, 1, false, 1, options);
    Seconds pieces;
    for (const StepNode& node : cut.nodes[0]) {
      const TaskGraph tasks = build_task_graph(cut.book.piece(node.piece));
      pieces += estimate_plan(chip, make_plan(chip, tasks).plan).time;
    }
    return pieces / whole;
  };
  // In one plan, weight gradients run beside the chain, and more stays on chip.
  const double apart = ratio({false, true});
  const double together = ratio({false, false});
  const double by_layer = ratio({true, false});
  std::printf("weight gradients apart %.3f, together %.3f, together by layer %.3f\n", apart,
              together, by_layer);
  EXPECT_LT(together, apart);
  EXPECT_LT(together, by_layer);
  EXPECT_GT(together, 1);
  // As docs/parallelism.md has them.
  EXPECT_NEAR(apart, 1.123, 0.01);
  EXPECT_NEAR(together, 1.062, 0.01);
  EXPECT_NEAR(by_layer, 1.068, 0.01);
}

}  // namespace
}  // namespace simdse
