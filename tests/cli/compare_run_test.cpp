// What the runs of a method come to.
#include "cli/compare_run.h"

#include <gtest/gtest.h>

namespace simdse {
namespace {

/// A run that reaches each of `worths` after ten more evaluations.
MethodRun run_of(const std::vector<double>& worths) {
  MethodRun run;
  run.method = "random";
  for (const double worth : worths) {
    run.evaluations += 10;
    run.cost_calls += 1000;
    run.cpu_seconds += 0.5;
    run.improvements.push_back(
        {run.evaluations, run.cost_calls, run.cpu_seconds, worth, worth, worth / 100});
  }
  run.evaluations += 10;
  return run;
}

TEST(CompareSummary, TakesMediansAndCountsWhoComesClose) {
  const MethodRun slow = run_of({10, 50, 96, 98});
  const MethodRun fast = run_of({95, 100});
  const MethodRun last = run_of({30});
  const MethodSummary s = summarise({&slow, &fast, &last}, 100, 99);
  EXPECT_EQ(s.runs, 3U);
  EXPECT_EQ(s.throughput, 98);
  EXPECT_EQ(s.least_throughput, 30);
  EXPECT_EQ(s.most_throughput, 100);
  EXPECT_EQ(s.total.evaluations, 30);
  // 95 is reached after 30, 10 and never: the middle is 30.
  ASSERT_TRUE(s.to_5_percent);
  EXPECT_EQ(s.to_5_percent->evaluations, 30);
  EXPECT_EQ(s.to_5_percent->cost_calls, 3000);
  EXPECT_EQ(s.to_5_percent->cpu_seconds, 1.5);
  // 99 by one of three: the median run never gets there.
  EXPECT_FALSE(s.to_1_percent);
  // 99 % of 99 is 98.01.
  EXPECT_EQ(s.close, 1U);
  EXPECT_EQ(s.better, 1U);
}

TEST(CompareSummary, OfAnEvenNumberOfRunsTheMiddleIsBetweenTwo) {
  const MethodRun a = run_of({100});
  const MethodRun b = run_of({50, 100});
  const MethodRun never = run_of({50});
  EXPECT_EQ(summarise({&a, &b}, 100, 100).to_1_percent->evaluations, 15);
  EXPECT_FALSE(summarise({&a, &never}, 100, 100).to_1_percent);
}

TEST(CompareSummary, ARunWithoutADesignIsWorthNothing) {
  const MethodRun none = run_of({});
  const MethodSummary s = summarise({&none}, 100, 0);
  EXPECT_EQ(s.throughput, 0);
  EXPECT_EQ(s.close, 0U);
  EXPECT_FALSE(s.to_5_percent);
}

TEST(CompareSummary, ARunThatNeverBeganCountsNowhere) {
  const MethodRun first = run_of({50});
  const MethodRun second = run_of({100});
  MethodRun idle;
  idle.method = "random";
  idle.ending = Ending::interrupted;
  const MethodSummary s = summarise({&first, &second, &idle}, 100, 100);
  EXPECT_EQ(s.runs, 2U);
  EXPECT_EQ(s.throughput, 75);
  EXPECT_EQ(s.least_throughput, 50);
  EXPECT_EQ(s.worth, 75);
  EXPECT_EQ(summarise({&idle}, 100, 100).runs, 0U);
}

TEST(CompareSummary, ADesignOverTheBudgetReachesNothing) {
  MethodRun fast = run_of({200});
  fast.is_in_budget = false;
  const MethodSummary s = summarise({&fast}, 100, 100);
  EXPECT_EQ(s.throughput, 200);
  EXPECT_FALSE(s.to_5_percent);
  EXPECT_EQ(s.close, 0U);
  EXPECT_EQ(s.better, 0U);
}

}  // namespace
}  // namespace simdse
