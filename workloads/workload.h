// A workload: a network, the sizes it is trained with, and how it is trained.
#pragma once

#include <string>
#include <vector>

#include "models/base/config_value.h"
#include "models/base/data_files.h"
#include "workloads/expression.h"
#include "workloads/graph.h"
#include "workloads/training.h"

namespace simdse {

struct Workload {
  std::string name;
  Variables parameters;  ///< of the model: batch, sequence, layers, ...
  TrainingOptions training;
  std::vector<std::string> notes;  ///< what a user should know of the import
  Graph forward;

  /// Samples (sequences, images) of one training iteration.
  std::int64_t batch() const { return static_cast<std::int64_t>(parameters.at("batch")); }
};

/// Loads a zoo name, a YAML file or an ONNX model. A workload file either has `model: NAME` and
/// values for that model's parameters, or describes a model itself; both may say `optimizer` and
/// `format`. The model may be an .onnx file, with values for `batch`, `dims` (its symbolic
/// dimensions) and `opaque` (whether to take unknown operators as memory-bound ones). Overrides of
/// an ONNX model apply to a workload file that has nothing but the model.
/// Overrides (`--set`) apply to the workload file. Throws InputError.
Workload load_workload(const std::string& name_or_path, const DataFiles& files,
                       const std::vector<Override>& overrides = {});

/// The same from a value inside another file: a name, or a map as in a workload file.
Workload read_workload(const ConfigValue& value, const DataFiles& files,
                       const std::string& relative_to);

/// Has the workload trained by `software`, unless it names one itself.
void use_software(Workload& workload, const Software& software);

}  // namespace simdse
