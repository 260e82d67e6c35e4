#include "cli/report/chip_view.h"

#include <fmt/core.h>

#include "cli/report/table.h"

namespace simdse {
namespace {

std::string number(double value) { return fmt::format("{:.2f}", value); }

std::string percent(double share) { return fmt::format("{:.1f} %", share * 100); }

/// A line per part of each block; what is unexplained, block by block, is one line at the end.
std::string area_table(const Chip& chip) {
  Table table;
  table.add_column("block", Table::Align::left);
  table.add_column("count", Table::Align::right);
  table.add_column("part", Table::Align::left);
  table.add_column("mm2", Table::Align::right);
  table.add_column("of the die", Table::Align::right);
  const auto add = [&](const std::string& block, const std::string& count, const std::string& part,
                       Area area) {
    table.add_row({block, count, part, number(area.value()), percent(area / chip.area())});
  };
  Area unexplained(0);
  for (const ChipCostEntry& entry : chip.costs()) {
    std::string block = entry.name;
    std::string count = std::to_string(entry.count);
    for (const AreaPart& part : entry.each.area) {
      const Area area = part.area * static_cast<double>(entry.count);
      if (part.name == kUnexplained) {
        unexplained += area;
        continue;
      }
      add(block, count, part.name, area);
      block = count = "";
    }
  }
  add(kUnexplained, "", "see technology", unexplained);
  add("die", "", "", chip.area());
  return table.text();
}

std::string power_table(const Chip& chip) {
  Table table;
  table.add_column("block", Table::Align::left);
  table.add_column("action", Table::Align::left);
  table.add_column("pJ", Table::Align::right);
  table.add_column("peak W", Table::Align::right);
  for (const ChipCostEntry& entry : chip.costs()) {
    const auto count = static_cast<double>(entry.count);
    table.add_row({entry.name, "always", "", number(entry.static_power().value())});
    for (const ActionCost& action : entry.each.actions) {
      table.add_row({"", action.name, number(action.energy.value() * 1e12),
                     number(action.energy.value() * action.peak_per_second * count)});
    }
  }
  table.add_row({"always", "", "", number(chip.static_power().value())});
  table.add_row({"sustained peak", "", "", number(chip.sustained_power().value())});
  table.add_row(
      {"TDP", fmt::format("x {}", chip.technology().tdp_margin), "", number(chip.tdp().value())});
  return table.text();
}

}  // namespace

std::string chip_view(const Chip& chip) {
  return fmt::format("{} ({}), {}\n\n{}\n{}", chip.design().name, chip.label(),
                     chip.technology().name, area_table(chip), power_table(chip));
}

}  // namespace simdse
