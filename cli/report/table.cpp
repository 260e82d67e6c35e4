#include "cli/report/table.h"

#include <fmt/core.h>

#include <algorithm>

namespace simdse {

void Table::add_column(std::string heading, Align align, std::string second_heading) {
  columns_.push_back({{std::move(heading), std::move(second_heading)}, align});
}

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  bool has_second_line = false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = std::max(columns_[i].heading[0].size(), columns_[i].heading[1].size());
    for (const auto& row : rows_) width = std::max(width, row[i].size());
    widths.push_back(width);
    has_second_line = has_second_line || !columns_[i].heading[1].empty();
  }
  std::string result;
  const auto add_line = [&](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += "  ";
      line += columns_[i].align == Align::left ? fmt::format("{:<{}}", cell_of(i), widths[i])
                                               : fmt::format("{:>{}}", cell_of(i), widths[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  };
  add_line([&](std::size_t i) { return columns_[i].heading[0]; });
  if (has_second_line) add_line([&](std::size_t i) { return columns_[i].heading[1]; });
  for (const auto& row : rows_) add_line([&](std::size_t i) { return row[i]; });
  return result;
}

}  // namespace simdse
