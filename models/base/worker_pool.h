// Jobs in processes of their own: one that crashes or hangs costs itself and nothing else.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace simdse {

struct JobResult {
  bool ok = false;
  std::string output;   ///< what the job returned
  std::string failure;  ///< why there is no output: an exception's text, a signal, the time limit
  bool is_interrupted = false;  ///< that is why: see WorkerOptions
};

/// `fallback`, unless environment variable SIMDSE_HANG_LIMIT gives another number of seconds.
std::chrono::seconds hang_limit_or(std::chrono::seconds fallback);

/// For jobs that run no code of plug-ins and surely end: their size sets their time.
constexpr std::chrono::seconds kEndsByItself = std::chrono::hours(24 * 30);

struct WorkerOptions {
  int workers = 1;
  /// A job that has not ended after this time is taken to hang, and is killed. A guard, not a
  /// budget: generous, so that results don't depend on the machine's speed.
  std::chrono::seconds hang_limit = hang_limit_or(std::chrono::seconds(600));
  /// Asked while waiting: once true, the jobs under way are killed and no more are started.
  std::function<bool()> is_interrupted = {};
};

/// Runs every job in a forked child and collects what it returns, in the order of `jobs`. `on_done`
/// is called after each with the number finished. Throws std::runtime_error if no process can be
/// made.
std::vector<JobResult> run_jobs(const std::vector<std::function<std::string()>>& jobs,
                                const WorkerOptions& options,
                                const std::function<void(std::size_t)>& on_done = {});

}  // namespace simdse
