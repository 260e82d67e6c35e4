// The methods that the local search is compared with. docs/rivals.md says where each comes from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "search/baselines/counted_evaluator.h"

namespace simdse {

struct Rival {
  const char* name;
  const char* summary;
  bool is_seeded;  ///< false: every seed gives the same answer
  void (*search)(CountedEvaluator& counted, std::uint64_t seed);
};

const std::vector<Rival>& rivals();

/// nullptr if there is none of that name.
const Rival* find_rival(const std::string& name);

/// Evaluates the starts, then lets the rival search until the counted is spent or the rival has
/// nothing more to ask. Equal seeds give equal answers.
void run_rival(const Rival& rival, CountedEvaluator& counted, std::uint64_t seed);

/// Designs drawn uniformly from those within the budget.
void search_randomly(CountedEvaluator& counted, std::uint64_t seed);

/// A genetic algorithm over the axes: tournaments of 3, uniform crossover, mutation of one axis in
/// the mean, children over the budget repaired by random steps down, an elite of 2, and a tenth of
/// newcomers in each generation of 40.
void search_genetically(CountedEvaluator& counted, std::uint64_t seed);

/// Simulated annealing (Kirkpatrick et al., Science 1983): from a random design by random moves; a
/// loss of share d of the fitness is accepted with probability exp(-d / T). T falls from 0.1 to
/// 0.001 in each of 4 rounds, each from a new design.
void search_by_annealing(CountedEvaluator& counted, std::uint64_t seed);

/// Bayesian optimisation of the hardware, see BayesianProposer; the mapping is the mapper's.
void search_by_bayes(CountedEvaluator& counted, std::uint64_t seed);

/// Spotlight's way: an outer loop over hardware, led by the same Bayesian optimisation; for each an
/// inner loop over what the planner leaves open in the software: the first of 4 plans is the
/// mapper's and scheduler's own, the others do with a random part of every operator's splits. The
/// best plan is the design's worth. Each plan is an evaluation.
void search_nested(CountedEvaluator& counted, std::uint64_t seed);

/// Phaze's way: the designs of a coarse grid, in buckets of 0.01 mm2 from the largest area down.
/// Phaze stops when five buckets in a row bring no rise; here it goes on while it may. The grid is
/// the whole space up to 200,000 designs; beyond that counts of cores are powers of two, then
/// everything but core sizes, counts and the buffer's capacity is as in the base design, and of
/// what is still too much as many are drawn at random.
void sweep_area_buckets(CountedEvaluator& counted, std::uint64_t seed);

}  // namespace simdse
