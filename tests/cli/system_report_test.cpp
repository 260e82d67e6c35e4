// What a report of a system's search says of what was not simulated.
#include "cli/report/system_report.h"

#include <gtest/gtest.h>

namespace simdse {
namespace {

TEST(SystemReport, ABaselineThatAnInterruptLeftOutIsNotComparedWith) {
  const SearchSpec spec = load_search(
      "gpt2_xl_4", DataFiles(SIMDSE_SOURCE_DIR),
      {parse_override("workload.layers=4"), parse_override("space={cores.0.count: [4, 8]}")});
  const DegreeSearchResult result = search_degrees(spec, first_step(spec));
  SystemSimulation simulation;
  simulation.time = Seconds(1);
  simulation.places.resize(4);
  SystemSearchRun run;
  run.commons.push_back({&result.found.common, simulation});
  run.baselines.push_back({&result.found.baselines.front(), {}});
  run.is_partial = true;
  const std::string text = system_search_text({spec, result, run});
  EXPECT_EQ(text.find("speed-up"), std::string::npos) << text;
  EXPECT_NE(text.find("interrupted"), std::string::npos) << text;
  run.baselines.front().simulation = simulation;
  EXPECT_NE(system_search_text({spec, result, run}).find("speed-up    1.00x over tpu_v4"),
            std::string::npos);
}

}  // namespace
}  // namespace simdse
