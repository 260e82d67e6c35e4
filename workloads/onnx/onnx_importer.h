// Workloads from .onnx files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "workloads/graph.h"
#include "workloads/graph_builder.h"

namespace simdse {

struct OnnxOptions {
  std::int64_t batch = 0;  ///< samples; 0: as in the file, or 1 where the file leaves it open
  std::map<std::string, std::int64_t> dimensions;  ///< values of symbolic dimensions by name
  bool allow_opaque = false;  ///< take unknown operators as memory-bound ones of known bytes
};

struct OnnxImport {
  Graph graph;
  std::int64_t batch = 1;
  std::vector<std::string> notes;  ///< what a user should know, e.g. stored tensors without a use
};

/// Builds the forward graph of the model in `path`.
///
/// The batch is the axis of each input whose symbol says so, else the first; it is re-set
/// everywhere behind it, also where the target of a Reshape is a stored constant. Stored real
/// tensors of more than one element that an operator computes with are parameters; running
/// statistics are not. Files with weights may lack them: shapes are enough.
///
/// Throws InputError, which names the node and the operator, for whatever can't be imported.
OnnxImport import_onnx(const std::string& path, const OnnxOptions& options,
                       const TensorFormats& formats);

}  // namespace simdse
