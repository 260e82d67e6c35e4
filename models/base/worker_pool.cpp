#include "models/base/worker_pool.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "models/base/error.h"

namespace simdse {
namespace {

using Clock = std::chrono::steady_clock;

// First byte of what a child sends.
constexpr char kOutput = 'O';
constexpr char kFailure = 'F';

constexpr std::int64_t kLongestWait = 100;  // ms between looks at whether to go on

struct Worker {
  std::size_t job = 0;
  pid_t process = 0;
  int pipe = -1;
  std::string received;
  Clock::time_point deadline;
};

void send_all(int pipe, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = write(pipe, text.data() + sent, text.size() - sent);
    if (count < 0 && errno != EINTR) return;
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
}

[[noreturn]] void run_child(const std::function<std::string()>& job, int pipe) {
  // A crash is reported by how the child ends, not by a handler of the parent's.
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL}) std::signal(signal, SIG_DFL);
  std::string message;
  // In a thread, because that has a part of the heap of its own. In the parent's part the allocator
  // would go through all free pieces that the parent left, and have each page of them copied.
  const auto work = [&] {
    try {
      message = kOutput + job();
    } catch (const std::exception& error) {
      message = kFailure + std::string(error.what());
    } catch (...) {
      message = kFailure + std::string("an unknown exception");
    }
  };
  try {
    std::thread(work).join();
  } catch (const std::system_error& error) {
    message = kFailure + std::string("no thread can be made: ") + error.what();
  }
  send_all(pipe, message);
  std::fflush(stdout);
  // No destructors and no exit handlers: they belong to the parent.
  _exit(0);
}

Worker start_worker(std::size_t index, const std::function<std::string()>& job,
                    const WorkerOptions& options, const std::map<pid_t, Worker>& running) {
  int ends[2];
  if (pipe(ends) != 0) {
    throw std::runtime_error(fmt::format("no pipe for a worker: {}", std::strerror(errno)));
  }
  const pid_t parent = getpid();
  // What waits here to be printed would wait in the child too.
  std::fflush(stdout);
  const pid_t process = fork();
  if (process < 0) {
    close(ends[0]);
    close(ends[1]);
    throw std::runtime_error(fmt::format("no process for a worker: {}", std::strerror(errno)));
  }
  if (process == 0) {
    // Nobody waits for the answer of a worker whose parent was killed.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    close(ends[0]);
    for (const auto& [other, worker] : running) close(worker.pipe);
    // An interrupt from the terminal goes to the whole group; the parent decides what it means.
    std::signal(SIGINT, SIG_IGN);
    run_child(job, ends[1]);
  }
  close(ends[1]);
  return {index, process, ends[0], {}, Clock::now() + options.hang_limit};
}

JobResult conclude(const Worker& worker, int status, bool was_killed,
                   const WorkerOptions& options) {
  JobResult result;
  if (was_killed) {
    result.failure = fmt::format("hung: gave no answer within {} s", options.hang_limit.count());
  } else if (WIFSIGNALED(status)) {
    result.failure = fmt::format("crashed: {}", strsignal(WTERMSIG(status)));
  } else if (worker.received.empty()) {
    result.failure = fmt::format("ended with status {} and no answer", WEXITSTATUS(status));
  } else if (worker.received[0] == kFailure) {
    result.failure = worker.received.substr(1);
  } else {
    result.ok = true;
    result.output = worker.received.substr(1);
  }
  return result;
}

/// Reads what has come from a worker; false at the end of its stream.
bool receive(Worker& worker) {
  char buffer[65536];
  const ssize_t count = read(worker.pipe, buffer, sizeof buffer);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  worker.received.append(buffer, static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

std::chrono::seconds hang_limit_or(std::chrono::seconds fallback) {
  const char* given = std::getenv("SIMDSE_HANG_LIMIT");
  if (given == nullptr) return fallback;
  constexpr double most = 1e6;
  char* end = nullptr;
  const double seconds = std::strtod(given, &end);
  if (*given == '\0' || *end != '\0' || !(seconds >= 1 && seconds <= most)) {
    throw InputError(
        fmt::format("SIMDSE_HANG_LIMIT: '{}' is not a number of seconds from 1 to 1000000", given));
  }
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

std::vector<JobResult> run_jobs(const std::vector<std::function<std::string()>>& jobs,
                                const WorkerOptions& options,
                                const std::function<void(std::size_t)>& on_done) {
  std::vector<JobResult> results(jobs.size());
  std::map<pid_t, Worker> running;
  std::size_t next = 0;
  std::size_t done = 0;
  const auto finish = [&](Worker& worker, bool was_killed) {
    close(worker.pipe);
    int status = 0;
    while (waitpid(worker.process, &status, 0) < 0 && errno == EINTR) {
    }
    results[worker.job] = conclude(worker, status, was_killed, options);
    if (on_done) on_done(++done);
  };
  const auto interrupt = [](JobResult& result) {
    result.failure = "interrupted";
    result.is_interrupted = true;
  };
  const auto is_interrupted = [&] { return options.is_interrupted && options.is_interrupted(); };
  while (next < jobs.size() || !running.empty()) {
    if (is_interrupted()) {
      for (auto& [process, worker] : running) {
        kill(process, SIGKILL);
        finish(worker, true);
        interrupt(results[worker.job]);
      }
      for (; next < jobs.size(); ++next) interrupt(results[next]);
      return results;
    }
    while (next < jobs.size() && running.size() < static_cast<std::size_t>(options.workers)) {
      Worker worker = start_worker(next, jobs[next], options, running);
      ++next;
      const pid_t process = worker.process;
      running.emplace(process, std::move(worker));
    }
    std::vector<pollfd> waiting;
    std::vector<pid_t> processes;
    Clock::time_point deadline = Clock::time_point::max();
    for (const auto& [process, worker] : running) {
      waiting.push_back({worker.pipe, POLLIN, 0});
      processes.push_back(process);
      deadline = std::min(deadline, worker.deadline);
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    // A signal that comes just before the wait does not end it.
    const std::int64_t most = options.is_interrupted ? kLongestWait : left;
    poll(waiting.data(), waiting.size(),
         static_cast<int>(std::clamp<std::int64_t>(left, 0, std::max<std::int64_t>(most, 0))) + 1);
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      Worker& worker = running.at(processes[i]);
      const bool is_overdue = Clock::now() >= worker.deadline;
      const bool has_ended = waiting[i].revents != 0 && !receive(worker);
      if (!has_ended && !is_overdue) continue;
      if (!has_ended) kill(worker.process, SIGKILL);
      finish(worker, !has_ended);
      running.erase(processes[i]);
    }
  }
  return results;
}

}  // namespace simdse
