// Blocks of plug-ins as the parent process sees them: what such a block is, as data.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/base/block.h"

namespace simdse {

/// Kinds that a plug-in may bring types of: all but link, of which a chip by itself uses the cost
/// only.
std::vector<std::string> plugin_kinds();

/// Everything that a block says of itself without being asked about anything: capacities, rates,
/// label, ... Throws PluginFailure when the block is not what its kind promises, or says what can't
/// be.
std::string describe_block(const std::string& kind, const Block& block);

/// What a block costs, as bytes. Throws PluginFailure when that can't be.
std::string describe_cost(const BlockCost& cost);
BlockCost cost_from(const std::string& bytes);

/// A block that says what `description` says, and asks `cost` what it costs. Its closed forms,
/// which only child processes may ask for, throw std::logic_error.
std::shared_ptr<const Block> make_stand_in(const std::string& kind, const std::string& description,
                                           std::function<BlockCost(const Technology&)> cost);

}  // namespace simdse
