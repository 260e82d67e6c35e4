// Reading one block of a design, or of a file that has blocks of its own.
#pragma once

#include <string>
#include <vector>

#include "models/base/config_reader.h"
#include "models/chip/design.h"

namespace simdse {

/// The block that the members `type` and those of the type's parameters describe. A type that comes
/// with a plug-in must be among `plugins`, paths of libraries. Throws InputError.
BlockConfig read_block(ConfigReader& reader, const std::string& kind,
                       const std::vector<std::string>& plugins);

/// Links to other chips: `count` and the block. Throws InputError.
CoreGroupConfig read_links(const ConfigValue& value, const std::string& path,
                           const std::vector<std::string>& plugins);

}  // namespace simdse
