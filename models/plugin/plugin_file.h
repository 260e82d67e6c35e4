// What can be told of a plug-in's file without running any of its code.
#pragma once

#include <string>

#include "models/base/error.h"

namespace simdse {

/// The stamp that this program's plug-ins must have (see abi_stamp.h).
std::string own_abi_stamp();

/// The stamp in the shared library at `path`. Throws InputError, with the place that names the
/// library, when the file can't be read, is no shared library, or has no stamp.
std::string read_abi_stamp(const std::string& path, const SourceLocation& where);

/// Throws InputError, with both stamps, unless they are the same.
void check_abi_stamp(const std::string& path, const SourceLocation& where);

}  // namespace simdse
