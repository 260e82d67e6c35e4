// The files that come with simdse: designs, technologies and the model zoo, found by name.
#pragma once

#include <string>
#include <vector>

#include "models/base/error.h"

namespace simdse {

/// Folders of named YAML files below one root, e.g. "configs/designs".
class DataFiles {
 public:
  explicit DataFiles(std::string root) : root_(std::move(root)) {}

  /// The root in use: environment variable SIMDSE_DATA_DIR, else the installed share folder beside
  /// the executable, else the source tree.
  static DataFiles standard();

  /// The path for `name` in `folder`. What looks like a path (it has a '/' or ends in .yaml or
  /// .onnx) stands for itself, relative to `relative_to` unless absolute. Throws InputError, with
  /// the nearest spelling, when a plain name is not there, and when a path that was written at
  /// `where` leads to nothing; `what` says what was looked for ("design").
  std::string find(const std::string& folder, const std::string& name, const std::string& what,
                   const SourceLocation& where = {}, const std::string& relative_to = "") const;

  /// Names in `folder`, sorted.
  std::vector<std::string> names(const std::string& folder) const;

  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

}  // namespace simdse
