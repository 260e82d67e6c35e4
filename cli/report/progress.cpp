#include "cli/report/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <iostream>

namespace simdse {

Progress::Progress(std::string what, std::int64_t total)
    : what_(std::move(what)),
      total_(total),
      is_terminal_(isatty(STDERR_FILENO) != 0),
      start_(std::chrono::steady_clock::now()) {
  update(0);
}

Progress::~Progress() { finish(); }

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Progress::update(std::int64_t done) {
  if (!is_terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  constexpr auto least_interval = std::chrono::milliseconds(100);
  if (is_shown_ && now - shown_at_ < least_interval && done != total_) return;
  shown_at_ = now;
  is_shown_ = true;
  const double elapsed = seconds();
  const double rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
  std::string line = fmt::format("{} {}", what_, done);
  if (total_ > 0) line += fmt::format("/{}", total_);
  if (done > 0) line += fmt::format("   {:.3g}/s", rate);
  if (done > 0 && total_ > done) {
    line += fmt::format("   {:.0f} s left", static_cast<double>(total_ - done) / rate);
  }
  std::cerr << '\r' << line << "\x1b[K" << std::flush;
}

void Progress::finish() {
  if (!is_shown_) return;
  std::cerr << "\r\x1b[K" << std::flush;
  is_shown_ = false;
}

}  // namespace simdse
