#include <fmt/core.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/overrides.h"
#include "cli/report/chip_view.h"
#include "cli/report/json_report.h"
#include "cli/report/table.h"
#include "models/chip/design.h"
#include "models/plugin/plugin.h"

namespace po = boost::program_options;

namespace simdse {
namespace {

void print_block(const BlockType& type) {
  std::cout << fmt::format("{} ({}): {}\n", type.name, type.kind, type.doc);
  if (!type.plugin.empty()) std::cout << "from plug-in " << type.plugin << '\n';
  std::cout << '\n';
  Table table;
  table.add_column("parameter", Table::Align::left);
  table.add_column("default", Table::Align::left);
  table.add_column("allowed", Table::Align::left);
  table.add_column("meaning", Table::Align::left);
  for (const ParamInfo& info : type.params) {
    table.add_row({info.name, info.format(info.default_value), info.range_text(), info.doc});
  }
  std::cout << table.text();
}

void print_all() {
  Table table;
  table.add_column("kind", Table::Align::left);
  table.add_column("block", Table::Align::left);
  table.add_column("", Table::Align::left);
  for (const BlockType* type : BlockRegistry::instance().types()) {
    table.add_row({type->kind, type->name, type->doc});
  }
  std::cout << table.text() << "\nsimdse blocks NAME shows a block's parameters.\n";
}

void print_json(const std::vector<const BlockType*>& types) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BlockType* type : types) {
    list.push_back({{"kind", type->kind},
                    {"name", type->name},
                    {"description", type->doc},
                    {"plugin", type->plugin},
                    {"schema", nlohmann::ordered_json::parse(json_schema(type->params))}});
  }
  std::cout << list.dump(2) << '\n';
}

void print_design(const Chip& chip, bool as_json) {
  if (as_json) {
    std::cout << chip_json(chip).dump(2) << '\n';
  } else {
    std::cout << chip_view(chip);
  }
}

}  // namespace

int run_blocks(const CommandContext& context) {
  Arguments arguments("blocks",
                      "[NAME] [--plugin FILE] [--json] | [NAME] --design D [--set path=value] "
                      "[--json]",
                      "simdse blocks --design tpu_v2");
  arguments.options().add_options()("name", po::value<std::string>(), "a block, e.g. systolic")(
      "plugin", po::value<std::vector<std::string>>()->composing(),
      "a shared library: its blocks as well")("design", po::value<std::string>(),
                                              "a design's name or YAML file: area and power of its "
                                              "blocks, part by part; with NAME, a block "
                                              "that may come from its plug-ins")(
      "set", po::value<std::vector<std::string>>()->composing(),
      "override a value of the design: path=value")(
      "json", "for scripts: kind, name and JSON schema of the parameters; a design's figures");
  arguments.positional("name");
  if (!arguments.parse(context)) return kDone;
  if (arguments.has("plugin")) {
    for (const std::string& file : arguments.get<std::vector<std::string>>("plugin")) {
      load_plugin(std::filesystem::weakly_canonical(file).string(), {"--plugin"});
    }
  }
  if (arguments.has("design")) {
    const auto design = arguments.get<std::string>("design");
    if (!arguments.has("name")) {
      print_design(load_chip(design, context.files, own_overrides(arguments.overrides(), "design")),
                   arguments.has("json"));
      return kDone;
    }
    load_design(design, context.files, own_overrides(arguments.overrides(), "design"));
  } else if (arguments.has("set")) {
    throw InputError("blocks: --set needs --design");
  }
  std::vector<const BlockType*> types = BlockRegistry::instance().types();
  if (arguments.has("name")) {
    const auto name = arguments.get<std::string>("name");
    std::vector<std::string> known;
    std::vector<const BlockType*> found;
    for (const BlockType* type : types) {
      known.push_back(type->name);
      if (type->name == name) found.push_back(type);
    }
    if (found.empty()) {
      throw InputError(fmt::format("there is no block '{}'{}", name, spelling_hint(name, known)));
    }
    types = found;
  }
  if (arguments.has("json")) {
    print_json(types);
  } else if (arguments.has("name")) {
    for (const BlockType* type : types) print_block(*type);
  } else {
    print_all();
  }
  return kDone;
}

}  // namespace simdse
