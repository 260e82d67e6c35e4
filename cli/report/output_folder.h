// The folder that a run writes to.
#pragma once

#include <string>
#include <vector>

namespace simdse {

/// Files are written under temporary names and renamed all at once at the end, so that a run that
/// fails leaves nothing that looks complete.
class OutputFolder {
 public:
  /// Creates the folder, into which `targets` may be written. Throws InputError if it can't be
  /// created or written to, or if a target can't be a file: before, not after, the long work.
  OutputFolder(std::string path, std::vector<std::string> targets);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Throws InputError when the disk does not take it.
  void write(const std::string& name, const std::string& content);
  /// Path under which another process may write file `name`.
  std::string reserve(const std::string& name);
  /// Takes a reservation back: file `name` will not be there.
  void discard(const std::string& name);
  /// Renames targets that an earlier run left here to NAME.old, so that they don't pass for the
  /// result of this run should it fail. Where NAME.old is there already, the target is of a run
  /// that had no answer, and is removed. commit() removes them.
  void set_aside();
  /// Undoes set_aside(): this run has nothing to put in their place.
  void put_back();
  enum class Earlier { removed, kept };
  /// Gives all files their names, in the order in which they were written. What was set aside is
  /// removed, or kept because this is not better.
  void commit(Earlier earlier = Earlier::removed);

  const std::string& path() const { return path_; }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::string temporary(const std::string& name) const;

  std::string path_;
  std::vector<std::string> targets_;
  std::vector<std::string> names_;
  std::vector<std::string> aside_;  ///< targets that this run has set aside
  bool is_committed_ = false;
};

/// Writes one file, under a temporary name first. Throws InputError.
void write_file(const std::string& path, const std::string& content);

/// Throws InputError if the file can't be read.
std::string read_file(const std::string& path);

}  // namespace simdse
