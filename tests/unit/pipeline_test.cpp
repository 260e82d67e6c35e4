// Pipeline schedules against their closed forms, and against counting and running.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "models/base/error.h"
#include "reference/in_flight.h"
#include "reference/pipeline_run.h"

namespace simdse {
namespace {

using Schedule = PipelineSchedule;

struct Case {
  Schedule schedule;
  PipelineShape shape;
};

std::vector<Case> cases() {
  std::vector<Case> result;
  for (const int stages : {1, 2, 3, 4, 8, 13}) {
    for (const int microbatches : {1, 2, 4, 5, 8, 16, 26, 64}) {
      for (const Schedule schedule :
           {Schedule::gpipe, Schedule::one_f_one_b, Schedule::zero_bubble}) {
        result.push_back({schedule, {stages, microbatches, 1}});
      }
      for (const int interleave : {2, 3, 6}) {
        if (microbatches % stages == 0) {
          result.push_back({Schedule::interleaved, {stages, microbatches, interleave}});
        }
      }
    }
  }
  return result;
}

std::string text(const Case& test) {
  return pipeline_schedule_names()[static_cast<std::size_t>(test.schedule)] + " s" +
         std::to_string(test.shape.stages) + " m" + std::to_string(test.shape.microbatches) + " v" +
         std::to_string(test.shape.interleave);
}

TEST(PipelineOrder, EveryItemIsThereOnce) {
  for (const Case& test : cases()) {
    for (const auto& order : pipeline_order(test.schedule, test.shape)) {
      std::set<std::tuple<PipelineWork, int, int>> items;
      for (const PipelineItem& item : order) {
        EXPECT_TRUE(items.insert({item.kind, item.microbatch, item.chunk}).second) << text(test);
        EXPECT_LT(item.microbatch, test.shape.microbatches);
        EXPECT_LT(item.chunk, test.shape.interleave);
      }
      const std::size_t kinds = test.schedule == Schedule::zero_bubble ? 3 : 2;
      EXPECT_EQ(items.size(),
                kinds * static_cast<std::size_t>(test.shape.microbatches * test.shape.interleave))
          << text(test);
    }
  }
}

TEST(PipelineOrder, PeakInFlightIsTheFormula) {
  for (const Case& test : cases()) {
    const auto orders = pipeline_order(test.schedule, test.shape);
    for (int stage = 0; stage < test.shape.stages; ++stage) {
      const InFlight counted = count_in_flight(orders[static_cast<std::size_t>(stage)]);
      const InFlight formula = peak_in_flight(test.schedule, test.shape, stage);
      EXPECT_EQ(counted.whole, formula.whole) << text(test) << " stage " << stage;
      EXPECT_EQ(counted.with_weights, formula.with_weights) << text(test) << " stage " << stage;
    }
  }
}

TEST(PipelineRun, BubbleIsTheFormula) {
  for (const Case& test : cases()) {
    // Weight gradients as dear as input gradients, as in products.
    const auto orders = pipeline_order(test.schedule, test.shape);
    const double v = test.shape.interleave;
    const PipelineTimes times =
        PipelineTimes::uniform(test.shape, Seconds(1 / v), Seconds(1 / v), Seconds(1 / v));
    const double formula = bubble_fraction(test.schedule, test.shape, 1, 1, 1);
    const double found = run_pipeline(orders, test.shape, times).bubble();
    if (test.schedule == Schedule::zero_bubble && test.shape.microbatches < test.shape.stages) {
      EXPECT_GE(found, formula - 1e-12) << text(test);
    } else {
      EXPECT_NEAR(found, formula, 1e-12) << text(test);
    }
  }
}

TEST(PipelineRun, KnownFractions) {
  const auto bubble = [](Schedule schedule, PipelineShape shape, double f, double b, double w) {
    return run_pipeline(
               pipeline_order(schedule, shape), shape,
               PipelineTimes::uniform(shape, Seconds(f / shape.interleave),
                                      Seconds(b / shape.interleave), Seconds(w / shape.interleave)))
        .bubble();
  };
  EXPECT_NEAR(bubble(Schedule::gpipe, {4, 8, 1}, 1, 1, 1), 3.0 / 11, 1e-12);
  EXPECT_NEAR(bubble(Schedule::one_f_one_b, {8, 64, 1}, 1, 1.2, 0.7), 7.0 / 71, 1e-12);
  EXPECT_NEAR(bubble(Schedule::interleaved, {4, 8, 2}, 1, 1, 1), 3.0 / 19, 1e-12);
  // A third of 1F1B's bubble when all three are equal (Qi et al. 2023).
  EXPECT_NEAR(bubble(Schedule::zero_bubble, {4, 8, 1}, 1, 1, 1), 3.0 / (24 + 3), 1e-12);
  // Cheap weight gradients fill less.
  EXPECT_NEAR(bubble(Schedule::zero_bubble, {4, 12, 1}, 1, 1, 0.5), 3 * 1.5 / (30 + 4.5), 1e-12);
  EXPECT_NEAR(bubble(Schedule::zero_bubble, {8, 32, 1}, 1, 1.2, 0.9), 7 * 1.3 / (32 * 3.1 + 9.1),
              1e-12);
}

TEST(PipelineRun, TheSlowestStageSetsThePace) {
  const PipelineShape shape{4, 32, 1};
  PipelineTimes times = PipelineTimes::uniform(shape, Seconds(1), Seconds(1), Seconds(1));
  times.forward[2] = Seconds(2);
  times.input_gradient[2] = times.weight_gradient[2] = Seconds(2);
  const double time =
      run_pipeline(pipeline_order(Schedule::one_f_one_b, shape), shape, times).time.value();
  EXPECT_GE(time, 32 * 6.0);
  EXPECT_LE(time, (32 + 3) * 6.0);
}

TEST(PipelineRun, NothingStartsBeforeWhatItNeedsNorTwoAtOnce) {
  std::mt19937 random(9);
  std::uniform_real_distribution<double> some(0.1, 2);
  for (const Case& test : cases()) {
    const PipelineShape& shape = test.shape;
    PipelineTimes times;
    for (int part = 0; part < shape.parts(); ++part) {
      times.forward.emplace_back(some(random));
      times.input_gradient.emplace_back(some(random));
      times.weight_gradient.emplace_back(some(random));
      if (part + 1 == shape.parts()) break;
      times.send.emplace_back(some(random));
      times.send_back.emplace_back(some(random));
    }
    const auto orders = pipeline_order(test.schedule, shape);
    const PipelineRun run = run_pipeline(orders, shape, times);
    std::vector<std::vector<double>> forward(shape.parts(),
                                             std::vector<double>(shape.microbatches));
    auto backward = forward;
    for (std::size_t s = 0; s < orders.size(); ++s) {
      for (std::size_t i = 0; i < orders[s].size(); ++i) {
        const PipelineItem& item = orders[s][i];
        const int part = item.chunk * shape.stages + static_cast<int>(s);
        const double finish = run.spans[s][i].finish.value();
        if (i > 0) {
          EXPECT_GE(run.spans[s][i].start, run.spans[s][i - 1].finish);
        }
        if (item.kind == PipelineWork::forward) forward[part][item.microbatch] = finish;
        if (item.kind == PipelineWork::backward || item.kind == PipelineWork::input_gradient) {
          backward[part][item.microbatch] = finish;
        }
      }
    }
    for (std::size_t s = 0; s < orders.size(); ++s) {
      for (std::size_t i = 0; i < orders[s].size(); ++i) {
        const PipelineItem& item = orders[s][i];
        const int part = item.chunk * shape.stages + static_cast<int>(s);
        const double start = run.spans[s][i].start.value();
        double needed = 0;
        if (item.kind == PipelineWork::forward) {
          if (part > 0) needed = forward[part - 1][item.microbatch] + times.send[part - 1].value();
        } else if (item.kind == PipelineWork::weight_gradient) {
          needed = backward[part][item.microbatch];
        } else {
          needed = forward[part][item.microbatch];
          if (part + 1 < shape.parts()) {
            needed = std::max(needed,
                              backward[part + 1][item.microbatch] + times.send_back[part].value());
          }
        }
        EXPECT_GE(start, needed) << text(test);
      }
    }
    // Never faster than any stage's work, nor than one microbatch's way.
    for (const Seconds busy : run.busy) EXPECT_GE(run.time, busy);
  }
}

TEST(PipelineOrder, ActivationBytesFollowTheOrder) {
  const PipelineShape shape{4, 8, 1};
  const auto zero = pipeline_order(Schedule::zero_bubble, shape);
  const auto plain = pipeline_order(Schedule::one_f_one_b, shape);
  // Weight gradients that keep everything: every stage has the first one's peak.
  for (const auto& order : zero) {
    EXPECT_EQ(peak_activations(order, {Bytes(10)}, {Bytes(10)}), Bytes(40));
  }
  // That keep nothing: 1F1B's.
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_EQ(peak_activations(zero[s], {Bytes(10)}, {Bytes(0)}),
              peak_activations(plain[s], {Bytes(10)}, {Bytes(0)}));
    EXPECT_EQ(peak_activations(plain[s], {Bytes(10)}, {Bytes(0)}),
              Bytes(10 * (4 - static_cast<std::int64_t>(s))));
  }
}

TEST(PipelineOrder, BadShapesAreRefused) {
  EXPECT_THROW(pipeline_order(Schedule::interleaved, {4, 8, 1}), InputError);
  EXPECT_THROW(pipeline_order(Schedule::interleaved, {4, 6, 2}), InputError);
  EXPECT_THROW(pipeline_order(Schedule::gpipe, {4, 8, 2}), InputError);
}

TEST(PipelineOrder, FewMicrobatchesAreWarnedOf) {
  EXPECT_EQ(microbatch_warning(Schedule::one_f_one_b, {8, 8, 1}), "");
  EXPECT_EQ(microbatch_warning(Schedule::one_f_one_b, {8, 4, 1}),
            "4 microbatches are fewer than 8 pipeline stages: about 64 % of the time is bubble; "
            "with 32 microbatches it would be 18 %");
}

}  // namespace
}  // namespace simdse
