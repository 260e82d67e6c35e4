#include "cli/report/software_report.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <set>

#include "workloads/fusion.h"

namespace simdse {

using Json = nlohmann::ordered_json;

Json software_json(const Software& software) {
  if (software.name.empty()) return nullptr;
  Json passes = Json::array();
  for (const UpdatePass pass : software.update_passes) {
    passes.push_back(update_pass_names()[static_cast<std::size_t>(pass)]);
  }
  return {
      {"name", software.name},
      {"kernels", software.kernels.in_order ? "in_order" : "free"},
      {"fused", software.kernels.chains ? Json(*software.kernels.chains) : Json()},
      {"main_gradients", software.main_gradients ? Json(software.main_gradients->name) : Json()},
      {"update_passes", std::move(passes)},
      {"exchanges", software.exchanges_in_order ? "in_order" : "overlapped"},
      {"gradient_exchange", software.reduces_afterwards ? "afterwards" : "overlapped"}};
}

std::string software_text(const Software& software, const std::vector<const Graph*>& graphs,
                          std::size_t width) {
  if (software.name.empty()) return "";
  std::set<std::vector<std::string>> kernels;
  for (const Graph* graph : graphs) {
    for (const OperatorGroup& group : fuse_operators(*graph, software.kernels)) {
      std::vector<std::string> kinds;
      for (const OperatorId op : group) kinds.push_back(graph->op(op).kind->name());
      kernels.insert(std::move(kinds));
    }
  }
  std::string text = fmt::format("{:<{}}{}", "software", width, software.name);
  std::string missing;
  if (software.kernels.chains) {
    for (const std::vector<std::string>& chain : *software.kernels.chains) {
      if (kernels.count(chain) > 0) continue;
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", fmt::join(chain, " + "));
    }
  }
  if (!missing.empty()) text += fmt::format("; no kernel of this network is {}", missing);
  return text + '\n';
}

}  // namespace simdse
