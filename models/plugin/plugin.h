// Plug-ins: shared libraries outside the tree that bring types of blocks.
//
// A plug-in's code may do anything, so it never runs in the process that holds the user's results.
// That process knows of a plug-in what can be said as data: its types with their parameters, and of
// a block that a design asks for its capacities, rates, label and cost (see stand_in.h). Children
// that it forks load the library and build the blocks themselves; they describe them, plan,
// estimate and simulate, and send back bytes. A child that throws, crashes or gives no answer costs
// what it was for.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "models/base/error.h"
#include "models/chip/chip.h"

namespace simdse {

/// Makes the block types of the library at `path` known, by name, unless they are already. Throws
/// InputError at `where` for what is no plug-in of this program (see check_abi_stamp), brings no
/// block, or brings one whose name is taken; PluginFailure when loading it fails.
void load_plugin(const std::string& path, const SourceLocation& where);

/// Runs `job` in a child process in which the plug-ins' own code is loaded, and returns its result.
/// Without plug-ins it is just called. InputError thrown by the job comes through; whatever else
/// goes wrong is a PluginFailure that names the plug-ins. A child is given up after `hang_limit`
/// (or what SIMDSE_HANG_LIMIT says); the default is for jobs that take milliseconds.
std::string run_with_plugins(const std::vector<std::string>& plugins,
                             const std::function<std::string()>& job,
                             std::chrono::seconds hang_limit = std::chrono::seconds(60));

/// In a child process: the chip with the plug-ins' own blocks, whose code is loaded if need be, in
/// the place of the stand-ins. A chip without plug-ins is what it was.
Chip with_own_blocks(const Chip& chip);

/// "plug-in a.so: ": begins a message about a failure in a child that runs the code of these; "" if
/// there are none.
std::string blame(const std::vector<std::string>& plugins);

}  // namespace simdse
