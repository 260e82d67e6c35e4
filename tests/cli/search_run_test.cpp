// A whole search whose simulations fail: each costs what it was for and nothing else.
#include "cli/search_run.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/report/search_json.h"
#include "cli/report/search_report.h"

namespace simdse {
namespace {

namespace fs = std::filesystem;

// A space that has the baseline and something faster at its cost.
constexpr const char* kInputs =
    "workload: {model: bert_large, layers: 4, batch: 8}\n"
    "base: tpu_v2\n"
    "objectives: [throughput]\n"
    "space:\n"
    "  cores.0.count: {min: 1, max: 4}\n"
    "  cores.1.count: [1, 2]\n"
    "  global_buffer.capacity: [8 MiB, 26 MiB]\n"
    "  global_buffer.banks: [8, 32]\n"
    "  memory.stacks: [3, 4]\n";

class FailingSearch : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("simdse_search_{}", getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Searches, with `simulate` for the simulations, and writes the results.
  SearchRun run(SimulationJob simulate, int top_k = 2, int simulations = 24) {
    const std::string file = (folder_ / "small.yaml").string();
    std::ofstream(file) << "schema: 1\n"
                        << kInputs
                        << fmt::format("budget: {{like: tpu_v2}}\ntop_k: {}\nsimulations: {}\n",
                                       top_k, simulations);
    SearchRunOptions options;
    options.workers = 2;
    options.simulate = std::move(simulate);
    OutputFolder folder((folder_ / "out").string(), result_files());
    const std::string trace = folder.reserve("trace.pftrace");
    SearchRun result =
        run_whole_search(load_search(file, DataFiles(SIMDSE_SOURCE_DIR)), options, trace);
    write_results(folder, result);
    return result;
  }

  /// Searches with other values of the inputs; writes nothing.
  SearchRun search(const std::vector<std::string>& overrides, SearchRunOptions options = {}) {
    const std::string file = (folder_ / "small.yaml").string();
    std::ofstream(file) << "schema: 1\n" << kInputs << "budget: {like: tpu_v2}\n";
    std::vector<Override> parsed;
    for (const std::string& text : overrides) parsed.push_back(parse_override(text));
    return run_whole_search(load_search(file, DataFiles(SIMDSE_SOURCE_DIR), parsed), options, "");
  }

  /// Interrupts itself in the job after `whole` whole simulations, one at a time.
  SearchRunOptions interrupted_after(int whole) const {
    const fs::path done = folder_ / "done";
    const fs::path interrupt = folder_ / "interrupt";
    SearchRunOptions options;
    options.workers = 1;
    options.is_interrupted = [interrupt] { return fs::exists(interrupt); };
    options.simulate = [=](const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                           const SimulationOptions& simulation, const std::string& trace) {
      const auto before = fs::exists(done) ? fs::file_size(done) : 0;
      if (before < static_cast<std::uintmax_t>(whole)) {
        std::ofstream(done, std::ios::app) << '.';
        return simulation_job(chip, setup, plan, simulation, trace);
      }
      std::ofstream(interrupt) << '.';
      for (;;) pause();
    };
    return options;
  }

  bool has(const char* name) const { return fs::exists(folder_ / "out" / name); }

  fs::path folder_;
};

[[noreturn]] void crash() {
  std::signal(SIGSEGV, SIG_DFL);
  std::raise(SIGSEGV);
  _exit(0);
}

bool is_plain(const SimulationOptions& options, const std::string& trace) {
  return trace.empty() && !options.ideal.memory;
}

/// Checks a decision by its definition, over the designs that were not simulated.
void expect_decision_holds(const SearchRun& run) {
  const auto batch = static_cast<double>(run.setup->workload.batch());
  double best = 0;
  double most = 0;
  for (const std::vector<Contender>* list : {&run.candidates, &run.baselines}) {
    for (const Contender& c : *list) {
      ASSERT_TRUE(c.simulation.has_value()) << c.failure;
      const double simulated = batch / to_seconds(c.simulation->time).value();
      most = std::max(most, simulated * c.estimate.time.value() / batch);
      if (c.is_in_budget && !c.point.empty()) best = std::max(best, simulated);
    }
  }
  EXPECT_NEAR(run.decision.most_favourable.value(), most - 1, 1e-12);
  std::size_t open = 0;
  std::size_t waiting = 0;
  for (const Candidate& other : run.search.runners_up) {
    const auto is_it = [&](const Contender& c) { return c.point == other.point; };
    if (std::any_of(run.candidates.begin(), run.candidates.end(), is_it) ||
        std::any_of(run.baselines.begin(), run.baselines.end(), is_it)) {
      continue;
    }
    ++waiting;
    open += other.evaluation.throughput * most > best;
  }
  EXPECT_EQ(run.decision.open, open);
  EXPECT_EQ(run.decision.estimated, run.decision.simulated + waiting);
}

/// Simulates, and makes the step longer where `slows_down` says so.
SimulationJob slowed(std::function<double(const Chip&)> factor) {
  return [factor](const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                  const SimulationOptions& options, const std::string& trace) {
    SimulationResult result = from_text(simulation_job(chip, setup, plan, options, trace));
    result.time = static_cast<Picoseconds>(static_cast<double>(result.time) * factor(chip));
    return to_text(result);
  };
}

TEST_F(FailingSearch, SimulatesDownTheRankingUntilItIsDecided) {
  // What the estimate likes best turns out a third slower: others must be looked at.
  const SearchRun plain = run(simulation_job, 1);
  EXPECT_EQ(plain.decision.open, 0U);
  expect_decision_holds(plain);
  const std::string favourite = plain.candidates[rank_by_estimate(plain, 0) - 1].name;
  const SearchRun slow =
      run(slowed([&](const Chip& chip) { return chip.label() == favourite ? 1.33 : 1.0; }), 1);
  EXPECT_EQ(slow.decision.open, 0U);
  expect_decision_holds(slow);
  EXPECT_GT(slow.candidates.size(), plain.candidates.size());
  EXPECT_NE(slow.candidates.front().name, favourite);
  EXPECT_GT(slow.decision.spread.value(), 0.3);
  EXPECT_NE(search_text(slow).find("decided     "), std::string::npos);
}

TEST_F(FailingSearch, SaysWhenTheLimitOfSimulationsLeavesItOpen) {
  const SearchRun plain = run(simulation_job, 1, 1);
  const std::string favourite = plain.candidates[0].name;
  const SearchRun slow =
      run(slowed([&](const Chip& chip) { return chip.label() == favourite ? 1.33 : 1.0; }), 1, 1);
  expect_decision_holds(slow);
  EXPECT_GT(slow.decision.open, 0U);
  EXPECT_EQ(slow.decision.simulated, 1U);
  EXPECT_NE(search_text(slow).find("undecided   "), std::string::npos);
}

TEST_F(FailingSearch, WhatMissesTheFloorInTheSimulationIsBehindWhatReachesIt) {
  const SearchRun plain = search({"objectives=[energy]", "top_k=2"});
  const std::string favourite = plain.candidates.front().name;
  const double floor = plain.candidates.front().simulated_throughput(8) * 0.9;
  const std::vector<std::string> inputs = {"objectives=[energy]", "top_k=2",
                                           fmt::format("throughput_floor={}", floor)};
  SearchRunOptions options;
  // Slower, but as thrifty as before: without the floor it would still be the best.
  options.simulate =
      slowed([&](const Chip& chip) { return chip.label() == favourite ? 1.33 : 1.0; });
  const SearchRun slow = search(inputs, options);
  EXPECT_NE(slow.candidates.front().name, favourite);
  EXPECT_FALSE(yardstick_of(slow).misses_floor(slow.candidates.front()));
  EXPECT_EQ(slow.decision.open, 0U);
  const auto at = std::find_if(slow.candidates.begin(), slow.candidates.end(),
                               [&](const Contender& c) { return c.name == favourite; });
  ASSERT_NE(at, slow.candidates.end());
  EXPECT_TRUE(yardstick_of(slow).misses_floor(*at));
  for (auto behind = at; behind != slow.candidates.end(); ++behind) {
    EXPECT_TRUE(yardstick_of(slow).misses_floor(*behind) || !behind->is_in_budget);
  }
  EXPECT_NE(search_text(slow).find(" *  "), std::string::npos);
  EXPECT_NE(search_text(slow).find("simulated below the floor of"), std::string::npos);

  options.simulate = slowed([](const Chip&) { return 2.0; });
  const SearchRun all_slow = search(inputs, options);
  EXPECT_NE(search_text(all_slow).find("warning     no simulated design within the budget reaches"),
            std::string::npos);
  EXPECT_FALSE(search_json(all_slow).at("candidates").at(0).at("reaches_floor").get<bool>());
}

TEST_F(FailingSearch, AFloorLikeTheBaselineIsWhatThatAchievesInTheSimulation) {
  SearchRunOptions options;
  options.simulate = slowed([](const Chip&) { return 1.5; });
  const SearchRun slow = search({"objectives=[energy]"}, options);
  EXPECT_EQ(slow.simulated_floor.samples_per_second,
            slow.baselines.front().simulated_throughput(8));
  EXPECT_FALSE(yardstick_of(slow).misses_floor(slow.candidates.front()));
}

TEST_F(FailingSearch, AReportIsInTheQuantityOfItsFirstObjective) {
  const SearchRun result = search({"objectives=[energy]", "top_k=2"});
  ASSERT_TRUE(result.headline.has_value()) << result.no_headline;
  const auto joules = [](const Contender& c) { return c.simulation->energy.value(); };
  const Contender& best = result.candidates[result.headline->contender];
  EXPECT_NEAR(result.headline->gain, joules(result.baselines.front()) / joules(best), 1e-9);
  double product = 1;
  for (const Contribution& part : result.contributions) product *= part.factor;
  EXPECT_NEAR(product, result.headline->estimated_gain, 1e-9);
  const std::string text = search_text(result);
  EXPECT_EQ(text.find("speed-up"), std::string::npos) << text;
  EXPECT_NE(text.find("x less (J/sample) over tpu_v2"), std::string::npos) << text;
  EXPECT_NE(text.find(" % in energy)"), std::string::npos) << text;
  EXPECT_NE(text.find(fmt::format("{:.4g}", joules(best) / 8)), std::string::npos) << text;
  EXPECT_EQ(search_json(result).at("one_step_more").at(0).at("gain_in"), "energy");
  const std::string product_text = search_text(search({"objectives=[energy_delay_product]"}));
  EXPECT_NE(product_text.find("J s/sample^2"), std::string::npos) << product_text;
}

TEST_F(FailingSearch, SimulationsAreAMaximumWhateverTheObjectives) {
  const std::vector<std::string> objectives = {"objectives=[throughput,throughput_per_tdp,energy]",
                                               "top_k=4", "throughput_floor=1",
                                               "method=exhaustive"};
  std::vector<std::string> four = objectives;
  four.emplace_back("simulations=4");
  const SearchRun all = search(objectives);
  ASSERT_GT(all.candidates.size(), 4U);
  const SearchRun limited = search(four);
  EXPECT_EQ(limited.candidates.size(), 4U);
  ASSERT_FALSE(limited.warnings.empty());
  EXPECT_NE(limited.warnings.front().find("simulations: 4 allows no more"), std::string::npos);
  EXPECT_EQ(limited.decision.estimated, all.decision.estimated);
  // Also not one more for the comparison at the baseline's own cost.
  four.emplace_back("budget={area: 800 mm2, power: 250 W}");
  EXPECT_EQ(search(four).candidates.size(), 4U);
}

TEST_F(FailingSearch, OneGapDecidesNothing) {
  const SearchRun result = search({"baselines=[]", "top_k=1"});
  EXPECT_GE(result.decision.gaps, kLeastGaps);
  EXPECT_TRUE(result.decision.is_decided());
  const SearchRun one = search({"baselines=[]", "top_k=1", "simulations=1"});
  EXPECT_FALSE(one.decision.is_decided());
  EXPECT_NE(search_text(one).find("undecided   1 of "), std::string::npos);
  EXPECT_NE(search_text(one).find("on the evidence of 1 gap"), std::string::npos);
}

TEST_F(FailingSearch, InterruptedBeforeAnySimulationItClaimsNothing) {
  const SearchRun result = search({"top_k=2"}, interrupted_after(0));
  ASSERT_TRUE(result.is_partial);
  const std::string text = search_text(result);
  EXPECT_EQ(text.find("best gap seen"), std::string::npos) << text;
  EXPECT_EQ(text.find("failed"), std::string::npos) << text;
  EXPECT_NE(text.find("fidelity    unknown"), std::string::npos) << text;
  const auto json = search_json(result);
  for (const char* key : {"mean_abs_gap", "kendall_tau", "top1_regret"}) {
    EXPECT_TRUE(json.at("fidelity").at(key).is_null()) << key;
  }
  EXPECT_TRUE(json.at("decision").at("most_favourable_gap").is_null());
  EXPECT_FALSE(json.at("decision").at("is_decided").get<bool>());
  EXPECT_EQ(json.at("candidates").at(0).at("status"), "interrupted");
}

TEST_F(FailingSearch, InterruptedBetweenSimulationsNothingIsDecided) {
  const SearchRun result = search({"top_k=2", "baselines=[]"}, interrupted_after(1));
  ASSERT_TRUE(result.is_partial);
  EXPECT_EQ(result.decision.simulated, 1U);
  EXPECT_FALSE(result.decision.is_decided());
  EXPECT_NE(search_text(result).find("undecided   1 of "), std::string::npos);
  EXPECT_TRUE(search_json(result).at("fidelity").at("kendall_tau").is_null());
}

TEST_F(FailingSearch, ABaselineOverTheBudgetDecidesNothing) {
  // The favourite turns out slow; the baseline, which is faster than all within this budget, is no
  // answer. All designs are estimated, so that there are some to go on to.
  const auto search = [&](SimulationJob simulate) {
    const std::string file = (folder_ / "smaller.yaml").string();
    std::ofstream(file) << "schema: 1\n"
                        << kInputs
                        << "budget: {area: 560 mm2, power: 165 W}\ntop_k: 1\nmethod: exhaustive\n";
    SearchRunOptions options;
    options.simulate = std::move(simulate);
    return run_whole_search(load_search(file, DataFiles(SIMDSE_SOURCE_DIR)), options, "");
  };
  const SearchRun plain = search(simulation_job);
  ASSERT_FALSE(plain.baselines.front().is_in_budget);
  const std::string favourite = plain.candidates[rank_by_estimate(plain, 0) - 1].name;
  const SearchRun slow =
      search(slowed([&](const Chip& chip) { return chip.label() == favourite ? 1.33 : 1.0; }));
  expect_decision_holds(slow);
  EXPECT_GT(slow.candidates.size(), plain.candidates.size());
}

TEST_F(FailingSearch, WithoutFailuresAllIsThere) {
  const SearchRun result = run(simulation_job);
  EXPECT_TRUE(has("trace.pftrace"));
  EXPECT_FALSE(result.gap.empty());
  ASSERT_TRUE(result.headline.has_value());
  double product = 1;
  for (const Contribution& part : result.contributions) product *= part.factor;
  EXPECT_NEAR(product, result.headline->estimated_gain, 1e-9);
}

TEST_F(FailingSearch, ACrashWhileExplainingCostsTheExplanation) {
  const SearchRun result = run([](const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                                  const SimulationOptions& options, const std::string& trace) {
    if (!is_plain(options, trace)) crash();
    return simulation_job(chip, setup, plan, options, trace);
  });
  EXPECT_TRUE(has("results.json"));
  EXPECT_TRUE(has("best.yaml"));
  EXPECT_FALSE(has("trace.pftrace"));
  EXPECT_TRUE(result.gap.empty());
  EXPECT_TRUE(result.candidates.front().simulation.has_value());
  ASSERT_GE(result.warnings.size(), 2U);
  EXPECT_NE(result.warnings[0].find("no trace of #1: its simulation crashed"), std::string::npos);
  EXPECT_NE(search_text(result).find("warning     there is no trace"), std::string::npos);
}

TEST_F(FailingSearch, ACrashedCandidateIsLastAndShowsNothingSimulated) {
  const SearchRun healthy = run(simulation_job);
  const std::string victim = healthy.candidates.front().name;
  ASSERT_NE(victim, healthy.candidates[1].name);
  const SearchRun result = run([&](const Chip& chip, const TrainingSetup& setup, const Plan& plan,
                                   const SimulationOptions& options, const std::string& trace) {
    if (chip.label() == victim) crash();
    return simulation_job(chip, setup, plan, options, trace);
  });
  const Contender& last = result.candidates.back();
  EXPECT_EQ(last.name, victim);
  EXPECT_NE(last.failure.find("crashed"), std::string::npos);
  EXPECT_TRUE(result.candidates.front().simulation.has_value());
  EXPECT_TRUE(has("trace.pftrace"));
  const std::string text = search_text(result);
  std::istringstream words(text.substr(text.find("failed ", text.find("#  design"))));
  std::vector<std::string> row(7);
  for (std::string& word : row) words >> word;
  EXPECT_EQ(row[0], "failed");
  EXPECT_EQ(row[1], "-");  // gap
  EXPECT_EQ(row[2], "-");  // per watt
  EXPECT_EQ(row[6], "-");  // MFU, behind area, power and memory
}

TEST_F(FailingSearch, WhenAllFailTheEstimatesAreStillWritten) {
  const SearchRun result =
      run([](const Chip&, const TrainingSetup&, const Plan&, const SimulationOptions&,
             const std::string&) -> std::string { crash(); });
  EXPECT_TRUE(has("results.json"));
  EXPECT_FALSE(has("trace.pftrace"));
  EXPECT_FALSE(result.headline.has_value());
  EXPECT_NE(search_text(result).find("the simulation of tpu_v2 failed"), std::string::npos);
  const auto json = search_json(result);
  EXPECT_TRUE(json.at("candidates").at(0).at("simulation").is_null());
}

TEST_F(FailingSearch, TheComparisonIsAtTheBaselinesOwnCostWhateverTheBudget) {
  const SearchRun result = run(simulation_job);
  const Contender& baseline = result.baselines.front();
  const SearchRun larger = [&] {
    const std::string file = (folder_ / "larger.yaml").string();
    // A quarter more than the baseline costs.
    std::ofstream(file) << "schema: 1\n"
                        << kInputs
                        << fmt::format("budget: {{area: {} mm2, power: {} W}}\ntop_k: 1\n",
                                       baseline.chip.area().value() * 1.25,
                                       baseline.chip.tdp().value() * 1.25);
    return run_whole_search(load_search(file, DataFiles(SIMDSE_SOURCE_DIR)), {}, "");
  }();
  ASSERT_TRUE(larger.headline.has_value()) << larger.no_headline;
  const Contender& compared = larger.candidates[larger.headline->contender];
  EXPECT_LE(compared.chip.tdp().value(), baseline.chip.tdp().value() * (1 + 1e-9));
  EXPECT_GE(larger.headline->gain, result.headline->gain - 1e-9);
  EXPECT_GT(larger.candidates.front().chip.tdp().value(), baseline.chip.tdp().value());
}

TEST_F(FailingSearch, ABaselineOfTheSpaceThatNothingBeatsIsTheAnswer) {
  // All that is simulated beside the baseline comes out half as fast.
  const SearchRun result = run(
      [](const Chip& chip, const TrainingSetup& setup, const Plan& plan,
         const SimulationOptions& options, const std::string& trace) {
        SimulationResult simulated = from_text(simulation_job(chip, setup, plan, options, trace));
        if (chip.design().name != "tpu_v2") simulated.time *= 2;
        return to_text(simulated);
      },
      1);
  EXPECT_TRUE(result.candidates.front().is_baseline);
  EXPECT_EQ(result.candidates.front().name, "tpu_v2");
  EXPECT_FALSE(result.headline.has_value());
  EXPECT_NE(result.no_headline.find("nothing simulated is faster"), std::string::npos);
}

}  // namespace
}  // namespace simdse
