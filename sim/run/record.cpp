#include "sim/run/record.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace simdse {

std::string to_text(const SimulationResult& result) {
  const ActionCounts& a = result.actions;
  nlohmann::json groups = nlohmann::json::array();
  for (const ActionCounts::Group& group : a.groups) {
    groups.push_back({group.macs, group.vector_operations, group.vector_bytes});
  }
  const nlohmann::json json = {{"time", result.time},
                               {"energy", result.energy.value()},
                               {"actions",
                                {a.macs, a.vector_operations, a.vector_bytes, a.network_bytes,
                                 a.buffer_bytes, a.memory_bytes}},
                               {"groups", groups},
                               {"peak_power", result.peak_power},
                               {"breakdown", result.breakdown},
                               {"region_start", result.region_start},
                               {"region_end", result.region_end},
                               {"tensor_utilisation", result.tensor_utilisation},
                               {"peak_buffer", result.peak_buffer.value()},
                               {"events", result.events}};
  return json.dump();
}

SimulationResult from_text(const std::string& text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    SimulationResult result;
    result.time = json.at("time");
    result.energy = Joules(json.at("energy"));
    const std::vector<double> actions = json.at("actions");
    ActionCounts& a = result.actions;
    a.macs = actions.at(0);
    a.vector_operations = actions.at(1);
    a.vector_bytes = actions.at(2);
    a.network_bytes = actions.at(3);
    a.buffer_bytes = actions.at(4);
    a.memory_bytes = actions.at(5);
    for (const std::vector<double> group : json.at("groups")) {
      a.groups.push_back({group.at(0), group.at(1), group.at(2)});
    }
    result.peak_power = json.at("peak_power");
    result.breakdown = json.at("breakdown").get<std::vector<double>>();
    result.region_start = json.at("region_start").get<std::vector<Picoseconds>>();
    result.region_end = json.at("region_end").get<std::vector<Picoseconds>>();
    result.tensor_utilisation = json.at("tensor_utilisation").get<std::vector<double>>();
    result.peak_buffer = Bytes(json.at("peak_buffer"));
    result.events = json.at("events");
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(std::string("a worker's answer can't be read: ") + error.what());
  }
}

}  // namespace simdse
