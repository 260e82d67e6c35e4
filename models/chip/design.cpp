#include "models/chip/design.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "models/base/config_reader.h"
#include "models/chip/block_config.h"
#include "models/plugin/plugin.h"

namespace simdse {

BlockConfig read_block(ConfigReader& reader, const std::string& kind,
                       const std::vector<std::string>& plugins) {
  const ConfigValue& type_name = reader.require("type");
  const std::string& name = type_name.text(reader.path_of("type"));
  const BlockType& type =
      BlockRegistry::instance().require(kind, name, type_name.where(), reader.path_of("type"));
  if (!type.plugin.empty() &&
      std::find(plugins.begin(), plugins.end(), type.plugin) == plugins.end()) {
    throw InputError(type_name.where(),
                     fmt::format("{}: {} block '{}' comes from {}, which this design does not name "
                                 "under plugins",
                                 reader.path_of("type"), kind, name, type.plugin));
  }
  return {kind, name, read_params(type.params, reader)};
}

CoreGroupConfig read_links(const ConfigValue& value, const std::string& path,
                           const std::vector<std::string>& plugins) {
  ConfigReader links(value, path);
  CoreGroupConfig config;
  config.count = links.integer_or("count", 1, 1, 64);
  config.block = read_block(links, "link", plugins);
  links.finish();
  return config;
}

const CoreGroupConfig* Design::group(const std::string& kind) const {
  for (const CoreGroupConfig& group : cores) {
    if (group.block.kind == kind) return &group;
  }
  return nullptr;
}

namespace {

/// The blocks that every chip has once, by their key in a design file.
struct SingleBlock {
  const char* key;
  const char* kind;
  BlockConfig Design::*member;
};

constexpr SingleBlock kSingleBlocks[] = {
    {"global_buffer", "buffer", &Design::global_buffer},
    {"noc", "noc", &Design::noc},
    {"memory", "memory", &Design::memory},
    {"dispatcher", "dispatcher", &Design::dispatcher},
};

/// Loads what `plugins:` names; a relative path is relative to the file that says so.
std::vector<std::string> read_plugins(const ConfigValue& list) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (const ConfigValue& item : list.items("plugins")) {
    const fs::path name(item.text("plugins"));
    const SourceLocation& where = item.where();
    const fs::path folder = where.line == 0 ? fs::path() : fs::path(where.file).parent_path();
    std::error_code error;
    const std::string path = fs::weakly_canonical(fs::absolute(folder / name), error).string();
    if (error || path.empty()) throw InputError(where, "plugins: not a path");
    if (std::find(paths.begin(), paths.end(), path) != paths.end()) {
      throw InputError(where, fmt::format("plugins: {} is named twice", path));
    }
    load_plugin(path, where);
    paths.push_back(path);
  }
  return paths;
}

/// A relative path is relative to the file that names it; made absolute, it still leads there when
/// the design is written elsewhere. What the command line names stays as it is.
std::string technology_path(const std::string& name, const SourceLocation& where) {
  namespace fs = std::filesystem;
  const fs::path path(name);
  const bool is_path = name.find('/') != std::string::npos || path.extension() == ".yaml";
  if (!is_path || path.is_absolute() || where.line == 0) return name;
  return fs::absolute(fs::path(where.file).parent_path() / path).lexically_normal().string();
}

std::vector<std::string> core_kinds() { return {"tensor_core", "vector_core"}; }

}  // namespace

Design read_design(const ConfigValue& document, const std::string& default_name) {
  Design design;
  ConfigReader reader(document, "");
  design.name = reader.text_or("name", default_name);
  reader.find("about");
  design.technology_where = reader.require("technology").where();
  design.technology = technology_path(reader.text("technology"), design.technology_where);
  if (const ConfigValue* plugins = reader.find("plugins")) design.plugins = read_plugins(*plugins);
  const ConfigValue& clock = reader.require("clock");
  design.clock = Hertz(read_real(clock, Dimension::frequency, "clock", 1e6, 1e10));
  if (design.clock.value() != std::round(design.clock.value() / 1e6) * 1e6) {
    throw InputError(clock.where(), "clock: must be a whole number of MHz");
  }
  const ConfigValue& cores = reader.require("cores");
  const std::vector<ConfigValue>& groups = cores.items("cores");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    ConfigReader group(groups[i], fmt::format("cores.{}", i));
    const std::string& kind =
        read_choice(group.require("kind"), group.path_of("kind"), core_kinds());
    CoreGroupConfig config;
    config.count = group.integer_or("count", 1, 1, 1024);
    config.block = read_block(group, kind, design.plugins);
    group.finish();
    design.cores.push_back(std::move(config));
  }
  for (const std::string& kind : core_kinds()) {
    if (design.group(kind) == nullptr) {
      throw InputError(cores.where(), fmt::format("cores: a chip needs at least one {}", kind));
    }
  }
  for (const SingleBlock& single : kSingleBlocks) {
    ConfigReader block(reader.require(single.key), single.key);
    design.*single.member = read_block(block, single.kind, design.plugins);
    block.finish();
  }
  if (const ConfigValue* given = reader.find("links")) {
    design.links = read_links(*given, "links", design.plugins);
  }
  reader.finish();
  return design;
}

Design load_design(const std::string& name_or_path, const DataFiles& files,
                   const std::vector<Override>& overrides) {
  const std::string path = files.find("configs/designs", name_or_path, "design");
  return read_design(load_config(path, overrides), std::filesystem::path(path).stem().string());
}

namespace {

void write_params(std::string& text, const BlockConfig& block, const std::string& indent) {
  const BlockType* type = BlockRegistry::instance().find(block.kind, block.type);
  text += fmt::format("{}type: {}\n", indent, block.type);
  for (const ParamInfo& info : type->params) {
    text +=
        fmt::format("{}{}: {}\n", indent, info.name, info.exact_text(block.params.at(info.name)));
  }
}

}  // namespace

std::string design_yaml(const Design& design) {
  std::string text = "schema: 1\n";
  text += fmt::format("name: \"{}\"\n", design.name);
  text += fmt::format("technology: {}\n", design.technology);
  text +=
      fmt::format("clock: {}\n", format_quantity(design.clock.value(), Dimension::frequency, 12));
  if (!design.plugins.empty()) {
    text += "plugins:\n";
    for (const std::string& path : design.plugins) text += fmt::format("  - \"{}\"\n", path);
  }
  text += "cores:\n";
  for (const CoreGroupConfig& group : design.cores) {
    text += fmt::format("  - kind: {}\n    count: {}\n", group.block.kind, group.count);
    write_params(text, group.block, "    ");
  }
  for (const SingleBlock& single : kSingleBlocks) {
    text += fmt::format("{}:\n", single.key);
    write_params(text, design.*single.member, "  ");
  }
  if (design.links) {
    text += fmt::format("links:\n  count: {}\n", design.links->count);
    write_params(text, design.links->block, "  ");
  }
  return text;
}

}  // namespace simdse
