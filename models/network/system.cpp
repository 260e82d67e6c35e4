#include "models/network/system.h"

#include <filesystem>

#include "models/base/config_reader.h"

namespace simdse {

System load_system(const std::string& name_or_path, const DataFiles& files,
                   const std::vector<Override>& overrides) {
  namespace fs = std::filesystem;
  std::vector<Override> of_design;
  std::vector<Override> of_system;
  const std::string prefix = "design.";
  for (const Override& item : overrides) {
    if (item.path.rfind(prefix, 0) == 0) {
      of_design.push_back({item.path.substr(prefix.size()), item.value});
    } else {
      of_system.push_back(item);
    }
  }
  const std::string path = files.find("configs/systems", name_or_path, "system");
  const ConfigValue document = load_config(path, of_system);
  ConfigReader reader(document, "");
  const std::string name = reader.text_or("name", fs::path(path).stem().string());
  reader.find("about");
  const ConfigValue& design = reader.require("chip");
  const SourceLocation& where = design.where();
  const std::string folder = where.line == 0 ? "" : fs::path(where.file).parent_path().string();
  const Chip chip =
      load_chip(files.find("configs/designs", design.text("chip"), "design", where, folder), files,
                of_design);
  const NetworkConfig network =
      read_network(reader.require("network"), "network", chip.design().plugins);
  System system = make_system(name, chip, network);
  if (const ConfigValue* software = reader.find("software")) {
    system.software = load_software(software->text("software"), files, software->where());
  }
  reader.finish();
  return system;
}

System make_system(std::string name, const Chip& chip, const NetworkConfig& network) {
  return {
      std::move(name), std::make_shared<const Chip>(chip), make_interconnect(network, chip), {}};
}

}  // namespace simdse
