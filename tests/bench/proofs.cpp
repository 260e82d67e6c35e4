// How good the heuristic's answers are, and what it takes to prove it, as rows of a Markdown table:
//   proofs [--evaluations N] [--heuristic] SEARCH.yaml...
// Each search runs by the heuristic and then, from there, by branch and bound until N designs are
// estimated in all (default: the file's own limit). With --heuristic the heuristic runs alone, and
// nothing is proven. CPU seconds are the process's.
#include <fmt/core.h>

#include <cstring>

#include "search/baselines/convergence.h"
#include "search/exact/branch_and_bound.h"
#include "search/local/local_search.h"
#include "search/local/search_spec.h"

namespace simdse {
namespace {

void run(const std::string& file, std::int64_t evaluations, bool is_heuristic_alone) {
  SearchSpec spec = load_search(file, DataFiles(SIMDSE_SOURCE_DIR));
  const Graph graph = derive_training_step(spec.workload.forward, spec.workload.training);
  const TaskGraph tasks = build_task_graph(graph);
  const Evaluator evaluator(tasks, spec.workload.batch(), spec.technology);
  LocalSearchOptions& options = spec.options;
  options.objectives = {Objective::throughput};
  if (evaluations > 0) options.limits.evaluations = evaluations;
  for (const Design& baseline : spec.baselines) {
    if (const std::optional<Point> point = spec.space->find(baseline)) {
      options.seeds.push_back(*point);
    }
  }
  const double start = cpu_seconds();
  DesignBook book(*spec.space, evaluator, options, {});
  BoxBound bound(book.prices());
  Outlook outlook(book, bound);
  search_heuristically(book, &outlook);
  const double heuristic_seconds = cpu_seconds() - start;
  const std::int64_t heuristic_designs = book.estimated();
  if (book.candidates().empty()) {
    fmt::print("| {} | no design within the budget holds it |\n", spec.name);
    return;
  }
  const Candidate* found = book.ranking(Objective::throughput, 1).front();
  const double heuristic = found->evaluation.throughput;
  if (is_heuristic_alone) {
    fmt::print("| {} | {:.4g} | {} | {:.2f} | {} |\n", spec.name, heuristic, heuristic_designs,
               heuristic_seconds, found->label);
    std::fflush(stdout);
    return;
  }
  const Certificate proof = BranchAndBound(book, bound, options.limits).run();
  const double all_seconds = cpu_seconds() - start;
  const Candidate* best = book.ranking(Objective::throughput, 1).front();
  const double exact = best->evaluation.throughput;
  fmt::print("| {} | {:.4g} | {} | {:.1f} | {:.4g} | {} | {} | {:.0f} | {:.2f} % | {} | {} |\n",
             spec.name, heuristic, heuristic_designs, heuristic_seconds, exact, book.estimated(),
             proof.nodes, all_seconds, (exact / heuristic - 1) * 100,
             proof.gaps[0] == 0 ? "optimal" : fmt::format("within {:.1f} %", proof.gaps[0] * 100),
             best->label);
  std::fflush(stdout);
}

}  // namespace
}  // namespace simdse

int main(int argc, char** argv) {
  std::int64_t evaluations = 0;
  bool is_heuristic_alone = false;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--evaluations") == 0 && i + 1 < argc) {
      evaluations = std::stoll(argv[++i]);
    } else if (std::strcmp(argv[i], "--heuristic") == 0) {
      is_heuristic_alone = true;
    } else {
      files.emplace_back(argv[i]);
    }
  }
  fmt::print(is_heuristic_alone
                 ? "| search | heuristic, samples/s | designs | CPU s | design "
                   "|\n|---|---:|---:|---:|---|\n"
                 : "| search | heuristic, samples/s | designs | CPU s | exact, samples/s | designs "
                   "| boxes | CPU s | heuristic below | proven | design "
                   "|\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|\n");
  for (const std::string& file : files) simdse::run(file, evaluations, is_heuristic_alone);
  return 0;
}
