// The folder that a run writes to.
#pragma once

#include <string>
#include <vector>

namespace simdse {

/// Files are written under temporary names and renamed all at once at the end, so that a run that
/// fails leaves nothing that looks complete.
class OutputFolder {
 public:
  /// Creates the folder. Throws InputError if it can't be created or written to: before, not after,
  /// the long work.
  explicit OutputFolder(std::string path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Throws InputError when the disk does not take it.
  void write(const std::string& name, const std::string& content);
  /// Path under which another process may write file `name`.
  std::string reserve(const std::string& name);
  /// Gives all files their names, in the order in which they were written.
  void commit();

  const std::string& path() const { return path_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::string temporary(const std::string& name) const;

  std::string path_;
  std::vector<std::string> names_;
  bool is_committed_ = false;
};

/// Writes one file, under a temporary name first. Throws InputError.
void write_file(const std::string& path, const std::string& content);

/// Throws InputError if the file can't be read.
std::string read_file(const std::string& path);

}  // namespace simdse
