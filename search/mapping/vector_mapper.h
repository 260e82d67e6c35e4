// The mapping of a chain of vector operators.
#pragma once

#include <vector>

#include "models/vector_core/vector_core.h"
#include "search/plan/vector_program.h"

namespace simdse {

/// Cuts a chain that moves `bytes` in and out into chunks that the core's private memory holds
/// twice, and into `parts` equal parts. Rows that are reduced stay whole unless one does not fit;
/// then the inputs are read as often as the operators walk over them.
VectorMapping map_vector(const VectorCore& core, const std::vector<VectorShape>& chain, Bytes bytes,
                         std::int64_t parts);

}  // namespace simdse
