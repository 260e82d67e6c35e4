// A design: a chip as data, before its blocks are built.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/block.h"
#include "models/base/config_value.h"
#include "models/base/data_files.h"

namespace simdse {

/// One block of a design: which type, and a value for each of its parameters.
struct BlockConfig {
  std::string kind;
  std::string type;
  ParamValues params;
};

/// Equal blocks: cores, or links.
struct CoreGroupConfig {
  BlockConfig block;
  std::int64_t count = 1;
};

struct Design {
  std::string name;
  std::string technology;            ///< a name, or the path of a file: absolute if a file gave it
  SourceLocation technology_where;   ///< where the design says so
  std::vector<std::string> plugins;  ///< absolute paths of the libraries that bring blocks of it
  Hertz clock;
  std::vector<CoreGroupConfig> cores;
  BlockConfig global_buffer;
  BlockConfig noc;
  BlockConfig memory;
  BlockConfig dispatcher;
  std::optional<CoreGroupConfig> links;  ///< to other chips

  /// The group of that kind, or nullptr; the first if there are several.
  const CoreGroupConfig* group(const std::string& kind) const;
};

/// Reads a design by name (configs/designs) or path. Throws InputError.
Design load_design(const std::string& name_or_path, const DataFiles& files,
                   const std::vector<Override>& overrides = {});

/// Reads a design from its document (without `schema` and `extends`).
Design read_design(const ConfigValue& document, const std::string& default_name);

/// The design as a YAML file that load_design reads back: every parameter is written out.
std::string design_yaml(const Design& design);

}  // namespace simdse
