// The software that trains, as reports have it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "workloads/graph.h"
#include "workloads/software.h"

namespace simdse {

/// All that the software says, its name included; null if none is stated.
nlohmann::ordered_json software_json(const Software& software);

/// A line with its name, and the chains of its kernels that these graphs have nowhere, whether the
/// network has no such operators or the chain is misspelt; "" if no software is stated. `width` is
/// that of the line's heading.
std::string software_text(const Software& software, const std::vector<const Graph*>& graphs,
                          std::size_t width);

}  // namespace simdse
