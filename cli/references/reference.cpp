#include "cli/references/reference.h"

#include <fmt/core.h>

#include <boost/program_options/parsers.hpp>
#include <filesystem>

#include "models/base/config_reader.h"

namespace simdse {
namespace {

/// As a shell takes them: quotes hold a word together.
std::vector<std::string> words_of(const std::string& text) {
  return boost::program_options::split_unix(text);
}

RowUse read_use(ConfigReader& reader) {
  const std::vector<std::string> names = {"held_out", "calibration", "derived", "excluded"};
  const std::string name = reader.choice_or("use", names, names.front());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<RowUse>(i);
  }
  return RowUse::held_out;
}

double read_number(const ConfigValue& value, const std::string& path) {
  return read_real(value, Dimension::count, path, -1e30, 1e30);
}

ReferenceRow read_row(const ConfigValue& value, const std::string& path) {
  ConfigReader reader(value, path);
  ReferenceRow row;
  row.name = reader.text("name");
  row.arguments = words_of(reader.text_or("with", ""));
  row.measured = read_number(reader.require("measured"), reader.path_of("measured"));
  row.use = read_use(reader);
  row.note = reader.text_or("note", "");
  if (row.measured <= 0) {
    throw InputError(value.where(),
                     path + ".measured: must be above 0, or an error relative to it means nothing");
  }
  if (row.use != RowUse::held_out && row.note.empty()) {
    throw InputError(value.where(),
                     path + ": a row that is not held out needs a `note` that says why");
  }
  reader.finish();
  return row;
}

ReferenceTable read_table(const ConfigValue& value, const std::string& path) {
  ConfigReader reader(value, path);
  ReferenceTable table;
  table.quantity = reader.text("quantity");
  table.unit = reader.text_or("unit", "");
  if (const ConfigValue* scale = reader.find("scale")) {
    table.scale = read_number(*scale, reader.path_of("scale"));
  }
  table.command = words_of(reader.text("command"));
  table.less = words_of(reader.text_or("less", ""));
  table.formula = reader.text_or("formula", "");
  table.simulated = reader.text_or("simulated", "");
  if (table.formula.empty() && table.simulated.empty()) {
    throw InputError(value.where(), path + ": needs `formula`, `simulated` or both");
  }
  const ConfigValue& rows = reader.require("rows");
  const std::vector<ConfigValue>& items = rows.items(reader.path_of("rows"));
  if (items.empty()) throw InputError(rows.where(), path + ".rows: needs a row");
  for (std::size_t i = 0; i < items.size(); ++i) {
    table.rows.push_back(read_row(items[i], fmt::format("{}.rows.{}", path, i)));
  }
  reader.finish();
  return table;
}

}  // namespace

const char* use_name(RowUse use) {
  switch (use) {
    case RowUse::held_out:
      return "held out";
    case RowUse::calibration:
      return "calibration";
    case RowUse::derived:
      return "derived";
    case RowUse::excluded:
      return "excluded";
  }
  return "";
}

Reference load_reference(const std::string& name_or_path, const DataFiles& files) {
  const std::string path = files.find("configs/references", name_or_path, "reference");
  const ConfigValue document = load_config(path);
  ConfigReader reader(document, "");
  Reference reference;
  reference.name = std::filesystem::path(path).stem().string();
  reference.title = reader.text("title");
  reference.source = reader.text("source");
  // A folded block of YAML ends with a line break.
  while (!reference.source.empty() && reference.source.back() == '\n') reference.source.pop_back();
  const std::vector<ConfigValue>& tables = reader.require("tables").items("tables");
  for (std::size_t i = 0; i < tables.size(); ++i) {
    reference.tables.push_back(read_table(tables[i], fmt::format("tables.{}", i)));
  }
  reader.finish();
  return reference;
}

}  // namespace simdse
