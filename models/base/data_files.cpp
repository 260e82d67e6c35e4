#include "models/base/data_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace simdse {

namespace fs = std::filesystem;

DataFiles DataFiles::standard() {
  if (const char* given = std::getenv("SIMDSE_DATA_DIR")) return DataFiles(given);
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path installed = executable.parent_path().parent_path() / "share" / "simdse";
    if (fs::is_directory(installed / "configs", error)) return DataFiles(installed.string());
  }
  return DataFiles(SIMDSE_SOURCE_DIR);
}

std::vector<std::string> DataFiles::names(const std::string& folder) const {
  std::vector<std::string> result;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(root_) / folder, error)) {
    if (entry.path().extension() == ".yaml") result.push_back(entry.path().stem().string());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::string DataFiles::find(const std::string& folder, const std::string& name,
                            const std::string& what, const SourceLocation& where,
                            const std::string& relative_to) const {
  const fs::path path(name);
  if (name.find('/') != std::string::npos || path.extension() == ".yaml" ||
      path.extension() == ".onnx") {
    std::string found = path.is_absolute() ? name : (fs::path(relative_to) / path).string();
    std::error_code error;
    if (!where.file.empty() && !fs::exists(found, error)) {
      throw InputError(where, found + ": no such file");
    }
    return found;
  }
  const fs::path in_folder = fs::path(root_) / folder / (name + ".yaml");
  std::error_code error;
  if (fs::exists(in_folder, error)) return in_folder.string();
  const bool is_folder = !name.empty() && fs::is_directory(fs::path(relative_to) / path, error);
  const std::string message =
      is_folder
          ? fmt::format("'{}' is a folder, and there is no {} of that name", name, what)
          : fmt::format("there is no {} '{}'{}", what, name, spelling_hint(name, names(folder)));
  if (where.file.empty()) throw InputError(message);
  throw InputError(where, message);
}

}  // namespace simdse
