// How fast planning and simulation are: prints ratios and CPU seconds. What each figure is, and
// what it was when last measured, is in docs/performance.md.
//
//   speed [events|iteration|gemm|candidates|best]... [--repeat N] [--count N] [--workers N]
//         [--seed N] [--smoke]
#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/contender.h"
#include "cli/probe/one_operator.h"
#include "cli/training_setup.h"
#include "models/base/worker_pool.h"
#include "search/estimate/plan_estimate.h"
#include "search/local/design_sampler.h"
#include "search/local/evaluator.h"
#include "search/local/search_spec.h"
#include "search/schedule/planner.h"
#include "sim/kernel/quaternary_heap.h"
#include "sim/run/simulation.h"

namespace simdse {
namespace {

struct Settings {
  std::vector<std::string> parts;
  int repeat = 3;
  std::size_t count = 1000;  ///< candidates
  int workers = 2;
  std::uint64_t seed = 1;
  bool is_smoke = false;  ///< small inputs: does it work at all
};

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

double cpu_seconds(int who = RUSAGE_SELF) {
  rusage usage{};
  getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// CPU seconds that `work` takes.
double seconds_of(const std::function<void()>& work) {
  const double before = cpu_seconds();
  work();
  return cpu_seconds() - before;
}

/// Of this process, now.
double resident_mib() {
  std::ifstream stream("/proc/self/statm");
  double total = 0;
  double resident = 0;
  stream >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// The most that this process ever held. A child begins with what its parent holds.
double largest_resident_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Runs `measure` in processes of their own (SystemC elaborates once per process), one after the
/// other, and returns the answer with the least value at `key`: what else runs on the machine only
/// adds.
nlohmann::json least(const Settings& settings, const std::string& key,
                     const std::function<nlohmann::json()>& measure) {
  const std::vector<std::function<std::string()>> jobs(static_cast<std::size_t>(settings.repeat),
                                                       [&] { return measure().dump(); });
  nlohmann::json best;
  for (const JobResult& result : run_jobs(jobs, {})) {
    if (!result.ok) throw std::runtime_error(result.failure);
    nlohmann::json answer = nlohmann::json::parse(result.output);
    if (best.is_null() || answer.at(key) < best.at(key)) best = std::move(answer);
  }
  return best;
}

nlohmann::json simulate_timed(const Chip& chip, const Plan& plan) {
  SimulationResult result;
  const double seconds = seconds_of([&] { result = simulate(chip, plan, {}); });
  return {{"cpu_s", seconds}, {"events", result.events}, {"time_ps", result.time}};
}

/// The least that an event can cost: taken from the heap, and asked for again at a random later
/// time.
double bare_loop_seconds(std::uint64_t events, std::size_t pending) {
  struct Entry {
    std::int64_t time;
    std::uint64_t token;
    bool operator<(const Entry& other) const { return time < other.time; }
  };
  QuaternaryHeap<Entry> heap;
  std::uint64_t state = 1;
  const auto next_delay = [&state] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int64_t>(state >> 44) + 1;
  };
  for (std::size_t i = 0; i < pending; ++i) heap.push({next_delay(), i});
  return seconds_of([&] {
    for (std::uint64_t i = 0; i < events; ++i) {
      const Entry entry = heap.front();
      heap.pop();
      heap.push({entry.time + next_delay(), entry.token});
    }
  });
}

void measure_events(const Settings& settings) {
  const Chip chip = load_chip("tpu_v2", files());
  const TrainingSetup setup(load_workload(settings.is_smoke ? "resnet18" : "bert_large", files()));
  const Plan plan = make_plan(chip, setup.tasks).plan;
  const nlohmann::json run = least(settings, "ratio", [&] {
    nlohmann::json timed = simulate_timed(chip, plan);
    constexpr std::size_t pending = 100;
    timed["bare_s"] = bare_loop_seconds(timed.at("events"), pending);
    timed["ratio"] = timed.at("cpu_s").get<double>() / timed.at("bare_s").get<double>();
    return timed;
  });
  const double events = run.at("events");
  fmt::print(
      "events      {} on tpu_v2: {:.0f} events, {:.0f} ns each; bare 4-ary heap loop "
      "{:.0f} ns: {:.2f} times slower\n",
      setup.workload.name, events, run.at("cpu_s").get<double>() / events * 1e9,
      run.at("bare_s").get<double>() / events * 1e9, run.at("ratio").get<double>());
}

void measure_iteration(const Settings& settings) {
  std::vector<Override> workload = {{"batch", "1"}};
  if (settings.is_smoke) workload.push_back({"layers", "2"});
  const Chip chip = load_chip("tpu_v3", files(), {{"memory.stack_capacity", "16 GiB"}});
  const TrainingSetup setup(load_workload("gpt2_xl", files(), workload));
  const nlohmann::json run = least(settings, "cpu_s", [&] {
    Plan plan;
    const double planning = seconds_of([&] {
      plan = make_plan(chip, setup.tasks).plan;
      estimate_plan(chip, plan);
    });
    nlohmann::json timed = simulate_timed(chip, plan);
    timed["planning_s"] = planning;
    return timed;
  });
  fmt::print(
      "iteration   gpt2_xl, batch 1, on tpu_v3 with 64 GiB: {:.2f} ms simulated in {:.2f} CPU "
      "s, {} events; planned and estimated in {:.2f} CPU s\n",
      run.at("time_ps").get<double>() * 1e-9, run.at("cpu_s").get<double>(),
      run.at("events").get<std::uint64_t>(), run.at("planning_s").get<double>());
}

void measure_gemm(const Settings& settings) {
  // The design whose accuracy docs/fidelity.md publishes: one 128 x 128 core at 1 GHz, 16 channels.
  const Chip chip = load_chip("event_driven_peer", files());
  const Graph graph = gemm_graph({2048, 4608, 12288}, number_format("fp16"));
  const TaskGraph tasks = build_task_graph(graph);
  const Plan plan = make_plan(chip, tasks).plan;
  const nlohmann::json run = least(settings, "cpu_s", [&] { return simulate_timed(chip, plan); });
  const double cycles = run.at("time_ps").get<double>() * 1e-3;
  fmt::print(
      "gemm        2048x4608x12288 on event_driven_peer: {:.0f} cycles, {} events, {:.4f} CPU "
      "s: {:.0f} million cycles per CPU second\n",
      cycles, run.at("events").get<std::uint64_t>(), run.at("cpu_s").get<double>(),
      cycles / run.at("cpu_s").get<double>() * 1e-6);
}

/// A search whose candidates are measured.
struct Candidates {
  explicit Candidates(const Settings& settings)
      : spec(load_search(files().root() + "/configs/searches/bert_large.yaml", files(),
                         settings.is_smoke ? std::vector<Override>{{"workload.layers", "1"}}
                                           : std::vector<Override>{})),
        setup(spec.workload),
        evaluator(setup.tasks, setup.workload.batch(), spec.technology),
        sampler(*spec.space, evaluator, spec.options.budget, settings.seed) {}

  SearchSpec spec;
  TrainingSetup setup;
  Evaluator evaluator;
  DesignSampler sampler;
};

/// What came of designs that were planned and simulated.
struct Tally {
  std::size_t simulated = 0;
  double planning = 0;    ///< CPU seconds of this process, while the workers wait
  double simulating = 0;  ///< of the workers, and of this process for them
  double events = 0;
  double largest_mib = 0;  ///< that any worker's process held
  double slowest = 0;      ///< CPU seconds to simulate the slowest
  std::string slowest_label;
  std::string failure;  ///< why one was not simulated, if any was not

  void add(const Contender& contender, const JobResult& result) {
    if (!result.ok) {
      failure = result.failure;
      return;
    }
    const nlohmann::json answer = nlohmann::json::parse(result.output);
    ++simulated;
    events += answer.at("events").get<double>();
    largest_mib = std::max(largest_mib, answer.at("resident_mib").get<double>());
    if (answer.at("cpu_s") <= slowest) return;
    slowest = answer.at("cpu_s");
    slowest_label = contender.name;
  }
};

/// Plans and simulates designs a few at a time, as a search does that goes down its ranking.
/// `evaluator`: what is known of the options of their operators.
void simulate_some(const Settings& settings, const SearchSpace& space, const Evaluator& evaluator,
                   const std::vector<Point>& points, Tally& tally) {
  std::vector<Contender> contenders;
  tally.planning += seconds_of([&] {
    for (const Point& point : points) {
      try {
        contenders.push_back(make_contender(evaluator, "", space.design(point)));
        contenders.back().name = contenders.back().chip.label();
      } catch (const InputError& problem) {
        tally.failure = problem.what();
      }
    }
  });
  std::vector<std::function<std::string()>> jobs;
  for (const Contender& contender : contenders) {
    jobs.emplace_back([&contender] {
      nlohmann::json answer = simulate_timed(contender.chip, contender.planned.plan);
      answer["resident_mib"] = largest_resident_mib();
      return answer.dump();
    });
  }
  WorkerOptions options;
  options.workers = settings.workers;
  const double children_before = cpu_seconds(RUSAGE_CHILDREN);
  std::vector<JobResult> results;
  tally.simulating += seconds_of([&] { results = run_jobs(jobs, options); });
  tally.simulating += cpu_seconds(RUSAGE_CHILDREN) - children_before;
  for (std::size_t i = 0; i < results.size(); ++i) tally.add(contenders[i], results[i]);
}

/// Plans and simulates designs with the workers that a search has. If `are_known`, the evaluator
/// has met their like, as a search has when it simulates them; else nothing is known of any.
void simulate_candidates(const Settings& settings, const Candidates& candidates,
                         const std::string& what, const std::vector<Point>& points,
                         bool are_known) {
  constexpr std::size_t at_a_time = 4;  // as SimulationLadder takes them
  const std::size_t tenth = std::max<std::size_t>(points.size() / 10, 1);
  const std::size_t early =
      std::min(points.size(), (tenth + at_a_time - 1) / at_a_time * at_a_time);
  Tally tally;
  double resident_before = 0;
  double largest_before = 0;
  for (std::size_t begin = 0; begin < points.size(); begin += at_a_time) {
    const auto first = points.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t end = std::min(begin + at_a_time, points.size());
    const std::vector<Point> some(first, points.begin() + static_cast<std::ptrdiff_t>(end));
    const Evaluator fresh(candidates.setup.tasks, candidates.setup.workload.batch(),
                          candidates.spec.technology);
    simulate_some(settings, *candidates.spec.space, are_known ? candidates.evaluator : fresh, some,
                  tally);
    if (end != early) continue;
    resident_before = resident_mib();
    largest_before = tally.largest_mib;
  }
  if (tally.simulated == 0)
    throw std::runtime_error("no candidate was simulated: " + tally.failure);
  const auto simulated = static_cast<double>(tally.simulated);
  const double planning = tally.planning / simulated;
  const double simulating = tally.simulating / simulated;
  fmt::print(
      "{:<11} {} of {} simulated ({:.0f} events each): {:.3f} CPU s each, and {:.3f} before to "
      "plan, "
      "check and estimate; with two workers 1000 take {:.1f} min; slowest {} with {:.2f} CPU s\n",
      what, tally.simulated, points.size(), tally.events / simulated, simulating, planning,
      (planning + simulating / 2) * 1000 / 60, tally.slowest_label, tally.slowest);
  if (!tally.failure.empty()) {
    fmt::print("            not simulated, for instance: {}\n", tally.failure);
  }
  const double resident_after = resident_mib();
  fmt::print(
      "memory      parent: resident {:.1f} MiB after {} candidates, {:.1f} MiB after {}: {:+.1f} "
      "%\n"
      "            candidates, a process each: largest resident {:.1f} MiB of the first {}, {:.1f} "
      "MiB of all {}: {:+.1f} %\n",
      resident_before, early, resident_after, points.size(),
      (resident_after / resident_before - 1) * 100, largest_before, early, tally.largest_mib,
      tally.simulated, (tally.largest_mib / largest_before - 1) * 100);
}

/// Designs of the search's space that its budget allows, drawn evenly.
void measure_candidates(const Settings& settings) {
  Candidates candidates(settings);
  std::vector<Point> points;
  while (points.size() < settings.count) {
    const std::optional<Point> drawn = candidates.sampler.draw();
    if (!drawn) break;
    points.push_back(*drawn);
  }
  simulate_candidates(settings, candidates, "candidates", points, false);
}

/// Designs a step or two from the fastest estimated of a sample: what a search would have
/// simulated.
void measure_best(const Settings& settings) {
  Candidates candidates(settings);
  std::vector<std::pair<double, Point>> estimated;
  constexpr std::size_t sample = 200;
  constexpr std::size_t kept = 10;
  while (estimated.size() < sample) {
    const std::optional<Point> drawn = candidates.sampler.draw();
    if (!drawn) break;
    try {
      const Chip chip = candidates.evaluator.chip(candidates.spec.space->design(*drawn));
      estimated.emplace_back(-candidates.evaluator.evaluate(chip).throughput, *drawn);
    } catch (const InputError&) {
      continue;  // the workload does not fit
    }
  }
  std::sort(estimated.begin(), estimated.end());
  estimated.resize(std::min(estimated.size(), kept));
  std::vector<Point> points;
  while (points.size() < settings.count && !estimated.empty()) {
    const Point& centre = estimated[candidates.sampler.below(estimated.size())].second;
    const std::optional<Point> drawn = candidates.sampler.draw_near(centre);
    if (!drawn) break;
    points.push_back(*drawn);
  }
  simulate_candidates(settings, candidates, "best", points, true);
}

int run(const std::vector<std::string>& words) {
  Settings settings;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&] {
      if (++i == words.size()) throw InputError("a number is missing after " + words[i - 1]);
      return std::stoull(words[i]);
    };
    if (words[i] == "--repeat") {
      settings.repeat = static_cast<int>(value());
    } else if (words[i] == "--count") {
      settings.count = value();
    } else if (words[i] == "--workers") {
      settings.workers = static_cast<int>(value());
    } else if (words[i] == "--seed") {
      settings.seed = value();
    } else if (words[i] == "--smoke") {
      settings.is_smoke = true;
      settings.repeat = 1;
      settings.count = 4;
    } else {
      settings.parts.push_back(words[i]);
    }
  }
  const std::vector<std::pair<std::string, void (*)(const Settings&)>> known = {
      {"events", measure_events},
      {"iteration", measure_iteration},
      {"gemm", measure_gemm},
      {"candidates", measure_candidates},
      {"best", measure_best}};
  for (const std::string& part : settings.parts) {
    if (std::none_of(known.begin(), known.end(), [&](const auto& k) { return k.first == part; })) {
      throw InputError("'" + part + "' is none of events, iteration, gemm, candidates, best");
    }
  }
  for (const auto& [name, measure] : known) {
    const bool is_wanted =
        settings.parts.empty() ||
        std::find(settings.parts.begin(), settings.parts.end(), name) != settings.parts.end();
    if (!is_wanted) continue;
    measure(settings);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace simdse

int main(int count, char** words) {
  try {
    return simdse::run({words + 1, words + count});
  } catch (const simdse::InputError& error) {
    std::cerr << "speed: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "speed: " << error.what() << '\n';
    return 3;
  }
}
