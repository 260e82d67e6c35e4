// `--set` where a command reads two files.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "models/base/config_value.h"

namespace simdse {

/// Overrides of the design ("design.memory.stacks=4") and of the workload ("workload.batch=16").
struct SplitOverrides {
  std::vector<Override> design;
  std::vector<Override> workload;
};

/// Throws InputError for a path that begins with neither.
SplitOverrides split_overrides(const std::vector<Override>& overrides);

/// Takes those that begin with `file` and a dot out of `overrides`, without that.
std::vector<Override> take_overrides(std::vector<Override>& overrides, const std::string& file);

/// Overrides where a command reads one file, the "design" or the "workload": its paths may begin
/// with that word or not.
std::vector<Override> own_overrides(std::vector<Override> overrides, const std::string& file);

/// Options of commands that read a workload which may be an ONNX model: --dim and --opaque.
void add_onnx_options(Arguments& arguments);

/// Those options as overrides of the workload, behind `others`. Throws InputError for a --dim that
/// is no name=value.
std::vector<Override> with_onnx_options(const Arguments& arguments, std::vector<Override> others);

}  // namespace simdse
