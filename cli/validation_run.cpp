#include "cli/validation_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/gap_causes.h"
#include "cli/report/output_folder.h"
#include "cli/report/progress.h"
#include "models/base/error.h"
#include "search/local/design_sampler.h"

namespace simdse {
namespace {

constexpr std::size_t kNearRounds = 5;
constexpr std::size_t kCentres = 10;

class ValidationRun {
 public:
  ValidationRun(const SearchSpec& spec, const TrainingSetup& setup,
                const ValidationOptions& options)
      : spec_(spec),
        setup_(setup),
        options_(options),
        evaluator_(setup.tasks, setup.workload.batch(), spec.technology),
        sampler_(*spec.space, evaluator_, spec.options.budget, options.seed),
        progress_("validate", static_cast<std::int64_t>(options.designs)) {
    result_.name = spec.name;
    for (const Task& task : setup.tasks.tasks) {
      double macs = 0;
      for (const OperatorId op : task.operators) {
        macs += static_cast<double>(setup.graph.work(op).macs());
      }
      loads_.push_back({macs, to_double(task.bytes_in() + task.bytes_out())});
    }
  }

  Validation run() {
    const std::size_t uniform = (options_.designs + 1) / 2;
    add_designs(uniform, {});
    for (std::size_t round = 1; round <= kNearRounds; ++round) {
      const std::vector<Point> centres = fastest();
      if (centres.empty()) break;
      const std::size_t target = uniform + (options_.designs - uniform) * round / kNearRounds;
      if (target > result_.designs.size()) add_designs(target - result_.designs.size(), centres);
    }
    result_.over_budget = sampler_.over_budget();
    if (result_.designs.size() < options_.designs) {
      result_.warnings.push_back(
          fmt::format("the space gave only {} designs that the budget allows and the workload fits",
                      result_.designs.size()));
    }
    measure(result_);
    if (result_.simulated == 0) {
      throw NegativeResult(
          result_.designs.empty()
              ? fmt::format("of {} designs drawn none is within the budget and fits "
                            "the workload",
                            sampler_.over_budget() + result_.unfit)
              : "every simulation failed: " + result_.designs.front().failure);
    }
    explain();
    progress_.finish();
    return std::move(result_);
  }

 private:
  /// Adds up to `count` designs, drawn near the centres if there are any.
  void add_designs(std::size_t count, const std::vector<Point>& centres) {
    const std::size_t target = result_.designs.size() + count;
    // Who does not fit is replaced; a space where hardly any does is given up.
    constexpr int max_attempts = 20;
    for (int attempt = 0; attempt < max_attempts && result_.designs.size() < target; ++attempt) {
      std::vector<ValidatedDesign> drawn;
      while (result_.designs.size() + drawn.size() < target) {
        const std::optional<Point> point =
            centres.empty() ? sampler_.draw()
                            : sampler_.draw_near(centres[sampler_.below(centres.size())]);
        if (!point) break;
        drawn.emplace_back();
        drawn.back().point = *point;
        drawn.back().is_near = !centres.empty();
      }
      if (drawn.empty()) return;
      measure_designs(std::move(drawn));
    }
  }

  /// Points of the fastest simulated designs.
  std::vector<Point> fastest() const {
    std::vector<const ValidatedDesign*> simulated;
    for (const ValidatedDesign& design : result_.designs) {
      if (design.simulated_s > 0) simulated.push_back(&design);
    }
    std::stable_sort(simulated.begin(), simulated.end(),
                     [](const auto* x, const auto* y) { return x->simulated_s < y->simulated_s; });
    std::vector<Point> points;
    for (std::size_t i = 0; i < std::min(kCentres, simulated.size()); ++i) {
      points.push_back(simulated[i]->point);
    }
    return points;
  }

  /// Estimates and simulates, and keeps those that the workload fits.
  void measure_designs(std::vector<ValidatedDesign> drawn) {
    std::vector<std::function<std::string()>> jobs;
    for (const ValidatedDesign& design : drawn) {
      jobs.emplace_back([&] { return job(design.point).dump(); });
    }
    const std::size_t before = result_.designs.size();
    WorkerOptions workers;
    workers.workers = options_.workers;
    const std::vector<JobResult> results = run_jobs(jobs, workers, [&](std::size_t done) {
      progress_.update(static_cast<std::int64_t>(before + done));
    });
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      ValidatedDesign& design = drawn[i];
      const Chip chip = evaluator_.chip(spec_.space->design(design.point));
      const std::string others = spec_.space->other_values(design.point);
      design.name = chip.label() + (others.empty() ? "" : " (" + others + ")");
      design.area_mm2 = chip.area().value();
      design.tdp_w = chip.tdp().value();
      predict_simply(chip, design);
      if (results[i].ok) {
        const nlohmann::json json = nlohmann::json::parse(results[i].output);
        if (json.contains("unfit")) {
          ++result_.unfit;
          continue;
        }
        design.estimate_s = json.at("estimate_s");
        design.simulated_s = json.at("simulated_s");
        design.failure = json.at("failure");
      } else {
        design.failure = results[i].failure;
      }
      result_.designs.push_back(std::move(design));
    }
  }

  /// In a worker process.
  nlohmann::json job(const Point& point) const {
    const Chip chip = evaluator_.chip(spec_.space->design(point));
    Plan plan;
    try {
      plan = make_plan(chip, setup_.tasks).plan;
    } catch (const InputError& problem) {
      return {{"unfit", problem.what()}};
    }
    nlohmann::json json = {{"estimate_s", estimate_plan(chip, plan).time.value()},
                           {"simulated_s", 0.0},
                           {"failure", ""}};
    try {
      const SimulationResult result = from_text(options_.simulate(chip, setup_, plan, {}, ""));
      json["simulated_s"] = to_seconds(result.time).value();
    } catch (const std::exception& problem) {
      json["failure"] = problem.what();
    }
    return json;
  }

  void predict_simply(const Chip& chip, ValidatedDesign& design) const {
    const double peak = chip.peak_macs_per_second(product_format(setup_.tasks));
    const double bandwidth = chip.memory().peak_bandwidth().value();
    for (const Load& load : loads_) {
      design.peak_s += load.macs / peak;
      design.roofline_s += std::max(load.macs / peak, load.bytes / bandwidth);
    }
  }

  /// Traces the gap of the fastest designs to its causes.
  void explain() {
    const std::vector<Point> points = fastest();
    const std::size_t count = std::min(options_.explained, points.size());
    struct Explained {
      Chip chip;
      PlanResult planned;
      PlanEstimate estimate;
      Picoseconds simulated;
    };
    std::vector<Explained> designs;
    designs.reserve(count);
    std::vector<GapSeries> series;
    series.reserve(count);
    std::vector<std::function<std::string()>> jobs;
    for (std::size_t i = 0; i < count; ++i) {
      Chip chip = evaluator_.chip(spec_.space->design(points[i]));
      PlanResult planned = make_plan(chip, setup_.tasks);
      PlanEstimate estimate = estimate_plan(chip, planned.plan);
      const auto known = std::find_if(result_.designs.begin(), result_.designs.end(),
                                      [&](const auto& d) { return d.point == points[i]; });
      designs.push_back({std::move(chip), std::move(planned), std::move(estimate),
                         to_picoseconds(Seconds(known->simulated_s))});
      series.emplace_back(designs[i].chip, setup_, designs[i].planned.plan);
    }
    for (const GapSeries& one : series) one.append_jobs(options_.simulate, jobs);
    WorkerOptions workers;
    workers.workers = options_.workers;
    const std::vector<JobResult> results = run_jobs(jobs, workers);
    const JobResult* next = results.data();
    for (std::size_t i = 0; i < count; ++i) {
      std::string problem;
      const std::vector<GapShare> shares =
          series[i].shares(next, designs[i].estimate, designs[i].simulated, problem);
      next += series[i].size();
      if (shares.empty()) {
        result_.warnings.push_back("a gap has no causes: " + problem);
        continue;
      }
      if (result_.gap.empty()) {
        for (const GapShare& share : shares) result_.gap.push_back({share.cause, 0});
      }
      for (std::size_t j = 0; j < shares.size(); ++j) result_.gap[j].share += shares[j].share;
      ++result_.explained;
    }
    for (GapShare& share : result_.gap) share.share /= static_cast<double>(result_.explained);
  }

  struct Load {
    double macs = 0;
    double bytes = 0;
  };

  const SearchSpec& spec_;
  const TrainingSetup& setup_;
  const ValidationOptions& options_;
  Evaluator evaluator_;
  DesignSampler sampler_;
  Progress progress_;
  std::vector<Load> loads_;
  Validation result_;
};

}  // namespace

void measure(Validation& validation) {
  validation.simulated = 0;
  const auto add = [&](const char* name, double ValidatedDesign::*time) {
    std::vector<Prediction> predictions;
    for (const ValidatedDesign& design : validation.designs) {
      if (design.simulated_s == 0) continue;
      if (design.*time == 0) return;
      predictions.push_back({design.*time, design.simulated_s});
    }
    validation.simulated = std::max(validation.simulated, predictions.size());
    validation.predictors.push_back({name, measure_fidelity(predictions)});
  };
  add("estimate", &ValidatedDesign::estimate_s);
  add("roofline", &ValidatedDesign::roofline_s);
  add("peak FLOPS", &ValidatedDesign::peak_s);
}

Validation validate_search(const SearchSpec& spec, const TrainingSetup& setup,
                           const ValidationOptions& options) {
  return ValidationRun(spec, setup, options).run();
}

Validation validate_results(const std::string& path) {
  Validation result;
  try {
    const nlohmann::ordered_json json = nlohmann::ordered_json::parse(read_file(path));
    result.name = json.at("inputs").at("name");
    for (const char* list : {"candidates", "baselines"}) {
      for (const nlohmann::ordered_json& entry : json.at(list)) {
        ValidatedDesign design;
        design.name = entry.at("name");
        const bool is_known =
            std::any_of(result.designs.begin(), result.designs.end(),
                        [&](const ValidatedDesign& d) { return d.name == design.name; });
        if (is_known) continue;  // a baseline that is a candidate as well
        design.area_mm2 = entry.at("chip").at("area_mm2");
        design.tdp_w = entry.at("chip").at("tdp_w");
        design.estimate_s = entry.at("estimate").at("time_s");
        // HFU is the time at the peak MAC rate over the time estimated.
        design.peak_s = design.estimate_s * entry.at("estimate").at("hfu").get<double>();
        if (entry.at("simulation").is_null()) {
          design.failure = entry.at("status");
        } else {
          design.simulated_s = entry.at("simulation").at("time_s");
        }
        result.designs.push_back(std::move(design));
      }
    }
    for (const auto& [cause, share] : json.at("gap_of_best").items()) {
      result.gap.push_back({cause, share});
    }
    result.explained = result.gap.empty() ? 0 : 1;
  } catch (const nlohmann::json::exception& problem) {
    throw InputError(fmt::format("{}: is not the result of a search: {}", path, problem.what()));
  }
  measure(result);
  if (result.simulated == 0) throw NegativeResult(path + ": no design was simulated");
  return result;
}

}  // namespace simdse
