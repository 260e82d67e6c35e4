#include "search/system/degree_search.h"

#include <algorithm>
#include <array>
#include <set>

#include "models/base/error.h"

namespace simdse {
namespace {

std::unique_ptr<SystemStep> make_step(const SearchSpec& spec, const Parallelism& parallelism) {
  return std::make_unique<SystemStep>(spec.workload, parallelism,
                                      spec.system->chip->memory().capacity());
}

std::array<std::int64_t, 3> degrees_of(const Parallelism& parallelism) {
  return {parallelism.tensor, parallelism.pipeline, parallelism.data};
}

}  // namespace

FirstStep first_step(const SearchSpec& spec) {
  FirstStep first;
  try {
    if (spec.parallelism->is_complete()) {
      first.step = make_step(spec, *spec.parallelism);
      return first;
    }
    const System& system = *spec.system;
    first.rounds.push_back(choose_degrees(spec.workload, *spec.parallelism, system.chip,
                                          *system.network, system.chip->memory().capacity()));
    first.step = make_step(spec, first.rounds.front().chosen().parallelism);
  } catch (const PluginFailure&) {
    throw;
  } catch (const InputError& problem) {
    throw InputError(spec.parallel_where, problem.what());
  }
  return first;
}

DegreeSearchResult search_degrees(const SearchSpec& spec, FirstStep first,
                                  const std::function<void(std::int64_t)>& progress) {
  DegreeSearchResult result;
  result.step = std::move(first.step);
  result.rounds = std::move(first.rounds);
  std::int64_t before = 0;
  const auto search = [&](const SystemStep& step) {
    SystemSearchResult found = search_system(spec, step, [&](std::int64_t count) {
      if (progress) progress(before + count);
    });
    for (const PlaceKind& kind : found.kinds) before += kind.found.designs_estimated;
    return found;
  };
  result.found = search(*result.step);
  if (result.rounds.empty()) return result;
  const Bytes capacity = spec.system->chip->memory().capacity();
  std::set<std::array<std::int64_t, 3>> searched = {degrees_of(result.step->step.parallelism())};
  while (true) {
    const SystemChoice& common = result.found.common;
    const auto chip = common.places.designs.front()->chip;
    result.rounds.push_back(choose_degrees(spec.workload, *spec.parallelism, chip, *common.network,
                                           std::min(capacity, chip->memory().capacity())));
    const Parallelism& parallelism = result.rounds.back().chosen().parallelism;
    if (!searched.insert(degrees_of(parallelism)).second) return result;
    auto step = make_step(spec, parallelism);
    SystemSearchResult found;
    try {
      found = search(*step);
    } catch (const PluginFailure&) {
      throw;
    } catch (const InputError& problem) {
      result.obstacle = problem.what();
      return result;
    }
    if (found.common.worth <= result.found.common.worth) return result;
    result.step = std::move(step);
    result.found = std::move(found);
  }
}

}  // namespace simdse
