#include "search/local/search_spec.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "models/base/config_reader.h"
#include "search/exact/box_bound.h"

namespace simdse {
namespace {

/// `key` is what names the design.
Design load_named_design(const ConfigValue& name, const char* key, const DataFiles& files,
                         const std::string& folder) {
  if (!name.is_scalar()) {
    throw InputError(name.where(),
                     fmt::format("{}: expected the name or the path of a design", key));
  }
  const std::string path =
      files.find("configs/designs", name.text(key), "design", name.where(), folder);
  return read_design(load_config(path), std::filesystem::path(path).stem().string());
}

std::shared_ptr<const Technology> load_technology_of(const Design& design, const DataFiles& files) {
  return std::make_shared<const Technology>(
      load_technology(design.technology, files, design.technology_where));
}

void read_budget(const ConfigValue& value, const DataFiles& files, const std::string& folder,
                 SearchSpec& spec) {
  ConfigReader reader(value, "budget");
  if (const ConfigValue* like = reader.find("like")) {
    // Priced in its own technology, whatever the candidates' is.
    Design design = load_named_design(*like, "budget.like", files, folder);
    const auto technology = load_technology_of(design, files);
    const Chip chip(std::move(design), technology);
    spec.options.budget = {chip.area(), chip.tdp()};
    spec.budget_text = "like " + like->text("budget.like");
    // What is given beside it goes before.
    Budget& budget = spec.options.budget;
    if (reader.find("area") != nullptr) {
      budget.area = Area(reader.quantity("area", Dimension::area, 1, 1e5));
      spec.budget_text += ", area given";
    }
    if (reader.find("power") != nullptr) {
      budget.power = Watts(reader.quantity("power", Dimension::power, 1, 1e5));
      spec.budget_text += ", power given";
    }
  } else {
    spec.options.budget = {Area(reader.quantity("area", Dimension::area, 1, 1e5)),
                           Watts(reader.quantity("power", Dimension::power, 1, 1e5))};
    spec.budget_text = "given";
  }
  reader.finish();
}

void read_limits(const ConfigValue& value, LocalSearchOptions& options) {
  if (options.method == SearchMethod::heuristic) {
    throw InputError(value.where(), "limits: are for the methods exact and exhaustive");
  }
  SearchLimits& limits = options.limits;
  constexpr std::int64_t most = 1'000'000'000;
  ConfigReader reader(value, "limits");
  limits.evaluations = reader.integer_or("evaluations", limits.evaluations, 1, most);
  if (options.method == SearchMethod::exact) {
    limits.nodes = reader.integer_or("nodes", limits.nodes, 1, most);
    if (const ConfigValue* gap = reader.find("gap")) {
      limits.gap = read_real(*gap, Dimension::count, "limits.gap", 0, 1);
    }
  }
  reader.finish();
}

/// What a method can't do is refused before the work begins.
void check_method(const ConfigValue& value, const SearchSpace& space,
                  const LocalSearchOptions& options) {
  const std::int64_t most = options.limits.evaluations;
  if (options.method == SearchMethod::exhaustive && space.size() > most) {
    throw InputError(value.where(),
                     fmt::format("method exhaustive: the space has {} designs, more than "
                                 "limits.evaluations = {}; narrow it, raise the limit, or use "
                                 "method exact",
                                 space.size(), most));
  }
  const std::string obstacle = BoxBound::obstacle(space);
  if (options.method == SearchMethod::exact && !obstacle.empty()) {
    throw InputError(value.where(), "method exact: designs can't be bounded: " + obstacle +
                                        "; method exhaustive needs no bounds");
  }
}

/// The system file beside the search file, or the system of that name.
System load_named_system(const std::string& name, const DataFiles& files, const std::string& folder,
                         const Chip& chip) {
  const std::string beside = (std::filesystem::path(folder) / name).string();
  const bool is_beside = std::filesystem::is_regular_file(beside);
  const System named = load_system(is_beside ? beside : name, files);
  System system = make_system(named.name, chip, named.network->config());
  system.software = named.software;
  return system;
}

/// What a search of the chips of a system has no use for.
void refuse_with_system(ConfigReader& reader, SearchSpec& spec) {
  for (const char* key : {"throughput_floor", "method", "limits"}) {
    if (const ConfigValue* value = reader.find(key)) {
      throw InputError(value->where(), fmt::format("{} has no meaning with a system", key));
    }
  }
  const ConfigValue* objectives = reader.find("objectives");
  if (objectives == nullptr) {
    spec.options.objectives = {Objective::throughput};
  } else if (spec.options.objectives.size() > 1 ||
             (spec.options.objectives.front() != Objective::throughput &&
              spec.options.objectives.front() != Objective::throughput_per_tdp)) {
    throw InputError(objectives->where(),
                     "objectives: with a system it is either throughput or throughput_per_tdp");
  }
}

void read_system(ConfigReader& reader, const DataFiles& files, const std::string& folder,
                 SearchSpec& spec) {
  const ConfigValue* system = reader.find("system");
  const ConfigValue* parallel = reader.find("parallel");
  if ((system == nullptr) != (parallel == nullptr)) {
    throw InputError((system != nullptr ? system : parallel)->where(),
                     "system and parallel go together");
  }
  if (system == nullptr) return;
  refuse_with_system(reader, spec);
  spec.system_where = system->where();
  try {
    spec.system = load_named_system(system->text("system"), files, folder,
                                    Chip(spec.space->base(), spec.technology));
  } catch (const InputError& problem) {
    throw InputError(system->where(), fmt::format("system: {}", problem.what()));
  }
  spec.parallel_where = parallel->where();
  spec.parallelism = read_parallelism(*parallel);
  const Parallelism& parallelism = *spec.parallelism;
  if (parallelism.chips != spec.system->network->chips()) {
    throw InputError(
        parallel->where(),
        fmt::format("parallel: {} chips (tensor {} x pipeline {} x data {}), and {} has {}",
                    parallelism.chips, degree_text(parallelism.tensor),
                    degree_text(parallelism.pipeline), degree_text(parallelism.data),
                    spec.system->name, spec.system->network->chips()));
  }
  if (spec.workload.batch() != parallelism.microbatch) {
    throw InputError(
        parallel->where(),
        fmt::format("parallel: microbatch is {}, and the workload's batch {}: they are "
                    "the same",
                    parallelism.microbatch, spec.workload.batch()));
  }
  use_software(spec.workload, spec.system->software);
  if (parallelism.recompute) spec.workload.training.recompute = *parallelism.recompute;
}

void read_floor(const ConfigValue& value, const DataFiles& files, const std::string& folder,
                SearchSpec& spec) {
  spec.options.throughput_floor.is_given = true;
  if (!value.is_map()) {
    spec.options.throughput_floor.samples_per_second =
        read_real(value, Dimension::count, "throughput_floor", 0, 1e18);
    return;
  }
  ConfigReader reader(value, "throughput_floor");
  spec.floor_like =
      load_named_design(reader.require("like"), "throughput_floor.like", files, folder);
  reader.finish();
}

}  // namespace

void resolve_floor(SearchSpec& spec, const Evaluator& evaluator,
                   std::optional<double> baseline_throughput) {
  ThroughputFloor& floor = spec.options.throughput_floor;
  if (spec.floor_like) {
    const Design& design = *spec.floor_like;
    try {
      floor.samples_per_second = evaluator.evaluate(evaluator.chip(design)).throughput;
    } catch (const InputError& problem) {
      throw InputError(fmt::format("throughput_floor: like '{}': {}", design.name, problem.what()));
    }
  } else if (!floor.is_given && baseline_throughput) {
    floor.samples_per_second = *baseline_throughput;
  }
}

SearchSpec load_search(const std::string& path, const DataFiles& files,
                       const std::vector<Override>& overrides) {
  const std::string file = files.find("configs/searches", path, "search");
  const ConfigValue document = load_config(file, overrides);
  const std::string folder = std::filesystem::path(file).parent_path().string();
  if (document.is_map() && document.find("searches") != nullptr) {
    throw InputError(document.find("searches")->where(),
                     "searches: this is a set, which only `simdse search` takes");
  }
  SearchSpec spec;
  ConfigReader reader(document, "");
  spec.name = reader.text_or("name", std::filesystem::path(file).stem().string());
  reader.find("about");
  spec.workload = read_workload(reader.require("workload"), files, folder);
  Design base = load_named_design(reader.require("base"), "base", files, folder);
  spec.technology = load_technology_of(base, files);
  if (const ConfigValue* baselines = reader.find("baselines")) {
    for (const ConfigValue& name : baselines->items("baselines")) {
      Design baseline = load_named_design(name, "baselines", files, folder);
      for (const Design& other : spec.baselines) {
        if (design_yaml(other) != design_yaml(baseline)) continue;
        throw InputError(name.where(),
                         fmt::format("baselines: '{}' is there twice", baseline.name));
      }
      spec.baselines.push_back(std::move(baseline));
    }
  } else {
    spec.baselines.push_back(base);
  }
  for (const Design& baseline : spec.baselines) {
    if (baseline.technology != base.technology) {
      throw InputError(document.where(),
                       fmt::format("baselines: '{}' is of technology {}, the base of {}",
                                   baseline.name, baseline.technology, base.technology));
    }
  }
  read_budget(reader.require("budget"), files, folder, spec);
  if (const ConfigValue* objectives = reader.find("objectives")) {
    spec.options.objectives.clear();
    for (const ConfigValue& item : objectives->items("objectives")) {
      const std::string& name = read_choice(item, "objectives", objective_names());
      std::vector<Objective>& all = spec.options.objectives;
      if (std::find(all.begin(), all.end(), objective_named(name)) != all.end()) {
        throw InputError(item.where(), fmt::format("objectives: '{}' is there twice", name));
      }
      all.push_back(objective_named(name));
    }
    if (spec.options.objectives.empty()) {
      throw InputError(objectives->where(), "objectives: at least one is needed");
    }
  } else {
    spec.options.objectives = {Objective::throughput, Objective::throughput_per_tdp};
  }
  if (const ConfigValue* floor = reader.find("throughput_floor")) {
    read_floor(*floor, files, folder, spec);
  }
  spec.options.top_k = static_cast<std::size_t>(reader.integer_or("top_k", 3, 1, 1000));
  spec.options.hysteresis = static_cast<int>(reader.integer_or("hysteresis", 2, 0, 100));
  spec.space = std::make_unique<SearchSpace>(std::move(base), reader.require("space"));
  const std::string method =
      reader.choice_or("method", method_names(), method_name(SearchMethod::heuristic));
  spec.options.method = method == "exact"        ? SearchMethod::exact
                        : method == "exhaustive" ? SearchMethod::exhaustive
                                                 : SearchMethod::heuristic;
  if (const ConfigValue* limits = reader.find("limits")) read_limits(*limits, spec.options);
  if (spec.options.method != SearchMethod::heuristic) {
    check_method(*reader.find("method"), *spec.space, spec.options);
  }
  const ConfigValue* top_k = reader.find("top_k");
  const std::int64_t designs = spec.space->size();
  if (top_k != nullptr && static_cast<std::int64_t>(spec.options.top_k) > designs) {
    throw InputError(top_k->where(),
                     fmt::format("top_k: {} designs are to be kept, the space has {}",
                                 spec.options.top_k, designs));
  }
  const ConfigValue* simulations = reader.find("simulations");
  const bool is_of_system = reader.find("system") != nullptr;
  const auto least = is_of_system ? 1 : static_cast<std::int64_t>(spec.options.top_k);
  if (simulations != nullptr) {
    spec.simulations =
        static_cast<std::size_t>(read_integer(*simulations, "simulations", least, 100000));
  } else {
    spec.simulations = std::max(spec.simulations, spec.options.top_k);
  }
  read_system(reader, files, folder, spec);
  reader.finish();
  return spec;
}

void require_one_chip(const SearchSpec& spec) {
  if (!spec.system) return;
  throw InputError(
      spec.system_where,
      "this is a search of the chips of a system, which only `simdse search` and `validate` take");
}

}  // namespace simdse
