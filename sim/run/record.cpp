#include "sim/run/record.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace simdse {

std::string to_text(const SimulationResult& result) {
  const ActionCounts& a = result.actions;
  const nlohmann::json json = {{"time", result.time},
                               {"energy", result.energy.value()},
                               {"actions",
                                {a.macs, a.vector_operations, a.vector_bytes, a.network_bytes,
                                 a.buffer_bytes, a.memory_bytes}},
                               {"breakdown", result.breakdown},
                               {"region_start", result.region_start},
                               {"region_end", result.region_end},
                               {"tensor_utilisation", result.tensor_utilisation},
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
    result.actions = {actions.at(0), actions.at(1), actions.at(2),
                      actions.at(3), actions.at(4), actions.at(5)};
    result.breakdown = json.at("breakdown").get<std::vector<double>>();
    result.region_start = json.at("region_start").get<std::vector<Picoseconds>>();
    result.region_end = json.at("region_end").get<std::vector<Picoseconds>>();
    result.tensor_utilisation = json.at("tensor_utilisation").get<std::vector<double>>();
    result.events = json.at("events");
    return result;
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(std::string("a worker's answer can't be read: ") + error.what());
  }
}

}  // namespace simdse
