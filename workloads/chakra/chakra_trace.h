// Chakra execution traces as programs of ranks.
#pragma once

#include <string>

#include "workloads/ranks/rank_program.h"

namespace simdse {

/// Reads a folder of Chakra traces: files NAME.R.et, one for each rank R from 0 on.
///
/// - Compute nodes take their duration, if the trace has one, or else what their work takes:
///   `num_ops` counts MACs where `op_type` is M, and vector operations otherwise; `tensor_size` are
///   bytes to and from memory.
/// - A process group has the ranks whose traces name it, in order of rank. `comm_size` is what each
///   rank puts in.
/// - Dependencies may name nodes that come later in the file. Nodes keep the order of their ids.
///   A metadata node is left out, and what depends on it depends on what it depends on.
///
/// Throws InputError for a folder without traces or with a rank missing, a damaged file, an id
/// twice, a dependency on an id that is not there, a circle of dependencies or a deadlock (see
/// match_ranks), a duration that can't be counted or a comm_size above 4 TiB, and a node of a kind
/// that a training step on chips has no meaning for.
RankPrograms read_chakra_traces(const std::string& folder);

/// True for a folder in which at least one file ends in ".et".
bool is_chakra_folder(const std::string& path);

}  // namespace simdse
