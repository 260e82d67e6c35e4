// Critical path and list scheduling, on graphs that can be solved by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "search/schedule/scheduler.h"
#include "search/schedule/space.h"

namespace simdse {
namespace {

/// A graph of tasks with latencies given by hand, all for tensor cores.
class HandGraph {
 public:
  /// Adds a task of `cycles` on one core and, if given, `split_cycles` on two.
  TaskId add(double cycles, std::vector<TaskId> after, double split_cycles = 0) {
    Task task;
    task.contraction = ContractionShape{1, 1, 1, 1};
    task.predecessors = std::move(after);
    task.signature = static_cast<std::int32_t>(options.size());
    const auto id = static_cast<TaskId>(graph.tasks.size());
    for (const TaskId before : task.predecessors) graph.tasks[before].successors.push_back(id);
    graph.tasks.push_back(std::move(task));
    TaskOptions own;
    const auto add_option = [&](std::int64_t parts, double time) {
      TaskOption option;
      option.parts = parts;
      option.tensor_group = {0, 64};
      option.contraction.emplace();
      option.cycles = time;
      own.push_back(option);
    };
    add_option(1, cycles);
    if (split_cycles > 0) add_option(2, split_cycles);
    options.push_back(std::move(own));
    graph.signatures = static_cast<std::int32_t>(options.size());
    return id;
  }

  Schedule schedule(int cores) {
    const DataFiles files(SIMDSE_SOURCE_DIR);
    const Chip chip = load_chip("tpu_v2", files, {{"cores.0.count", std::to_string(cores)}});
    for (TaskOptions& own : options) {
      for (TaskOption& option : own) option.tensor_group.count = cores;
      own.erase(std::remove_if(own.begin(), own.end(),
                               [&](const TaskOption& o) { return o.parts > cores; }),
                own.end());
    }
    path = find_critical_path(graph, options);
    return schedule_tasks(chip, graph, options, path);
  }

  TaskGraph graph;
  std::vector<TaskOptions> options;
  CriticalPath path;
};

TEST(CriticalPath, OfADiamond) {
  HandGraph g;
  const TaskId a = g.add(2, {});
  const TaskId b = g.add(5, {a});
  const TaskId c = g.add(3, {a});
  const TaskId d = g.add(1, {b, c});
  g.schedule(2);
  EXPECT_DOUBLE_EQ(g.path.length, 8);
  EXPECT_DOUBLE_EQ(g.path.slack(a), 0);
  EXPECT_DOUBLE_EQ(g.path.slack(b), 0);
  EXPECT_DOUBLE_EQ(g.path.slack(c), 2);
  EXPECT_TRUE(g.path.is_critical(d));
  EXPECT_EQ(g.path.height[a], 3);
}

TEST(CriticalPath, NoScheduleOfItsOptionsIsShorter) {
  HandGraph g;
  const TaskId a = g.add(2, {});
  const TaskId b = g.add(5, {a});
  g.add(3, {a});
  g.add(4, {b});
  g.add(6, {});
  for (const int cores : {3, 2, 1}) {
    const Schedule schedule = g.schedule(cores);
    EXPECT_GE(schedule.makespan, g.path.length);
  }
}

TEST(ListScheduler, RunsIndependentTasksSideBySide) {
  HandGraph g;
  const TaskId a = g.add(2, {});
  g.add(5, {a});
  g.add(3, {a});
  EXPECT_DOUBLE_EQ(g.schedule(2).makespan, 7);
}

TEST(ListScheduler, ReportsWhatCriticalTasksWaitedFor) {
  HandGraph g;
  g.add(4, {});
  g.add(4, {});
  const Schedule one = g.schedule(1);
  EXPECT_DOUBLE_EQ(one.makespan, 8);
  EXPECT_DOUBLE_EQ(one.tensor_conflict, 4);
  HandGraph h;
  h.add(4, {});
  h.add(4, {});
  EXPECT_DOUBLE_EQ(h.schedule(2).tensor_conflict, 0);
}

TEST(ListScheduler, CriticalTasksGoFirst) {
  HandGraph g;
  const TaskId shortcut = g.add(1, {});
  const TaskId chain = g.add(1, {});
  const TaskId next = g.add(10, {chain});
  const Schedule s = g.schedule(1);
  EXPECT_EQ(s.entries[0].task, chain);
  EXPECT_EQ(s.entries[1].task, next);
  EXPECT_EQ(s.entries[2].task, shortcut);
}

TEST(ListScheduler, SplitsAChainOverIdleCores) {
  HandGraph g;
  const TaskId a = g.add(10, {}, 6);
  g.add(10, {a}, 6);
  EXPECT_DOUBLE_EQ(g.schedule(2).makespan, 12);
  EXPECT_DOUBLE_EQ(g.schedule(1).makespan, 20);
}

TEST(ListScheduler, ACriticalTaskWaitsForMoreCoresWhereThatIsEarlier) {
  HandGraph g;
  const TaskId first = g.add(1, {});
  const TaskId large = g.add(20, {first}, 10);
  g.add(2, {});                          // holds the other core until 2
  const TaskId filler = g.add(1.9, {});  // would hold the first one until 2.9
  const Schedule s = g.schedule(2);
  double start_of_large = 0;
  double start_of_filler = 0;
  for (const ScheduledTask& entry : s.entries) {
    if (entry.task == large) start_of_large = entry.start;
    if (entry.task == filler) start_of_filler = entry.start;
  }
  EXPECT_DOUBLE_EQ(start_of_large, 2);  // on both cores, done at 12; on one it would be at 21
  EXPECT_DOUBLE_EQ(start_of_filler, 12);
}

TEST(ListScheduler, LeavesCoresToEquallyCriticalRivals) {
  HandGraph g;
  g.add(10, {}, 9);  // splitting hardly helps, and the rival is as critical
  g.add(10, {}, 9);
  EXPECT_DOUBLE_EQ(g.schedule(2).makespan, 10);
}

TEST(ListScheduler, KeepsWithinItsBoundsOnRandomGraphs) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 100; ++i) {
    HandGraph g;
    double work = 0;
    const int count = 5 + static_cast<int>(random() % 40);
    for (int t = 0; t < count; ++t) {
      std::vector<TaskId> after;
      for (int before = std::max(0, t - 6); before < t; ++before) {
        if (random() % 4 == 0) after.push_back(before);
      }
      const double cycles = 1 + static_cast<double>(random() % 100);
      work += cycles;
      g.add(cycles, after);
    }
    const int cores = 1 + static_cast<int>(random() % 4);
    const Schedule s = g.schedule(cores);
    ASSERT_EQ(s.entries.size(), static_cast<std::size_t>(count));
    EXPECT_GE(s.makespan, g.path.length - 1e-9);
    EXPECT_GE(s.makespan, work / cores - 1e-9);
    // Graham's bound for list schedules.
    EXPECT_LE(s.makespan, work / cores + g.path.length * (1 - 1.0 / cores) + 1e-9);
    std::vector<double> finish(static_cast<std::size_t>(count));
    for (const ScheduledTask& entry : s.entries) finish[entry.task] = entry.finish;
    for (const ScheduledTask& entry : s.entries) {
      for (const TaskId before : g.graph.tasks[entry.task].predecessors) {
        EXPECT_GE(entry.start, finish[before]);
      }
    }
  }
}

TEST(Space, TellsNewTenantsWhoUsedTheirSpace) {
  Space space(0, 100, Space::Policy::lowest);
  const auto a = space.allocate(60);
  const auto b = space.allocate(40);
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(space.allocate(1));
  space.release(a->address, 60, {3});
  space.release(b->address, 40, {5, 6});
  const auto c = space.allocate(80);  // spans both
  ASSERT_TRUE(c);
  EXPECT_EQ(c->address, 0);
  EXPECT_EQ(c->former_users, (std::vector<RegionId>{3, 5, 6}));
  const auto d = space.allocate(20);
  ASSERT_TRUE(d);
  EXPECT_EQ(d->former_users, (std::vector<RegionId>{5, 6}));
}

/// Byte by byte: who used each last, and whether it is held.
TEST(Space, GrantsTheLowestRunThatIsLongEnoughAndNamesAllItsUsers) {
  constexpr std::int64_t size = 300;
  std::mt19937_64 random(5);
  Space space(0, size, Space::Policy::lowest);
  std::vector<bool> is_held(size);
  std::vector<RegionId> user(size, kNone);
  std::vector<std::pair<std::int64_t, std::int64_t>> held;
  for (RegionId now = 0; now < 3000; ++now) {
    if (random() % 2 == 0 || held.empty()) {
      const auto bytes = static_cast<std::int64_t>(1 + random() % 60);
      std::int64_t run = 0;
      std::int64_t end = 0;
      while (end < size && run < bytes) run = is_held[end++] ? 0 : run + 1;
      const auto grant = space.allocate(bytes);
      ASSERT_EQ(grant.has_value(), run == bytes);
      if (!grant) continue;
      EXPECT_EQ(grant->address, end - bytes);
      std::set<RegionId> users(user.begin() + grant->address, user.begin() + end);
      users.erase(kNone);
      EXPECT_EQ(grant->former_users, std::vector<RegionId>(users.begin(), users.end()));
      std::fill(is_held.begin() + grant->address, is_held.begin() + end, true);
      held.emplace_back(grant->address, bytes);
    } else {
      const std::size_t pick = random() % held.size();
      const auto [address, bytes] = held[pick];
      space.release(address, bytes, {now});
      std::fill(is_held.begin() + address, is_held.begin() + address + bytes, false);
      std::fill(user.begin() + address, user.begin() + address + bytes, now);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(pick));
    }
  }
}

TEST(Space, RandomUseNeverOverlaps) {
  std::mt19937_64 random(12);
  for (const auto policy : {Space::Policy::rotating, Space::Policy::lowest}) {
    Space space(0, 1000, policy);
    std::vector<std::pair<std::int64_t, std::int64_t>> held;
    std::int64_t used = 0;
    for (int i = 0; i < 2000; ++i) {
      if (random() % 2 == 0 || held.empty()) {
        const auto bytes = static_cast<std::int64_t>(1 + random() % 120);
        const auto grant = space.allocate(bytes);
        if (!grant) continue;
        for (const auto& [address, size] : held) {
          EXPECT_TRUE(grant->address + bytes <= address || address + size <= grant->address);
        }
        EXPECT_LE(grant->address + bytes, 1000);
        held.emplace_back(grant->address, bytes);
        used += bytes;
      } else {
        const std::size_t pick = random() % held.size();
        space.release(held[pick].first, held[pick].second, {});
        used -= held[pick].second;
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(pick));
      }
      EXPECT_EQ(space.used(), used);
    }
  }
}

}  // namespace
}  // namespace simdse
