#include "search/oracle/schedule_ilp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "search/oracle/linear_program.h"
#include "search/oracle/schedule_check.h"

namespace simdse {
namespace {

/// Times are in shares of the known makespan times this, which suits CBC's tolerances.
constexpr double kScale = 1000;

class ScheduleIlp {
 public:
  ScheduleIlp(const ScheduleProblem& problem, const std::vector<PlacedStage>& known)
      : problem_(problem), known_(known), cycle_(kScale / makespan_of(problem, known)) {
    find_windows();
    add_stages();
    add_order();
    add_pairs();
    add_energy();
  }

  OracleSchedule solve(const IlpLimits& limits) {
    const LinearProgram::Answer answer =
        program_.minimize(makespan_, start_values(), limits.nodes, kOracleTolerance);
    OracleSchedule result;
    result.stages = answer.values.empty() ? known_ : read(answer.values);
    result.makespan = makespan_of(problem_, result.stages);
    const double least = std::max(lower_bound_, answer.bound) / cycle_;
    result.bound = std::min(least, result.makespan);
    result.is_proven = result.bound >= result.makespan * (1 - 2 * kOracleTolerance);
    if (!result.is_proven) result.unproven = answer.reason;
    return result;
  }

 private:
  using Variable = LinearProgram::Variable;

  struct StageVariables {
    std::size_t task = 0;
    std::size_t stage = 0;
    Variable start = 0;
    LinearProgram::Sum length;                 ///< in terms of the modes
    double least = 0;                          ///< of the lengths
    double head = 0;                           ///< earliest start
    double rest = 0;                           ///< what at least follows its end
    std::vector<std::vector<Variable>> cores;  ///< by pool, if it may hold any of them
    std::vector<std::int32_t> least_count;     ///< by pool
  };

  std::size_t stage_count(std::size_t task) const {
    std::size_t count = 0;
    for (const Mode& mode : problem_.modes[task]) count = std::max(count, mode.stages.size());
    return count;
  }

  double cycles(const TaskStage& stage) const { return stage.cycles * cycle_; }

  /// Earliest start of every task, and what at least passes from its start to the end.
  void find_windows() {
    const std::size_t count = problem_.modes.size();
    least_.resize(count);
    head_.resize(count);
    tail_.resize(count);
    for (std::size_t task = 0; task < count; ++task) {
      least_[task] = std::numeric_limits<double>::infinity();
      for (const Mode& mode : problem_.modes[task]) {
        least_[task] = std::min(least_[task], mode.cycles() * cycle_);
      }
      for (const TaskId before : problem_.predecessors[task]) {
        head_[task] = std::max(head_[task], head_[before] + least_[before]);
      }
    }
    for (std::size_t task = count; task-- > 0;) {
      tail_[task] += least_[task];
      for (const TaskId before : problem_.predecessors[task]) {
        tail_[before] = std::max(tail_[before], tail_[task]);
      }
      lower_bound_ = std::max(lower_bound_, head_[task] + tail_[task]);
    }
  }

  void add_stages() {
    makespan_ = program_.add_variable(lower_bound_, kScale, false);
    for (std::size_t task = 0; task < problem_.modes.size(); ++task) {
      const std::vector<Mode>& modes = problem_.modes[task];
      modes_.emplace_back();
      LinearProgram::Sum one;
      for (std::size_t m = 0; m < modes.size(); ++m) {
        modes_.back().push_back(program_.add_variable(0, 1, true));
        one.emplace_back(modes_.back().back(), 1);
      }
      program_.add_row(1, one, 1);
      first_stage_.push_back(stages_.size());
      for (std::size_t i = 0; i < stage_count(task); ++i) add_stage(task, i);
    }
    first_stage_.push_back(stages_.size());
    break_symmetry();
  }

  void add_stage(std::size_t task, std::size_t index) {
    StageVariables s;
    s.task = task;
    s.stage = index;
    s.least = std::numeric_limits<double>::infinity();
    double before = s.least;  // what at least runs of the task before this stage ...
    double after = s.least;   // ... and after it
    s.least_count.assign(problem_.pools.size(), std::numeric_limits<std::int32_t>::max());
    std::vector<LinearProgram::Sum> held(problem_.pools.size());
    for (std::size_t m = 0; m < problem_.modes[task].size(); ++m) {
      const Mode& mode = problem_.modes[task][m];
      const bool has_it = index < mode.stages.size();
      const double length = has_it ? cycles(mode.stages[index]) : 0;
      s.least = std::min(s.least, length);
      if (length > 0) s.length.emplace_back(modes_[task][m], length);
      double earlier = 0;
      for (std::size_t i = 0; i < std::min(index, mode.stages.size()); ++i) {
        earlier += cycles(mode.stages[i]);
      }
      before = std::min(before, earlier);
      after = std::min(after, mode.cycles() * cycle_ - earlier - length);
      for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
        const std::int32_t count = has_it ? mode.stages[index].count_in(pool) : 0;
        s.least_count[pool] = std::min(s.least_count[pool], count);
        if (count > 0) held[pool].emplace_back(modes_[task][m], count);
      }
    }
    s.head = head_[task] + before;
    s.rest = std::max(0.0, tail_[task] - least_[task] + std::max(0.0, after));
    s.start = program_.add_variable(s.head, kScale - s.rest - s.least, false);
    s.cores.resize(problem_.pools.size());
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      if (held[pool].empty()) continue;
      LinearProgram::Sum balance = held[pool];
      for (auto& [variable, factor] : balance) factor = -factor;
      for (std::int32_t core = 0; core < problem_.pools[pool]; ++core) {
        s.cores[pool].push_back(program_.add_variable(0, 1, true));
        balance.emplace_back(s.cores[pool].back(), 1);
      }
      program_.add_row(0, balance, 0);
    }
    stages_.push_back(std::move(s));
  }

  /// Cores of a pool are alike: the stage that holds most of it for longest takes them in order.
  void break_symmetry() {
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      leaders_.push_back(std::nullopt);
      double most = 0;
      for (std::size_t i = 0; i < stages_.size(); ++i) {
        const double work = stages_[i].least * stages_[i].least_count[pool];
        if (work <= most) continue;
        most = work;
        leaders_[pool] = i;
      }
      if (!leaders_[pool]) continue;
      const std::vector<Variable>& cores = stages_[*leaders_[pool]].cores[pool];
      for (std::size_t c = 1; c < cores.size(); ++c) {
        program_.add_row(0, {{cores[c - 1], 1}, {cores[c], -1}}, LinearProgram::infinity());
      }
    }
  }

  /// later.start - earlier.start - earlier.length + slack >= least
  void add_after(const StageVariables& earlier, const StageVariables& later, double least,
                 LinearProgram::Sum slack) {
    slack.emplace_back(later.start, 1);
    slack.emplace_back(earlier.start, -1);
    for (const auto& [mode, length] : earlier.length) slack.emplace_back(mode, -length);
    program_.add_row(least, slack, LinearProgram::infinity());
  }

  void add_order() {
    for (std::size_t task = 0; task < problem_.modes.size(); ++task) {
      for (std::size_t i = first_stage_[task]; i + 1 < first_stage_[task + 1]; ++i) {
        add_after(stages_[i], stages_[i + 1], 0, {});
      }
      for (const TaskId before : problem_.predecessors[task]) {
        add_after(stages_[first_stage_[before + 1] - 1], stages_[first_stage_[task]], 0, {});
      }
      const StageVariables& last = stages_[first_stage_[task + 1] - 1];
      LinearProgram::Sum end = {{makespan_, 1}, {last.start, -1}};
      for (const auto& [mode, length] : last.length) end.emplace_back(mode, -length);
      // What follows takes its time whether or not the relaxation sees it.
      program_.add_row(last.rest, end, LinearProgram::infinity());
    }
  }

  void add_pairs() {
    const auto is_before = transitive_order(problem_.predecessors);
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      for (std::size_t j = i + 1; j < stages_.size(); ++j) {
        const StageVariables& a = stages_[i];
        const StageVariables& b = stages_[j];
        if (a.task == b.task || is_before[a.task][b.task] || is_before[b.task][a.task]) continue;
        add_pair(i, j);
      }
    }
  }

  void add_pair(std::size_t i, std::size_t j) {
    const StageVariables& a = stages_[i];
    const StageVariables& b = stages_[j];
    bool may_share = false;
    bool must_share = false;
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      may_share |= !a.cores[pool].empty() && !b.cores[pool].empty();
      must_share |= a.least_count[pool] + b.least_count[pool] > problem_.pools[pool];
    }
    const double latest_a = kScale - a.rest;
    const double latest_b = kScale - b.rest;
    if (!may_share || latest_a <= b.head || latest_b <= a.head) return;
    const auto can_follow = [&](const StageVariables& first, const StageVariables& second) {
      return first.head + first.least + second.least + second.rest <= kScale * (1 + 1e-9);
    };
    const Variable ab = program_.add_variable(0, can_follow(a, b) ? 1 : 0, true);
    const Variable ba = program_.add_variable(0, can_follow(b, a) ? 1 : 0, true);
    orders_.push_back({i, j, ab, ba});
    program_.add_row(must_share ? 1 : 0, {{ab, 1}, {ba, 1}}, 1);
    add_after(a, b, b.head - latest_a, {{ab, b.head - latest_a}});
    add_after(b, a, a.head - latest_b, {{ba, a.head - latest_b}});
    if (must_share) return;
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      if (a.cores[pool].empty() || b.cores[pool].empty()) continue;
      for (std::size_t c = 0; c < a.cores[pool].size(); ++c) {
        program_.add_row(-1, {{ab, 1}, {ba, 1}, {a.cores[pool][c], -1}, {b.cores[pool][c], -1}},
                         LinearProgram::infinity());
      }
    }
  }

  /// What a pool's cores do fits between the first start and the last end.
  void add_energy() {
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      double head = kScale;
      double rest = kScale;
      LinearProgram::Sum work;
      for (const StageVariables& s : stages_) {
        if (s.cores[pool].empty()) continue;
        head = std::min(head, s.head);
        rest = std::min(rest, s.rest);
        for (std::size_t m = 0; m < problem_.modes[s.task].size(); ++m) {
          const std::vector<TaskStage>& stages = problem_.modes[s.task][m].stages;
          if (s.stage >= stages.size()) continue;
          const TaskStage& stage = stages[s.stage];
          const double area = stage.count_in(pool) * cycles(stage);
          if (area > 0) work.emplace_back(modes_[s.task][m], area);
        }
      }
      if (work.empty()) continue;
      const double cores = problem_.pools[pool];
      work.emplace_back(makespan_, -cores);
      program_.add_row(-LinearProgram::infinity(), work, -cores * (head + rest));
    }
  }

  /// The known schedule, as values of all variables, with cores renumbered as the leaders demand.
  std::vector<double> start_values() const {
    std::vector<double> values(program_.variables(), 0);
    values[makespan_] = kScale;
    std::vector<std::vector<std::int32_t>> rank(problem_.pools.size());
    std::vector<double> starts(stages_.size());
    std::vector<double> ends(stages_.size());
    const auto index_of = [&](const PlacedStage& p) { return first_stage_[p.task] + p.stage; };
    for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
      std::vector<std::int32_t> order(static_cast<std::size_t>(problem_.pools[pool]));
      std::iota(order.begin(), order.end(), 0);
      for (const PlacedStage& placed : known_) {
        if (!leaders_[pool] || index_of(placed) != *leaders_[pool]) continue;
        const auto is_held = [&](std::int32_t core) {
          const auto& held = placed.cores[pool];
          return std::find(held.begin(), held.end(), core) != held.end();
        };
        std::stable_partition(order.begin(), order.end(), is_held);
      }
      rank[pool].resize(order.size());
      for (std::size_t i = 0; i < order.size(); ++i) {
        rank[pool][order[i]] = static_cast<std::int32_t>(i);
      }
    }
    for (const PlacedStage& placed : known_) {
      const std::size_t index = index_of(placed);
      const Mode& mode = problem_.modes[placed.task][placed.mode];
      starts[index] = placed.start * cycle_;
      ends[index] = starts[index] + cycles(mode.stages[placed.stage]);
      values[modes_[placed.task][placed.mode]] = 1;
      for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
        for (const std::int32_t core : placed.cores[pool]) {
          values[stages_[index].cores[pool][rank[pool][core]]] = 1;
        }
      }
      // A stage that the mode does not have stands at the end of the task.
      for (std::size_t i = index + 1; i < first_stage_[placed.task + 1]; ++i) {
        if (placed.stage + 1 < mode.stages.size()) break;
        starts[i] = ends[i] = ends[index];
      }
    }
    for (std::size_t i = 0; i < stages_.size(); ++i) values[stages_[i].start] = starts[i];
    constexpr double rounding = 1e-6;
    for (const Order& order : orders_) {
      if (ends[order.a] <= starts[order.b] + rounding) {
        values[order.ab] = 1;
      } else if (ends[order.b] <= starts[order.a] + rounding) {
        values[order.ba] = 1;
      }
    }
    return values;
  }

  std::vector<PlacedStage> read(const std::vector<double>& values) const {
    std::vector<PlacedStage> result;
    for (const StageVariables& s : stages_) {
      const std::vector<Variable>& modes = modes_[s.task];
      const auto chosen = std::find_if(modes.begin(), modes.end(),
                                       [&](Variable mode) { return values[mode] > 0.5; });
      PlacedStage placed;
      placed.task = static_cast<TaskId>(s.task);
      placed.mode = static_cast<std::int32_t>(chosen - modes.begin());
      placed.stage = s.stage;
      placed.start = values[s.start] / cycle_;
      if (s.stage >= problem_.modes[s.task][placed.mode].stages.size()) continue;
      placed.cores.resize(problem_.pools.size());
      for (std::size_t pool = 0; pool < problem_.pools.size(); ++pool) {
        for (std::size_t c = 0; c < s.cores[pool].size(); ++c) {
          if (values[s.cores[pool][c]] > 0.5) {
            placed.cores[pool].push_back(static_cast<std::int32_t>(c));
          }
        }
      }
      result.push_back(std::move(placed));
    }
    return result;
  }

  struct Order {
    std::size_t a;
    std::size_t b;
    Variable ab;
    Variable ba;
  };

  const ScheduleProblem& problem_;
  const std::vector<PlacedStage>& known_;
  double cycle_;  ///< of the program's time
  LinearProgram program_;
  Variable makespan_ = 0;
  std::vector<double> least_;
  std::vector<double> head_;
  std::vector<double> tail_;
  double lower_bound_ = 0;
  std::vector<std::vector<Variable>> modes_;
  std::vector<StageVariables> stages_;
  std::vector<std::size_t> first_stage_;  ///< of each task, and behind the last
  std::vector<std::optional<std::size_t>> leaders_;
  std::vector<Order> orders_;
};

}  // namespace

OracleSchedule solve_schedule(const ScheduleProblem& problem, const std::vector<PlacedStage>& known,
                              const IlpLimits& limits) {
  return ScheduleIlp(problem, known).solve(limits);
}

bool has_schedule_oracle() { return LinearProgram::has_solver(); }

}  // namespace simdse
