#include "cli/report/negative_report.h"

namespace simdse {

using Json = nlohmann::ordered_json;

Json negative_json(Json inputs, const std::string& reason) {
  return {{"schema_version", 1},
          {"version", SIMDSE_VERSION},
          {"status", "none"},
          {"reason", reason},
          {"inputs", std::move(inputs)}};
}

void write_negative(OutputFolder& folder, const Json& json) {
  for (const std::string& name : std::vector<std::string>(folder.names())) folder.discard(name);
  folder.write("results.json", json.dump(2) + '\n');
  folder.commit(OutputFolder::Earlier::kept);
}

}  // namespace simdse
