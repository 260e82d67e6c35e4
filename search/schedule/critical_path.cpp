#include "search/schedule/critical_path.h"

#include <algorithm>
#include <limits>

namespace simdse {

CriticalPath find_critical_path(const TaskGraph& graph, const std::vector<TaskOptions>& options) {
  const std::size_t count = graph.tasks.size();
  std::vector<double> least_of(options.size(), std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < options.size(); ++i) {
    for (const TaskOption& option : options[i]) {
      least_of[i] = std::min(least_of[i], option.total_cycles());
    }
  }
  CriticalPath path;
  path.least.resize(count);
  path.earliest.resize(count);
  path.latest.resize(count);
  path.height.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Task& task = graph.tasks[i];
    path.least[i] = least_of[task.signature];
    for (const TaskId before : task.predecessors) {
      path.earliest[i] = std::max(path.earliest[i], path.earliest[before] + path.least[before]);
    }
    path.length = std::max(path.length, path.earliest[i] + path.least[i]);
  }
  for (std::size_t i = count; i-- > 0;) {
    double finish = path.length;
    for (const TaskId after : graph.tasks[i].successors) {
      finish = std::min(finish, path.latest[after]);
      path.height[i] = std::max(path.height[i], path.height[after]);
    }
    path.latest[i] = finish - path.least[i];
    path.height[i] += 1;
  }
  return path;
}

}  // namespace simdse
