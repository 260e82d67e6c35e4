#include "search/sets/set_spec.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "models/base/config_reader.h"

namespace simdse {
namespace {

constexpr const char* kFolder = "configs/searches";
constexpr const char* kOfSearches = "searches.";

/// Why one design can't be common to both searches, or "".
std::string difference(const SearchSpec& a, const SearchSpec& b) {
  if (design_yaml(a.space->base()) != design_yaml(b.space->base())) return "base";
  if (a.options.budget.area != b.options.budget.area ||
      a.options.budget.power != b.options.budget.power) {
    return "budget";
  }
  if (a.options.objectives.front() != b.options.objectives.front()) return "first objective";
  const std::vector<Axis>& x = a.space->axes();
  const std::vector<Axis>& y = b.space->axes();
  const bool is_same =
      std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Axis& one, const Axis& other) {
        return one.path == other.path && one.values == other.values;
      });
  return is_same ? "" : "space";
}

}  // namespace

const char* set_objective_name(SetObjective objective) {
  return objective == SetObjective::geometric_mean ? "geometric_mean" : "worst_case_regret";
}

std::vector<std::string> set_objective_names() { return {"geometric_mean", "worst_case_regret"}; }

bool is_set_file(const std::string& path, const DataFiles& files) {
  const std::string file = files.find(kFolder, path, "search");
  const ConfigValue document = load_config(file);
  return document.is_map() && document.find("searches") != nullptr;
}

SetSpec load_set(const std::string& path, const DataFiles& files,
                 const std::vector<Override>& overrides) {
  const std::string file = files.find(kFolder, path, "search");
  std::vector<Override> of_set;
  std::vector<Override> of_searches;
  for (const Override& each : overrides) {
    if (each.path.rfind(kOfSearches, 0) != 0) {
      of_set.push_back(each);
      continue;
    }
    of_searches.push_back(each);
    of_searches.back().path = each.path.substr(std::string(kOfSearches).size());
  }
  const ConfigValue document = load_config(file, of_set);
  const std::string folder = std::filesystem::path(file).parent_path().string();
  SetSpec spec;
  ConfigReader reader(document, "");
  spec.name = reader.text_or("name", std::filesystem::path(file).stem().string());
  reader.find("about");
  const std::string objective =
      reader.choice_or("objective", set_objective_names(), "geometric_mean");
  spec.objective = objective == "geometric_mean" ? SetObjective::geometric_mean
                                                 : SetObjective::worst_case_regret;
  const ConfigValue& searches = reader.require("searches");
  for (const ConfigValue& item : searches.items("searches")) {
    SetMember member;
    const ConfigValue* name = &item;
    std::optional<ConfigReader> own;
    if (item.is_map()) {
      own.emplace(item, "searches");
      name = &own->require("search");
      member.weight = own->quantity_or("weight", Dimension::count, 1, 1e-6, 1e6);
    }
    const std::string found =
        files.find(kFolder, name->text("searches"), "search", name->where(), folder);
    if (is_set_file(found, files)) {
      throw InputError(name->where(),
                       fmt::format("searches: '{}' is a set; only searches can be in one",
                                   name->text("searches")));
    }
    member.search = load_search(found, files, of_searches);
    require_one_chip(member.search);
    if (own) own->finish();
    if (!spec.members.empty()) {
      const std::string differs = difference(spec.members.front().search, member.search);
      if (!differs.empty()) {
        throw InputError(
            item.where(),
            fmt::format("searches: '{}' and '{}' differ in {}: no design is common to them",
                        spec.members.front().search.name, member.search.name, differs));
      }
      for (const SetMember& other : spec.members) {
        if (other.search.name != member.search.name) continue;
        throw InputError(
            item.where(),
            fmt::format("searches: '{}' is there twice; give it a weight", member.search.name));
      }
    }
    spec.members.push_back(std::move(member));
  }
  if (spec.members.empty()) throw InputError(searches.where(), "searches: at least one is needed");
  reader.finish();
  return spec;
}

double set_worth(SetObjective objective, const std::vector<double>& shares,
                 const std::vector<double>& weights) {
  double least = shares.front();
  double sum = 0;
  double weight = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    least = std::min(least, shares[i]);
    sum += weights[i] * std::log(std::max(shares[i], 1e-300));
    weight += weights[i];
  }
  if (least <= 0) return 0;
  return objective == SetObjective::geometric_mean ? std::exp(sum / weight) : least;
}

}  // namespace simdse
