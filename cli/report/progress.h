// What a person sees while waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace simdse {

/// On a terminal: one line on stderr that is written over, with a rate and, if the total is known,
/// the time left. On a pipe: nothing until done, so that logs stay short.
class Progress {
 public:
  /// `total` 0: unknown.
  Progress(std::string what, std::int64_t total);
  ~Progress();

  void update(std::int64_t done);
  /// Removes the line.
  void finish();

  double seconds() const;

 private:
  std::string what_;
  std::int64_t total_;
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point shown_at_;
};

}  // namespace simdse
