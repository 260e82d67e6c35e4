// The exact oracle for schedules, against enumeration and on pieces of real graphs.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "search/oracle/linear_program.h"
#include "search/oracle/schedule_check.h"
#include "search/oracle/schedule_study.h"
#include "search/schedule/scheduler.h"
#include "workloads/training.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

Mode on(std::int32_t cores, double cycles) { return {{{{{0, cores}}, cycles}}}; }

/// One after another in topological order, each in its first mode, on the first cores.
std::vector<PlacedStage> serial_schedule(const ScheduleProblem& problem) {
  std::vector<PlacedStage> result;
  double now = 0;
  for (std::size_t task = 0; task < problem.modes.size(); ++task) {
    const std::vector<TaskStage>& stages = problem.modes[task].front().stages;
    for (std::size_t i = 0; i < stages.size(); ++i) {
      PlacedStage placed{static_cast<TaskId>(task), 0, i, now, {}};
      for (std::size_t pool = 0; pool < problem.pools.size(); ++pool) {
        std::vector<std::int32_t> cores(static_cast<std::size_t>(stages[i].count_in(pool)));
        std::iota(cores.begin(), cores.end(), 0);
        placed.cores.push_back(std::move(cores));
      }
      now += stages[i].cycles;
      result.push_back(std::move(placed));
    }
  }
  return result;
}

/// The shortest schedule by enumeration: for every choice of modes, every order in which stages may
/// be placed as early as cores and predecessors allow (the serial schedule generation scheme, whose
/// results contain an optimum: Kolisch, European Journal of Operational Research 90, 1996).
class Enumeration {
 public:
  explicit Enumeration(const ScheduleProblem& problem) : problem_(problem) {}

  double shortest() {
    choose(0);
    return best_;
  }

 private:
  struct Placed {
    double start;
    double end;
    const TaskStage* stage;
  };

  void choose(std::size_t task) {
    if (task == problem_.modes.size()) {
      next_.assign(task, 0);
      ends_.assign(task, 0);
      place(0);
      return;
    }
    for (const Mode& mode : problem_.modes[task]) {
      modes_.push_back(&mode);
      choose(task + 1);
      modes_.pop_back();
    }
  }

  bool fits(const TaskStage& stage, double start) const {
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      // Use is highest at the start of something.
      std::vector<double> times = {start};
      for (const Placed& p : placed_) {
        if (p.start > start && p.start < start + stage.cycles) times.push_back(p.start);
      }
      for (const double time : times) {
        std::int32_t used = stage.count_in(pool);
        for (const Placed& p : placed_) {
          if (p.start <= time && time < p.end) used += p.stage->count_in(pool);
        }
        if (used > problem_.pools[pool]) return false;
      }
    }
    return true;
  }

  void place(double makespan) {
    if (makespan >= best_) return;
    bool is_done = true;
    for (std::size_t task = 0; task < modes_.size(); ++task) {
      if (next_[task] == modes_[task]->stages.size()) continue;
      is_done = false;
      double earliest = ends_[task];
      bool is_ready = true;
      for (const TaskId before : problem_.predecessors[task]) {
        is_ready &= next_[before] == modes_[before]->stages.size();
        earliest = std::max(earliest, ends_[before]);
      }
      if (!is_ready) continue;
      const TaskStage& stage = modes_[task]->stages[next_[task]];
      std::vector<double> times = {earliest};
      for (const Placed& p : placed_) {
        if (p.end > earliest) times.push_back(p.end);
      }
      std::sort(times.begin(), times.end());
      const double start =
          *std::find_if(times.begin(), times.end(), [&](double t) { return fits(stage, t); });
      const double before = ends_[task];
      placed_.push_back({start, start + stage.cycles, &stage});
      ends_[task] = start + stage.cycles;
      ++next_[task];
      place(std::max(makespan, ends_[task]));
      --next_[task];
      ends_[task] = before;
      placed_.pop_back();
    }
    if (is_done) best_ = makespan;
  }

  const ScheduleProblem& problem_;
  std::vector<const Mode*> modes_;
  std::vector<std::size_t> next_;
  std::vector<double> ends_;
  std::vector<Placed> placed_;
  double best_ = 1e300;
};

#define NEEDS_CBC() \
  if (!has_schedule_oracle()) GTEST_SKIP() << "built without CBC"

// Longest first puts 3 3 2 2 2 on two cores in 7; the optimum pairs 3 3 and 2 2 2.
TEST(Oracle, FindsWhatLongestFirstMisses) {
  NEEDS_CBC();
  ScheduleProblem problem;
  problem.pools = {2};
  for (const double cycles : {3, 3, 2, 2, 2}) problem.modes.push_back({on(1, cycles)});
  problem.predecessors.resize(5);
  const OracleSchedule found = solve_schedule(problem, serial_schedule(problem), {});
  EXPECT_TRUE(found.is_proven) << found.unproven;
  EXPECT_NEAR(found.makespan, 6, 1e-3);
  EXPECT_NEAR(found.bound, 6, 2e-3);
  EXPECT_EQ(schedule_fault(problem, found.stages), "");
}

TEST(Oracle, IsAsShortAsEnumeration) {
  NEEDS_CBC();
  std::mt19937_64 random(11);
  const auto pick = [&](std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1));
  };
  for (int trial = 0; trial < 25; ++trial) {
    ScheduleProblem problem;
    problem.pools = {static_cast<std::int32_t>(pick(1, 3)), static_cast<std::int32_t>(pick(1, 2))};
    const std::int64_t tasks = pick(3, 5);
    for (std::int64_t task = 0; task < tasks; ++task) {
      std::vector<Mode> modes(static_cast<std::size_t>(pick(1, 2)));
      for (Mode& mode : modes) {
        mode.stages.resize(static_cast<std::size_t>(pick(1, 4) == 1 ? 2 : 1));
        for (TaskStage& stage : mode.stages) {
          stage.cycles = static_cast<double>(pick(1, 9));
          const auto pool = static_cast<std::size_t>(pick(0, 1));
          stage.uses = {{pool, static_cast<std::int32_t>(pick(1, problem.pools[pool]))}};
          if (pick(0, 3) == 0) stage.uses.push_back({1 - pool, 1});
        }
      }
      problem.modes.push_back(std::move(modes));
      problem.predecessors.emplace_back();
      for (TaskId before = 0; before < task; ++before) {
        if (pick(0, 3) == 0) problem.predecessors.back().push_back(before);
      }
    }
    const OracleSchedule found = solve_schedule(problem, serial_schedule(problem), {});
    EXPECT_TRUE(found.is_proven) << found.unproven;
    EXPECT_EQ(schedule_fault(problem, found.stages), "") << trial;
    EXPECT_NEAR(found.makespan, Enumeration(problem).shortest(), 1e-3 * found.makespan) << trial;
    EXPECT_LE(problem.critical_path(), found.makespan * (1 + 1e-6));
  }
}

TEST(Oracle, OutOfNodesItSaysSoAndTheBoundHolds) {
  NEEDS_CBC();
  // A hard one: many tasks of odd lengths on three cores.
  ScheduleProblem problem;
  problem.pools = {3};
  std::mt19937_64 random(5);
  for (int i = 0; i < 24; ++i) {
    problem.modes.push_back({on(1, 1000 + static_cast<double>(random() % 1000)), on(2, 777)});
    problem.predecessors.emplace_back();
    if (i > 3) problem.predecessors.back().push_back(static_cast<TaskId>(random() % 4));
  }
  const OracleSchedule found = solve_schedule(problem, serial_schedule(problem), {1});
  EXPECT_FALSE(found.is_proven);
  EXPECT_NE(found.unproven.find("limit of 1 nodes"), std::string::npos) << found.unproven;
  EXPECT_GT(found.bound, 0);
  EXPECT_LT(found.bound, found.makespan);
  EXPECT_EQ(schedule_fault(problem, found.stages), "");
}

// CBC ends with failed assertions now and then; a bound that is no number is a way to make it.
TEST(Oracle, ACrashOfTheSolverIsAReasonLikeOthers) {
  if (!LinearProgram::has_solver()) GTEST_SKIP() << "simdse was built without CBC";
  LinearProgram program;
  const auto x = program.add_variable(0, std::numeric_limits<double>::quiet_NaN(), true);
  const auto y = program.add_variable(0, 10, false);
  program.add_row(1, {{x, 1}, {y, 1}}, 3);
  const LinearProgram::Answer answer = program.minimize(y, {1, 1}, 100, 0);
  EXPECT_EQ(answer.reason, "CBC crashed: Aborted");
  EXPECT_EQ(answer.bound, -LinearProgram::infinity());
  EXPECT_TRUE(answer.values.empty());
}

TEST(Oracle, WidthAndCriticalPathOfADiamond) {
  ScheduleProblem problem;
  problem.pools = {4};
  problem.modes = {{on(1, 1)}, {on(1, 5), on(2, 3)}, {on(1, 2)}, {on(1, 2)}, {on(1, 1)}};
  problem.predecessors = {{}, {0}, {0}, {2}, {1, 3}};
  EXPECT_EQ(width_of(problem.predecessors), 2);
  EXPECT_DOUBLE_EQ(problem.critical_path(), 1 + 4 + 1);
  problem.predecessors = {{}, {}, {}, {}, {}};
  EXPECT_EQ(width_of(problem.predecessors), 5);
}

TEST(Oracle, CheckNamesWhatIsWrong) {
  ScheduleProblem problem;
  problem.pools = {2};
  problem.modes = {{on(1, 4)}, {on(1, 4)}, {on(2, 4)}};
  problem.predecessors = {{}, {}, {0}};
  const std::vector<PlacedStage> good = {
      {0, 0, 0, 0, {{0}}}, {1, 0, 0, 0, {{1}}}, {2, 0, 0, 4, {{0, 1}}}};
  EXPECT_EQ(schedule_fault(problem, good), "");
  EXPECT_DOUBLE_EQ(makespan_of(problem, good), 8);
  std::vector<PlacedStage> bad = good;
  bad[1].cores = {{0}};
  EXPECT_EQ(schedule_fault(problem, bad), "tasks 0 and 1 hold a core at the same time");
  bad = good;
  bad[2].start = 3;
  EXPECT_EQ(schedule_fault(problem, bad), "task 2 starts before task 0 ends");
  bad = good;
  bad[2].cores = {{0}};
  EXPECT_EQ(schedule_fault(problem, bad), "task 2 holds 1 cores of pool 0, its mode 2");
  bad = good;
  bad.pop_back();
  EXPECT_EQ(schedule_fault(problem, bad), "task 2 has 0 stages");
}

TEST(Oracle, OnPiecesOfARealGraphBothSchedulesHold) {
  NEEDS_CBC();
  const Workload workload = load_workload("bert_large", files(), {{"layers", "1"}});
  const Graph graph = derive_training_step(workload.forward, workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  const Chip chip = load_chip("tpu_v2", files());
  const std::vector<TaskOptions> options = find_options(chip, tasks);
  StudyOptions study;
  study.tasks = 12;
  const std::vector<TaskId> pieces = choose_pieces(chip, tasks, study);
  ASSERT_FALSE(pieces.empty());
  for (const TaskId first : pieces) {
    const TaskGraph piece = cut_tasks(tasks, first, study.tasks);
    const Schedule schedule =
        schedule_tasks(chip, piece, options, find_critical_path(piece, options));
    const ScheduleProblem problem = make_schedule_problem(chip, piece, options);
    const auto placed = place_schedule(chip, piece, options, schedule);
    EXPECT_EQ(schedule_fault(problem, placed), "");
    EXPECT_NEAR(makespan_of(problem, placed), schedule.makespan, 1e-6 * schedule.makespan);
    EXPECT_GT(width_of(problem.predecessors), static_cast<std::int32_t>(chip.core_count()));
    const StudyCase both = study_piece(chip, tasks, options, first, study);
    EXPECT_EQ(schedule_fault(problem, both.oracle.stages), "");
    EXPECT_LE(both.oracle.bound, both.oracle.makespan * (1 + 1e-9));
    EXPECT_LE(both.oracle.makespan, both.heuristic * (1 + 1e-6));
    EXPECT_GE(both.oracle.makespan, problem.critical_path() * (1 - 1e-6));
  }
}

}  // namespace
}  // namespace simdse
