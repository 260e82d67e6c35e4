#include "cli/report/output_folder.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/base/error.h"

namespace simdse {

namespace fs = std::filesystem;

OutputFolder::OutputFolder(std::string path, std::vector<std::string> targets)
    : path_(std::move(path)), targets_(std::move(targets)) {
  if (path_.empty()) throw InputError("--output: the folder has no name");
  std::error_code error;
  fs::create_directories(path_, error);
  if (error || !fs::is_directory(path_)) {
    throw InputError(fmt::format("{}: can't be made a folder: {}", path_,
                                 error ? error.message() : "it is a file"));
  }
  // Asking for permission is not enough: root may, on a file system that may not.
  const std::string probe = temporary("probe");
  if (!std::ofstream(probe)) {
    throw InputError(fmt::format("{}: can't be written to: {}", path_, std::strerror(errno)));
  }
  fs::remove(probe, error);
  for (const std::string& name : targets_) {
    const fs::path target = fs::path(path_) / name;
    if (fs::exists(target, error) && !fs::is_regular_file(target, error)) {
      throw InputError(fmt::format("{}: can't be written: it is not a file", target.string()));
    }
  }
}

OutputFolder::~OutputFolder() {
  if (is_committed_) return;
  std::error_code error;
  for (const std::string& name : names_) fs::remove(temporary(name), error);
}

std::string OutputFolder::temporary(const std::string& name) const {
  return (fs::path(path_) / fmt::format(".{}.{}.partial", name, getpid())).string();
}

void OutputFolder::write(const std::string& name, const std::string& content) {
  const std::string path = reserve(name);
  std::ofstream stream(path, std::ios::binary);
  stream << content;
  stream.close();
  if (!stream) {
    throw InputError(fmt::format("{}: can't be written: {}", path, std::strerror(errno)));
  }
}

std::string OutputFolder::reserve(const std::string& name) {
  names_.push_back(name);
  return temporary(name);
}

void OutputFolder::discard(const std::string& name) {
  std::error_code error;
  fs::remove(temporary(name), error);
  names_.erase(std::remove(names_.begin(), names_.end(), name), names_.end());
}

void OutputFolder::set_aside() {
  for (const std::string& name : targets_) {
    const fs::path target = fs::path(path_) / name;
    std::error_code error;
    if (!fs::exists(target, error)) continue;
    const std::string old = target.string() + ".old";
    if (fs::exists(old, error)) {
      fs::remove(target, error);
    } else {
      fs::rename(target, old, error);
      aside_.push_back(name);
    }
    if (error) {
      throw InputError(fmt::format("{}: can't be renamed: {}", target.string(), error.message()));
    }
  }
}

void OutputFolder::put_back() {
  for (const std::string& name : aside_) {
    const fs::path target = fs::path(path_) / name;
    std::error_code error;
    fs::rename(target.string() + ".old", target, error);
  }
  aside_.clear();
}

void write_file(const std::string& path, const std::string& content) {
  const std::string temporary = fmt::format("{}.{}.partial", path, getpid());
  std::ofstream stream(temporary, std::ios::binary);
  stream << content;
  stream.close();
  std::error_code error;
  if (stream) fs::rename(temporary, path, error);
  if (!stream || error) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    fs::remove(temporary, error);
    throw InputError(fmt::format("{}: can't be written: {}", path, reason));
  }
}

std::string read_file(const std::string& path) {
  std::error_code error;
  // A pipe or a device might never end.
  if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
    throw InputError(path + ": is not a regular file");
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  if (stream) content << stream.rdbuf();
  if (!stream) throw InputError(fmt::format("{}: can't be read: {}", path, std::strerror(errno)));
  return content.str();
}

void OutputFolder::commit(Earlier earlier) {
  for (const std::string& name : names_) {
    std::error_code error;
    fs::rename(temporary(name), fs::path(path_) / name, error);
    if (error) {
      throw InputError(fmt::format("{}/{}: can't be written: {}", path_, name, error.message()));
    }
  }
  is_committed_ = true;
  if (earlier == Earlier::kept) return;
  for (const std::string& name : targets_) {
    std::error_code error;
    fs::remove(fs::path(path_) / (name + ".old"), error);
  }
}

}  // namespace simdse
