// Compute cores of plug-ins, whose closed forms are checked as they answer.
#pragma once

#include "models/base/block.h"

namespace simdse {

/// In a child process: has a core of this type made such that whatever it says of tiles is checked.
/// What can't be is a PluginFailure that names the type. Other kinds answer no such questions, and
/// are left as they are: their modules ask for the very class.
void check_answers(BlockType& type);

}  // namespace simdse
