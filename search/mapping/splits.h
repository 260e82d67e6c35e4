// The ways in which a contraction may be divided over cores.
#pragma once

#include <cstdint>
#include <vector>

#include "search/plan/contraction_program.h"

namespace simdse {

/// Into so many parts along one axis; of 1 the whole.
std::vector<Split> axis_splits(std::int64_t parts);

/// Along two of the axes batch, m and n, each divided at least in two.
std::vector<Split> grid_splits(std::int64_t parts);

/// Both: all that a mapper tries.
std::vector<Split> splits_over(std::int64_t parts);

}  // namespace simdse
