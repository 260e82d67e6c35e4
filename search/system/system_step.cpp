#include "search/system/system_step.h"

#include <fmt/core.h>

namespace simdse {

Workload load_microbatch(const std::string& name_or_path, const DataFiles& files,
                         std::vector<Override> overrides, const Parallelism& parallelism,
                         const Software& software) {
  overrides.push_back(parse_override(fmt::format("batch={}", parallelism.microbatch)));
  Workload workload = load_workload(name_or_path, files, overrides);
  if (parallelism.recompute) workload.training.recompute = *parallelism.recompute;
  use_software(workload, software);
  return workload;
}

}  // namespace simdse
