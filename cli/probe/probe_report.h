// What a probe tells: each figure by formula and simulated.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/base/quantity_text.h"

namespace simdse {

/// Figures side by side, as a table for people or as JSON for scripts, where a figure called
/// "bandwidth_bytes_per_s" becomes formula_bandwidth_bytes_per_s and
/// simulated_bandwidth_bytes_per_s.
///
/// Example:
///   ProbeReport report("memory", "4 stacks");
///   report.input("block_bytes", 256);
///   report.figure("mean_latency_s", "mean latency", Dimension::time, 32e-9, 32e-9);
///   return report.text(arguments.has("json"));
class ProbeReport {
 public:
  /// `subject` says in a few words what was probed, and under which load.
  ProbeReport(std::string probe, std::string subject);

  /// One of the resolved inputs; only in the JSON.
  void input(const std::string& key, nlohmann::ordered_json value);
  /// A figure in base units. What is not finite (the bandwidth of an ideal memory) is null in JSON.
  void figure(const std::string& key, const std::string& label, Dimension dimension, double formula,
              double simulated);

  /// Something that holds or not.
  void flag(const std::string& key, const std::string& label, bool formula, bool simulated);

  std::string text(bool as_json) const;

 private:
  struct Figure {
    std::string key;
    std::string label;
    Dimension dimension;
    double formula;
    double simulated;
    bool is_flag = false;
  };

  std::string probe_;
  std::string subject_;
  nlohmann::ordered_json inputs_;
  std::vector<Figure> figures_;
};

}  // namespace simdse
