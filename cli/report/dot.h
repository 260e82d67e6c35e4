// A graph as a picture.
#pragma once

#include <string>

#include "workloads/graph.h"

namespace simdse {

/// The graph in Graphviz's language: a node for each operator that is no view, with its kind, MACs
/// and result, and an edge for each tensor that one hands to another. `| dot -Tsvg` draws it.
std::string dot_text(const Graph& graph, const std::string& name);

}  // namespace simdse
