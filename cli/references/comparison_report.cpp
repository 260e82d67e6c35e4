#include "cli/references/comparison_report.h"

#include <fmt/core.h>

#include "cli/report/table.h"

namespace simdse {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string number(double value) { return fmt::format("{:.5g}", value); }

std::string percent(double share) { return fmt::format("{:+.1f} %", share * 100); }

/// Cells of one row: name, use, measured, formula, error, simulated, error, note.
std::vector<std::string> cells_of(const ReferenceRow& row, const RowResult& result) {
  std::vector<std::string> cells = {row.name, use_name(row.use), number(row.measured)};
  for (const std::optional<double>& value : {result.formula, result.simulated}) {
    cells.push_back(value ? number(*value) : "");
    cells.push_back(value ? percent(relative_error(*value, row)) : "");
  }
  cells.push_back(result.failure.empty() ? row.note : "failed: " + result.failure);
  return cells;
}

const std::vector<std::string> kHeadings = {"",      "use",       "measured", "formula",
                                            "error", "simulated", "error",    ""};

std::string summary_line(const char* what, const ErrorSummary& summary) {
  if (summary.rows == 0) return "";
  return fmt::format("{}: mean |error| {:.1f} %, largest {:.1f} % over {} held-out {}", what,
                     summary.mean_abs * 100, summary.max_abs * 100, summary.rows,
                     summary.rows == 1 ? "row" : "rows");
}

std::vector<std::string> summaries(const TableResult& result) {
  std::vector<std::string> lines;
  for (const std::string& line :
       {summary_line("formula", result.formula()), summary_line("simulated", result.simulated())}) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string heading(const ReferenceTable& table) {
  return table.unit.empty() ? table.quantity : fmt::format("{}, {}", table.quantity, table.unit);
}

std::string command_text(const ReferenceTable& table) {
  std::string text = "simdse " + joined(table.command);
  if (!table.less.empty()) text += " less simdse " + joined(table.less);
  return text;
}

}  // namespace

std::string comparison_text(const std::vector<ReferenceResult>& results) {
  std::string text;
  for (const ReferenceResult& result : results) {
    text += result.reference->title + '\n';
    for (const TableResult& table : result.tables) {
      text += fmt::format("\n  {}   ({})\n", heading(*table.table), command_text(*table.table));
      Table rows;
      for (std::size_t i = 0; i < kHeadings.size(); ++i) {
        const bool is_text = i < 2 || i + 1 == kHeadings.size();
        rows.add_column(kHeadings[i], is_text ? Table::Align::left : Table::Align::right);
      }
      for (std::size_t i = 0; i < table.rows.size(); ++i) {
        rows.add_row(cells_of(table.table->rows[i], table.rows[i]));
      }
      text += rows.text();
      for (const std::string& line : summaries(table)) text += line + '\n';
    }
    text += '\n';
  }
  return text;
}

std::string comparison_markdown(const std::vector<ReferenceResult>& results) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) text += cell.empty() ? " |" : " " + cell + " |";
    return text + '\n';
  };
  std::string text;
  for (const ReferenceResult& result : results) {
    text += fmt::format("## {}\n\n{}\n", result.reference->title, result.reference->source);
    for (const TableResult& table : result.tables) {
      text += fmt::format("\n### {}\n\n    {} ...\n\n", heading(*table.table),
                          command_text(*table.table));
      text += line(kHeadings) + "|---|---|--:|--:|--:|--:|--:|---|\n";
      for (std::size_t i = 0; i < table.rows.size(); ++i) {
        text += line(cells_of(table.table->rows[i], table.rows[i]));
      }
      const std::vector<std::string> lines = summaries(table);
      if (!lines.empty()) text += '\n';
      for (const std::string& summary : lines) text += "- " + summary + '\n';
    }
    text += '\n';
  }
  return text;
}

nlohmann::ordered_json comparison_json(const std::vector<ReferenceResult>& results) {
  using Json = nlohmann::ordered_json;
  const auto value_or_null = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json();
  };
  Json list = Json::array();
  for (const ReferenceResult& result : results) {
    Json tables = Json::array();
    for (const TableResult& table : result.tables) {
      Json rows = Json::array();
      for (std::size_t i = 0; i < table.rows.size(); ++i) {
        const ReferenceRow& row = table.table->rows[i];
        Json entry = {{"name", row.name},
                      {"use", use_name(row.use)},
                      {"measured", row.measured},
                      {"formula", value_or_null(table.rows[i].formula)},
                      {"simulated", value_or_null(table.rows[i].simulated)}};
        if (!table.rows[i].failure.empty()) entry["failure"] = table.rows[i].failure;
        rows.push_back(std::move(entry));
      }
      const auto summary = [](const ErrorSummary& s) {
        return Json{{"rows", s.rows}, {"mean_abs_error", s.mean_abs}, {"max_abs_error", s.max_abs}};
      };
      tables.push_back({{"quantity", table.table->quantity},
                        {"unit", table.table->unit},
                        {"command", command_text(*table.table)},
                        {"rows", std::move(rows)},
                        {"formula_error", summary(table.formula())},
                        {"simulated_error", summary(table.simulated())}});
    }
    list.push_back({{"name", result.reference->name},
                    {"title", result.reference->title},
                    {"tables", std::move(tables)}});
  }
  return list;
}

}  // namespace simdse
