#include "cli/probe/probe_report.h"

#include <fmt/core.h>

#include <cmath>

#include "cli/report/table.h"

namespace simdse {

ProbeReport::ProbeReport(std::string probe, std::string subject)
    : probe_(std::move(probe)), subject_(std::move(subject)) {}

void ProbeReport::input(const std::string& key, nlohmann::ordered_json value) {
  inputs_[key] = std::move(value);
}

void ProbeReport::figure(const std::string& key, const std::string& label, Dimension dimension,
                         double formula, double simulated) {
  figures_.push_back({key, label, dimension, formula, simulated});
}

void ProbeReport::flag(const std::string& key, const std::string& label, bool formula,
                       bool simulated) {
  figure(key, label, Dimension::count, formula ? 1 : 0, simulated ? 1 : 0);
  figures_.back().is_flag = true;
}

std::string ProbeReport::text(bool as_json) const {
  if (as_json) {
    nlohmann::ordered_json json = {{"probe", probe_}, {"inputs", inputs_}};
    const auto number = [](const Figure& figure, double value) {
      if (figure.is_flag) return nlohmann::ordered_json(value != 0);
      return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
    };
    for (const Figure& figure : figures_) {
      json["formula_" + figure.key] = number(figure, figure.formula);
      json["simulated_" + figure.key] = number(figure, figure.simulated);
    }
    return json.dump(2) + '\n';
  }
  constexpr int digits = 4;
  Table table;
  table.add_column("", Table::Align::left);
  table.add_column("formula", Table::Align::right);
  table.add_column("simulated", Table::Align::right);
  for (const Figure& figure : figures_) {
    const auto text = [&](double value) -> std::string {
      if (figure.is_flag) return value != 0 ? "yes" : "no";
      if (figure.dimension == Dimension::count && std::abs(value) >= 1000) {
        return fmt::format("{:.0f}", value);  // cycles and the like are counted
      }
      return std::isnan(value) ? std::string("-")
                               : format_quantity(value, figure.dimension, digits);
    };
    table.add_row({figure.label, text(figure.formula), text(figure.simulated)});
  }
  return subject_ + '\n' + table.text();
}

}  // namespace simdse
